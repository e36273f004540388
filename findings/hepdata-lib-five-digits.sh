#!/usr/bin/env bash
# hepdata_lib 0.21.0: every number is rounded to five significant digits, integers and bin labels too.
#
# Behaviour: `Variable.digits` is 5 unless told, for dependent and independent variables alike, whatever their type.
# Seen: runs 8134567 and 8134569 both become 8134600; the event count 1234567 becomes 1234600; masses 0.4936770 and
#   0.4936774, two points of a scan, become the same 0.49368.
# Guess: integers and independent variables are kept; digits matter to measured values.
# Why it matters: a cutflow no longer adds up, points of a fine scan coincide, and the submission is valid.
# rarekaon sets the digits of every variable it publishes, and a test reads the numbers back.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "hepdata_lib==0.21.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

from hepdata_lib import Variable

given = {"run": [8134567, 8134569], "events": [1234567, 7654321], "mass": [0.4936770, 0.4936774]}
seen = {}
for name, values in given.items():
    variable = Variable(name, is_independent=name != "events", is_binned=False)
    variable.values = values
    seen[name] = [entry["value"] for entry in variable.make_dict()["values"]]
    print(f"{name}: {values} becomes {seen[name]}")
expected = {"run": [8134600, 8134600], "events": [1234600, 7654300], "mass": [0.49368, 0.49368]}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
