#!/usr/bin/env bash
# uproot 5.7.7 (boost-histogram 1.8.1): an axis with only one flow bin loses its content when written as a TH1.
#
# Behaviour: an axis with underflow and overflow keeps both.  With underflow=False or overflow=False the flow bin that
#   does exist is written as 0, and so is the overflow of a category axis, which holds what is in no category.
# Seen: an overflow of 4 events next to 6 in the bins reads back as 0, and so do 4 events of "other"; fEntries is 6.
# Guess: the bins that exist are kept, and only the missing one is 0.
# Why it matters: momenta, energies and counts have no underflow, so underflow=False is natural, and the tail above the
#   last edge is what control regions and closure tests add up.  A cutflow by category loses its unclassified events.
# rarekaon stores histograms as UHI JSON, which keeps every bin.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "uproot==5.7.7" "awkward==2.14.0" "boost-histogram==1.8.1" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import sys

import boost_histogram as bh
import numpy as np
import uproot

below, inside, above = [-1.0] * 5, [0.5] + [1.5] * 2 + [2.5] * 3, [9.0] * 4
axes = {
    "both": bh.axis.Regular(3, 0, 3),
    "overflow only": bh.axis.Regular(3, 0, 3, underflow=False),
    "underflow only": bh.axis.Regular(3, 0, 3, overflow=False),
}
histograms = {name: bh.Histogram(axis).fill(np.array(below + inside + above)) for name, axis in axes.items()}
modes = ["ee"] + ["mumu"] * 2 + ["pipi"] * 3 + ["other"] * 4
histograms["category"] = bh.Histogram(bh.axis.StrCategory(["ee", "mumu", "pipi"])).fill(modes)
with uproot.recreate("flow.root") as file:
    for name, histogram in histograms.items():
        file[name] = histogram
with uproot.open("flow.root") as file:
    seen = {name: np.asarray(file[name].member("fEntries")).item() for name in histograms}
    back = {name: file[name].to_boost().values(flow=True).tolist() for name in histograms}
for name, histogram in histograms.items():
    print(f"{name:>14}: filled {histogram.values(flow=True).tolist()}, read {back[name]}, entries {seen[name]}")
expected = {
    "both": [5.0, 1.0, 2.0, 3.0, 4.0],
    "overflow only": [0.0, 1.0, 2.0, 3.0, 0.0],
    "underflow only": [0.0, 1.0, 2.0, 3.0, 0.0],
    "category": [1.0, 2.0, 3.0, 0.0],
}
sys.exit(0 if back == expected and seen["overflow only"] == 6 else "the behaviour changed")
PY
