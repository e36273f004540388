#!/usr/bin/env bash
# uproot 5.7.7: `extend` of a TTree casts whatever comes to the type of the branch, and wraps what does not fit.
#
# Behaviour: the first array (or `mktree`) fixes the type of a branch.  Later arrays of another type are cast without a
#   check: integers wrap, fractions are cut off, NaN becomes the smallest integer.  An RNTuple of the same library
#   refuses the same arrays.
# Seen: event 2147483653 in an int32 branch is -2147483643, 300 in a uint8 branch is 44, weight 0.75 in an int64 branch
#   is 0; the RNTuple raises ValueError.
# Guess: an error at the first array of another type, as RNTuple does.
# Why it matters: weights of the first file may all be 1, written as integers; the weights 0.75 of the second then
#   become 0 and its events vanish from every weighted histogram.  Run and event numbers change identity.
# rarekaon takes the types of branches and of columns from one schema.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "uproot==5.7.7" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
import uproot

first = {"event": np.array([1], "int32"), "hits": np.array([1], "uint8"), "weight": np.array([1], "int64")}
second = {"event": np.array([2147483653]), "hits": np.array([300]), "weight": np.array([0.75])}
with uproot.recreate("cast.root") as file:
    tree = file.mktree("tree", first)
    tree.extend(second)
    ntuple = file.mkrntuple("ntuple", first)
    try:
        ntuple.extend(second)
        refused = False
    except ValueError:
        refused = True
with uproot.open("cast.root") as file:
    seen = {name: values.tolist() for name, values in file["tree"].arrays(library="np").items()}
print("written:", {name: [*first[name].tolist(), *second[name].tolist()] for name in first})
print("TTree  :", seen)
print("RNTuple:", "refuses" if refused else "takes it")
expected = {"event": [1, -2147483643], "hits": [1, 44], "weight": [1, 0]}
sys.exit(0 if seen == expected and refused else "the behaviour changed")
PY
