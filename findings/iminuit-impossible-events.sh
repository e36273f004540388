#!/usr/bin/env bash
# iminuit 2.33.0: an event where the density is 0 costs a finite amount, and a fit prefers to make events impossible.
#
# Behaviour: the unbinned cost adds the smallest positive number inside its logarithm, so that an event of density 0
#   counts as 1416.8 in -2 ln L instead of infinity, the price of a few hundred ordinary events.
# Seen: density 1/b on (0, b), 1000 events evenly up to 1 and one at 6: the cost is 1416.8 at b = 1 and 3587 just above 6,
#   where the likelihood is 0 and largest; a scan of b for the least cost ends at 1.
# Guess: infinite cost, or NaN and a warning, wherever an event is impossible; the estimate is the largest event, 6.
# Why it matters: an end-point fit (a missing mass, a threshold) cuts off the events it cannot explain and looks valid.
# rarekaon fits binned spectra only, and iminuit is what its tests compare with.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "iminuit==2.33.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
from iminuit import cost

events = np.append((np.arange(1000) + 0.5) / 1000, 6.0)
expense = cost.UnbinnedNLL(events, lambda x, b: np.where(x < b, 1 / b, 0.0))
scan = np.linspace(1.0, 8.0, 71)
costs = np.array([expense(b) for b in scan])
best = round(float(scan[np.argmin(costs)]), 1)
print("-2 ln L at b = 1:", round(float(expense(1.0)), 1), "  at b just above 6:", round(float(expense(6.000001)), 1))
print("least cost at b =", best, "; the likelihood is 0 below 6 and largest there")
seen = (round(float(expense(1.0)), 1), round(float(expense(6.000001)), 0), best)
sys.exit(0 if seen == (1416.8, 3587.0, 1.0) else "the behaviour changed")
PY
