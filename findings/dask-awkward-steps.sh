#!/usr/bin/env bash
# dask-awkward 2026.2.1: a slice with a step loses the entries behind a partition that is shorter than the step.
#
# Behaviour: `array[start::step]` is done partition by partition, with a rest carried on; where a partition has fewer
#   entries than the step still has to go, everything behind it is gone.
# Seen: of 12 entries in partitions of 2, [1::3] is [1] instead of [1, 4, 7, 10], and [0::5] is [0, 5] instead of
#   [0, 5, 10]; in partitions of 1, [::2] is [0].  In partitions of 4 all are right.
# Guess: what awkward gives for the same slice, whatever the partitions.
# Why it matters: every n-th event is how one prescales or takes a quick look; partitions become short by a selection,
#   so the answer depends on how many events passed where.
# rarekaon reads chunks itself and does not slice lazy arrays.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "dask-awkward==2026.2.1" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import awkward as ak
import dask_awkward as dak
import numpy as np

entries = ak.Array(np.arange(12))
slices = {"::2": np.s_[::2], "1::3": np.s_[1::3], "0::5": np.s_[0::5]}
seen = {}
for partitions in (3, 6, 12):
    lazy = dak.from_awkward(entries, npartitions=partitions)
    for text, piece in slices.items():
        got = lazy[piece].compute().tolist()
        seen[partitions, text] = got
        print(f"{12 // partitions} in a partition, [{text}]: {got}, awkward {entries[piece].tolist()}")
right = {text: entries[piece].tolist() for text, piece in slices.items()}
expected = {(partitions, text): list(values) for partitions in (3, 6, 12) for text, values in right.items()}
expected |= {(6, "1::3"): [1], (6, "0::5"): [0, 5], (12, "::2"): [0], (12, "1::3"): [1], (12, "0::5"): [0]}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
