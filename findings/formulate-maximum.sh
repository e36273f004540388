#!/usr/bin/env bash
# formulate 1.1.0: max(a, b) of ROOT becomes a maximum over all events.
#
# Behaviour: `from_root("max(x, 0)").to_python()` is `np.max(x, 0)`, where NumPy's second argument is the axis; min is
#   the same.  Back to ROOT it becomes Max$(x, 0), which there means something else again: the maximum over an array.
# Seen: for x = [-1, 2, 3] the expression is 3 for every event; ROOT gives [0, 2, 3].
# Guess: np.maximum(x, 0).
# Why it matters: a cut copied from TTree::Draw, "max(m_ee, 0) > 2.5", lets either every event pass or none; in the
#   first case the cutflow merely looks as if the cut were loose.
# rarekaon cuts on named quantities in Python and translates no ROOT expressions.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "formulate==1.1.0" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import sys

import formulate
import numpy as np

x = np.array([-1.0, 2.0, 3.0])
expression = formulate.from_root("max(x, 0)")
python, root = expression.to_python(), expression.to_root()
seen = np.broadcast_to(eval(python, {"np": np, "x": x}), x.shape).tolist()
passed = np.broadcast_to(eval(formulate.from_root("max(x, 0) > 2.5").to_python(), {"np": np, "x": x}), x.shape).tolist()
print("x                :", x.tolist())
print("to_python        :", python, "=", seen)
print("to_root          :", root)
print("max(x, 0) > 2.5  :", passed, "- elementwise:", (np.maximum(x, 0) > 2.5).tolist())
unchanged = (python, root, seen, passed) == ("np.max(x, 0)", "Max$(x, 0)", [3.0] * 3, [True] * 3)
sys.exit(0 if unchanged else "the behaviour changed")
PY
