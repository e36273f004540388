#!/usr/bin/env bash
# awkward 2.14.0: sums of float32 over lists stop growing, sums over everything do not.
#
# Behaviour: `ak.sum(axis=-1)` adds one value after the other in float32.  `ak.sum` without an axis leaves it to NumPy,
#   which adds pairwise, and `ak.mean` converts to float64 first.
# Seen: 20 million weights of 0.1 in one list add up to 2097152; without an axis to 2000000.2, and their mean is 0.1.
#   A million of 0.7 are 692988.6 and 699999.9.
# Guess: the same sum for the same numbers, as good as NumPy's.
# Why it matters: weights are float32 in most ntuples, and lists are not only tracks: `ak.unflatten` by run, sample or
#   bin makes lists of millions.  The sum of generated weights is the denominator of every acceptance.
# rarekaon converts weights to float64 before it adds them.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import awkward as ak
import numpy as np

seen = {}
for number, weight in ((20_000_000, 0.1), (1_000_000, 0.7)):
    flat = ak.Array(np.full(number, weight, np.float32))
    lists = ak.unflatten(flat, [number])
    seen[number] = [ak.sum(lists, axis=-1)[0], ak.sum(flat), ak.mean(lists, axis=-1)[0]]
    seen[number] = [round(float(value), 1) for value in seen[number]]
    print(f"{number} weights {weight}: sum of the list, of all, mean of the list:", *seen[number])
same = seen[20_000_000] == [2097152.0, 2000000.2, 0.1]
few = seen[1_000_000]
sys.exit(0 if same and abs(few[0] - 7e5) > 20 and abs(few[1] - 7e5) < 1 else "the behaviour changed")
PY
