#!/usr/bin/env bash
# uproot 5.7.7 (boost-histogram 1.8.1): a weighted histogram in a ROOT file has the sum of weights for its sum of squares.
#
# Behaviour: a histogram with Weight storage is written with the right fSumw2 per bin, but the statistics beside it say
#   fTsumw2 = fTsumw and fEntries = fTsumw.
# Seen: 1000 events of weight 0.01 have fTsumw = 10, fTsumw2 = 10 (should be 0.1) and 10 entries.  ROOT 6.40 then gives
#   GetEffectiveEntries() = 10 and GetMeanError() = 0.89; after ResetStats(), which recomputes from the bins, 1000 and
#   0.089.
# Guess: fTsumw2 is the sum of the variances, 0.1.
# Why it matters: simulated signal has small weights.  Effective numbers of events, errors of means, Kolmogorov tests
#   and automatic choices of binning in ROOT take their number of events from there, and it is wrong by the weight.
# rarekaon stores histograms as UHI JSON and computes effective numbers from the bins.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "uproot==5.7.7" "awkward==2.14.0" "boost-histogram==1.8.1" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import math
import sys

import boost_histogram as bh
import numpy as np
import uproot

histogram = bh.Histogram(bh.axis.Regular(10, 0, 10), storage=bh.storage.Weight())
histogram.fill(np.linspace(0.1, 9.9, 1000), weight=np.full(1000, 0.01))
with uproot.recreate("weighted.root") as file:
    file["weighted"] = histogram
with uproot.open("weighted.root") as file:
    stored = file["weighted"]
    seen = {name: float(stored.member(name)) for name in ("fTsumw", "fTsumw2", "fEntries")}
    squares = float(np.sum(stored.variances(flow=True)))
print("stored:", seen)
print("sum of the variances of the bins:", squares)
print("effective entries: stored", seen["fTsumw"] ** 2 / seen["fTsumw2"], "from the bins", seen["fTsumw"] ** 2 / squares)
same = all(math.isclose(value, 10) for value in seen.values()) and math.isclose(squares, 0.1)
sys.exit(0 if same else "the behaviour changed")
PY
