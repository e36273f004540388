#!/usr/bin/env bash
# hist 2.12.1 (boost-histogram 1.8.1): the Poisson interval of an empty bin has no upper end.
#
# Behaviour: `poisson_interval(values, variances)` scales by variance over value, and where both are 0 the upper end is
#   NaN; without variances it is 1.84.  `ratio_uncertainty(..., "poisson")`, which `plot_ratio` uses unless told
#   otherwise, always passes variances.
# Seen: values [0, 1, 4] with variances [0, 1, 4] have the upper ends [nan, 3.30, 7.16]; the ratio to 2, 2, 4 events has
#   [nan, 1.15, 0.79] as its upper error.
# Guess: 1.84 and 0.92 in the empty bin.
# Why it matters: in the figure of a search for rare decays most bins are empty, and zero observed with a bar up to 1.84
#   is the result.  Matplotlib draws nothing for NaN, so the bin looks as if it were not measured.
# rarekaon draws data with mplhep, whose own interval of an empty bin ends at 1.84.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "hist==2.12.1" "boost-histogram==1.8.1" "numpy==2.3.5" "scipy==1.17.1"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
from hist.intervals import poisson_interval, ratio_uncertainty

observed, expected = np.array([0.0, 1.0, 4.0]), np.array([2.0, 2.0, 4.0])
alone = poisson_interval(observed)[1]
with_variances = poisson_interval(observed, observed)[1]
ratio = ratio_uncertainty(observed, expected, "poisson")[1]
print("upper ends                 :", alone.round(2).tolist())
print("upper ends, with variances :", with_variances.round(2).tolist())
print("upper errors of the ratio  :", ratio.round(2).tolist())
same = np.allclose(alone, [1.841, 3.2995, 7.1628], atol=1e-3)
same &= np.allclose(with_variances, [np.nan, 3.2995, 7.1628], atol=1e-3, equal_nan=True)
same &= np.allclose(ratio, [np.nan, 1.1498, 0.7907], atol=1e-3, equal_nan=True)
sys.exit(0 if same else "the behaviour changed")
PY
