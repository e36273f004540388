#!/usr/bin/env bash
# pyhepmc 2.16.1: an event in MeV and cm that goes through the HEPEVT format comes back as GeV and mm, numbers unchanged.
#
# Behaviour: the format has no line for units; the writer does not convert and the reader takes GeV and mm.  Weights are
#   lost as well: the event has one weight, 1.
# Seen: a kaon of 75000 MeV, decayed at 10000 cm with the weights 0.1 and 2, is read as one of 75000 GeV at 10000 mm with
#   weight 1; the same event through the formats of HepMC 2 and 3 is unchanged.
# Guess: the writer converts to the units that the reader of the same library assumes.
# Why it matters: generators of kaon decays work in MeV as often as in GeV; a momentum 1000 times too large, or a
#   vertex 10 times too near, passes every check of format.
# rarekaon does not read this format.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pyhepmc==2.16.1" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY' 2> warnings.txt
import sys

import pyhepmc

event = pyhepmc.GenEvent(pyhepmc.Units.MEV, pyhepmc.Units.CM)
vertex = pyhepmc.GenVertex((0.0, 0.0, 10000.0, 10000.0))
vertex.add_particle_in(pyhepmc.GenParticle((0.0, 0.0, 75000.0, 75001.6), 321, 4))
vertex.add_particle_out(pyhepmc.GenParticle((0.0, 0.0, 75000.0, 75001.6), 211, 1))
event.add_vertex(vertex)
event.weights = [0.1, 2.0]
seen = {}
for form in ("hepmc2", "hepmc3", "hepevt"):
    with pyhepmc.open(f"event.{form}", "w", format=form) as file:
        file.write(event)
    with pyhepmc.open(f"event.{form}", format=form) as file:
        read = file.read()
    units = (read.momentum_unit.name, read.length_unit.name)
    seen[form] = (units, read.particles[0].momentum.pz, read.vertices[0].position.z, list(read.weights))
    print(f"{form}:", *seen[form])
same = (("MEV", "CM"), 75000.0, 10000.0, [0.1, 2.0])
expected = {"hepmc2": same, "hepmc3": same, "hepevt": (("GEV", "MM"), 75000.0, 10000.0, [1.0])}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
