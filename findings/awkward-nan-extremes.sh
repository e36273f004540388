#!/usr/bin/env bash
# awkward 2.14.0: with NaN in a list, ak.max and ak.argmax speak of different elements, and NaN sorts first both ways.
#
# Behaviour: per list, ak.max leaves NaN out, while ak.argmax returns a NaN that stands first; over the whole array
#   ak.max is NaN.  ak.argsort puts NaN in front in ascending and in descending order.
# Seen: for [[nan, 1, 2]] max is 2, argmax is 0 (NaN), max of everything is NaN; [[3, nan, 1, 2]] is sorted as
#   [nan, 1, 2, 3] and, descending, [nan, 3, 2, 1].
# Guess: NaN wins everywhere, as in NumPy, or nowhere; NaN last when sorted.
# Why it matters: one failed fit gives a momentum of NaN.  "The leading track" by argmax or by argsort is then the one
#   that failed, if it stands first, and else the right one: the answer depends on the order of the tracks.
# rarekaon cuts on intervals of quantities, which NaN never passes, and picks no extremes with awkward.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import sys

import awkward as ak

nan = float("nan")
front, back = ak.Array([[nan, 1.0, 2.0]]), ak.Array([[1.0, 2.0, nan]])
mixed = ak.Array([[3.0, nan, 1.0, 2.0]])
seen = {
    "max of a list": [ak.max(front, axis=1)[0], ak.max(back, axis=1)[0]],
    "argmax of a list": [ak.argmax(front, axis=1)[0], ak.argmax(back, axis=1)[0]],
    "max of all is NaN": [bool(ak.max(front) != ak.max(front)), bool(ak.max(back) != ak.max(back))],
    "ascending": ak.argsort(mixed).tolist()[0],
    "descending": ak.argsort(mixed, ascending=False).tolist()[0],
}
print("lists:", front.tolist(), back.tolist(), mixed.tolist())
for name, values in seen.items():
    print(f"{name:>18}:", values)
expected = {
    "max of a list": [2.0, 2.0],
    "argmax of a list": [0, 1],
    "max of all is NaN": [True, True],
    "ascending": [1, 2, 3, 0],
    "descending": [1, 0, 3, 2],
}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
