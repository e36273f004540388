#!/usr/bin/env bash
# uhi 1.2.1 and hist 2.12.1: a histogram that says its variances are unknown comes back with Poisson variances.
#
# Behaviour: after filling with weights, or scaling, a histogram of plain counts answers None for its variances: they
#   are not known.  JSON, zip and HDF5 of uhi have no place for that mark, and what is read answers with the contents.
# Seen: two events of weight 0.1 and 0.2: variances None before, [0.3, 0] after; two events scaled by 0.1: None before,
#   [0.2, 0] after.  The sums of squared weights are 0.05 and 0.02.
# Guess: None again, or an error when written.
# Why it matters: simulation scaled to an expectation is such a histogram; in a fit or a band its errors are too large by
#   sqrt(10), or too small where weights are above 1, with nothing to see in the file.
# rarekaon fills with sums of squared weights wherever weights are not 1.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "uhi==1.2.1" "hist==2.12.1" "boost-histogram==1.8.1" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import json
import sys

import hist
import uhi.io.json

weighted = hist.Hist.new.Reg(2, 0, 2).Double().fill([0.5, 0.5], weight=[0.1, 0.2])
scaled = 0.1 * hist.Hist.new.Reg(2, 0, 2).Double().fill([0.5, 0.5])
seen = {}
for name, histogram in {"weighted": weighted, "scaled": scaled}.items():
    text = json.dumps(histogram, default=uhi.io.json.default)
    read = hist.Hist(json.loads(text, object_hook=uhi.io.json.object_hook))
    seen[name] = (histogram.variances(), read.variances().round(9).tolist())
    print(f"{name}: variances {seen[name][0]} before, {seen[name][1]} after")
expected = {"weighted": (None, [0.3, 0.0]), "scaled": (None, [0.2, 0.0])}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
