#!/usr/bin/env bash
# awkward 2.14.0: event numbers above 2^63 come back from JSON as negative ones.
#
# Behaviour: `ak.to_json` writes them as they are; `ak.from_json` reads integers from 2^63 to 2^64 - 1 into int64, by
#   wrapping.  `ak.from_iter` refuses the same number.
# Seen: 9223372036854775813 becomes -9223372036854775803.  Python's json reads it right.
# Guess: uint64, or an error.
# Why it matters: event numbers are unsigned 64 bits in many formats (run and burst in the upper bits, hashes).  Lists
#   of events to mask or to look at are exchanged as JSON; the wrapped ones match no event.
# rarekaon's event numbers are unsigned 32 bits; its JSON is read by Python's json.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import json
import sys

import awkward as ak
import numpy as np

written = np.array([2**63 + 5, 7], np.uint64)
text = ak.to_json(ak.Array(written))
read, plain = ak.from_json(text), json.loads(text)
print("written :", written.tolist())
print("as JSON :", text)
print("awkward :", read.tolist(), read.type)
print("json    :", plain)
try:
    ak.from_iter([2**63 + 5])
    refused = False
except (RuntimeError, OverflowError):
    refused = True
print("from_iter", "refuses it" if refused else "takes it")
same = read.tolist() == [-(2**63) + 5, 7] and plain == written.tolist() and refused
sys.exit(0 if same else "the behaviour changed")
PY
