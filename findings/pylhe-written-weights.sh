#!/usr/bin/env bash
# pylhe 2.1.0: reading a Les Houches file and writing it again changes weights, lifetimes and momenta.
#
# Behaviour: `tofile` writes weights and lifetimes with 5 digits and momenta with 9, whatever the file had.
# Seen: the weight 0.123456789012 of a variation comes back as 0.12346, the lifetime 1.23456789 as 1.2346, the momentum
#   74.99876543210 as 74.9987654; the weight of the event itself keeps 11 digits.
# Guess: what was read is written, or at least 16 digits are, as in HepMC files of the same field.
# Why it matters: a ratio of weights that should be known to 1e-6 (a form factor varied, a scale) is known to 5e-5, and
#   decay vertices move, after a step that was to select events.
# rarekaon keeps weights and momenta in ROOT files only.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pylhe==2.1.0" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys
from pathlib import Path

import pylhe

Path("given.lhe").write_text("""<LesHouchesEvents version="3.0">
<header><initrwgt><weight id="up">form factor</weight></initrwgt></header>
<init>
321 0 75. 0. 0 0 0 0 3 1
1.0 0.1 1.0 1
</init>
<event>
1 1 0.5123456789012 -1. -1. -1.
211 1 0 0 0 0 0.1 0. 74.99876543210 74.99889537 0.13957 1.23456789 9.
<rwgt><wgt id='up'>0.123456789012</wgt></rwgt>
</event>
</LesHouchesEvents>
""")


def numbers(name):
    event = next(iter(pylhe.LHEFile.fromfile(name).events))
    particle = event.particles[0]
    return event.eventinfo.weight, event.weights["up"], particle.lifetime, particle.pz


before = numbers("given.lhe")
pylhe.LHEFile.fromfile("given.lhe").tofile("written.lhe")
after = numbers("written.lhe")
for what, *values in zip(("weight", "weight up", "lifetime", "pz"), before, after, strict=True):
    print(f"{what}: {values[0]} read, {values[1]} after writing")
sys.exit(0 if after == (0.5123456789, 0.12346, 1.2346, 74.9987654) else "the behaviour changed")
PY
