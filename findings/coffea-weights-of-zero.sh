#!/usr/bin/env bash
# coffea 2026.9.0: in Weights, the up variation of an event of weight 0 is 0, whatever it was given as.
#
# Behaviour: `add(name, weight, weightUp)` stores weightUp / weight, and 1 where the weight is 0; `weight("nameUp")`
#   multiplies again.
# Seen: weights [0, 1, 2] with up [0.5, 1.5, 3] give up [0, 1.5, 3]; with `shift=True` and +0.5, [0, 1.5, 2.5].
# Guess: [0.5, 1.5, 3] and [0.5, 1.5, 2.5], the arrays that were handed over.
# Why it matters: an efficiency of 0 with an error is what a bin has in which few events were measured.  The error of
#   just this bin disappears.
# rarekaon multiplies its weights itself and does not use Weights.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "coffea==2026.9.0" "awkward==2.14.0" "uproot==5.7.7" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
from coffea.analysis_tools import Weights

nominal, up = np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.5, 3.0])
weights = Weights(3)
weights.add("veto", nominal.copy(), weightUp=up.copy())
seen = {name: weights.weight(name).tolist() for name in (None, "vetoUp")}
shifted = Weights(3)
shifted.add("veto", nominal.copy(), weightUp=np.full(3, 0.5), shift=True)
seen["shifted"] = shifted.weight("vetoUp").tolist()
print("given   : nominal", nominal.tolist(), "up", up.tolist())
for name, values in seen.items():
    print(f"{name or 'nominal':>8}:", values)
expected = {None: [0.0, 1.0, 2.0], "vetoUp": [0.0, 1.5, 3.0], "shifted": [0.0, 1.5, 2.5]}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
