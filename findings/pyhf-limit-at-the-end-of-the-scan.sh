#!/usr/bin/env bash
# pyhf 0.7.6: a limit beyond the scanned values is the last of them.
#
# Behaviour: `upper_limit(data, model, scan)` interpolates CLs in the values it was given.  If CLs has not fallen to
#   the level at the last one, that value is returned, for the observed and for each expected limit that lies beyond.
#   No warning; the CLs there is not part of the answer.
# Seen: signal 1, background 50 +- 7, 52 observed, scan 0 to 10, 90% CL: observed 10, expected [8.4, 10, 10, 10, 10].
#   Up to 40 the limits are 17.9 and [8.5, 11.6, 16.7, 24.3, 34].
# Guess: an error, infinity or NaN.
# Why it matters: a scan that is too short makes the limit better, and the band collapses onto it; over many masses
#   only the weak ones are cut off, at a smooth line.
# rarekaon's own limits bracket the root; its asymptotic ones (`kaon limit --workspace --asymptotic`) widen the scan
#   until CLs has passed the level.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pyhf==0.7.6" "numpy==2.3.5" "scipy==1.17.1"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
import pyhf
from pyhf.infer.intervals.upper_limits import upper_limit

model = pyhf.simplemodels.uncorrelated_background([1.0], [50.0], [7.0])
data = [52.0, *model.config.auxdata]
seen = {}
for end in (10.0, 40.0):
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (0.0, 50.0)
    observed, expected = upper_limit(data, model, np.linspace(0, end, 41), level=0.1, par_bounds=bounds)
    seen[end] = [round(float(value), 1) for value in (observed, *expected)]
    print(f"scan up to {end:g}: observed {seen[end][0]}, expected {seen[end][1:]}")
cut_off = seen[10.0][0] == 10.0 and seen[10.0][2:] == [10.0] * 4
sys.exit(0 if cut_off and seen[40.0] == [17.9, 8.5, 11.6, 16.7, 24.3, 34.0] else "the behaviour changed")
PY
