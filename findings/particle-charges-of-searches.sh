#!/usr/bin/env bash
# particle 1.1.0: dark matter has a charge, and the doubly charged Higgs bosons have none.
#
# Behaviour: `PDGID(n).charge` of codes below 100 is from a table in which 52 to 54 are charged.  The numbering scheme
#   of the PDG gives 51 to 55 to dark matter and its mediators, all neutral.  Of codes above 9900000 the charge is
#   computed from digits: 9900041 and 9900042, H_L++ and H_R++ of Pythia, it is 0 and -1/3.  All are valid.
# Seen: 51: 0, 52: 2, 53: 1, 54: 2, 55: 0; 9900041: 0, 9900042: -1/3.
# Guess: 0 for 51 to 55, 2 for 9900041 and 9900042, or None.
# Why it matters: K+ -> mu+ nu X with X of 53 does not conserve charge for a check of generated events; what is charged
#   is tracked; and H++ is what mediates K+ -> pi- l+ l+.
# rarekaon has its own list of particles, N and X neutral.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "particle==1.1.0" "hepunits==2.4.7"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

from particle import PDGID

codes = (*range(51, 56), 9900041, 9900042)
charges = {code: (PDGID(code).is_valid, str(PDGID(code).charge)) for code in codes}
for code, (valid, charge) in charges.items():
    print(f"{code}: valid {valid}, charge {charge}")
seen = [charge for _, charge in charges.values()]
valid = all(valid for valid, _ in charges.values())
sys.exit(0 if valid and seen == ["0", "2", "1", "2", "0", "0", "-1/3"] else "the behaviour changed")
PY
