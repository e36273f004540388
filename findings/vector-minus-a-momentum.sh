#!/usr/bin/env bash
# vector 1.9.0: minus a four-momentum that is stored with its mass keeps its energy.
#
# Behaviour: -p and p * -1 turn the direction and leave the mass alone, so the energy, which is computed from both,
#   stays positive.  With an energy in place of the mass it changes its sign, as subtraction does in both cases.
# Seen: for p = (pt 3, eta 0, mass 4), -p has the energy +5 and p + (-p) the energy 10; p - p has 0, and stored with
#   its energy -p has -5.
# Guess: a - b and a + (-b) are the same.
# Why it matters: missing momentum is the beam minus the sum of the tracks, or the beam plus minus the sum.  The three
#   momenta agree, and the squared missing mass is wrong: here by (2E)^2.
# rarekaon's kinematics are arrays of three-momenta; its NanoEvents behaviours hand out vector objects, with an energy.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "vector==1.9.0" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import awkward as ak
import vector

vector.register_awkward()
with_mass = vector.obj(pt=3.0, phi=0.0, eta=0.0, mass=4.0)
with_energy = vector.obj(pt=3.0, phi=0.0, eta=0.0, E=5.0)
many = ak.zip({"pt": [3.0], "phi": [0.0], "eta": [0.0], "mass": [4.0]}, with_name="Momentum4D")
seen = {
    "-p": (-with_mass).E,
    "-p of awkward": (-many).E[0],
    "p + (-p)": (with_mass + (-with_mass)).E,
    "p - p": (with_mass - with_mass).E,
    "-p, stored with E": (-with_energy).E,
}
for name, energy in seen.items():
    print(f"energy of {name:<18}: {energy:g}")
same = [round(float(energy), 6) for energy in seen.values()] == [5.0, 5.0, 10.0, 0.0, -5.0]
sys.exit(0 if same else "the behaviour changed")
PY
