#!/usr/bin/env bash
# ROOT (wheel 0.1a12): merging trees whose branch is double in one file and float in the next makes garbage, and succeeds.
#
# Behaviour: the merger (that of hadd) takes the branches of the first file; a branch of the same name and another type
#   is read into the memory of the first without conversion or message.
# Seen: momenta 0, 1, 2 (double) merged with 1, 2 (float) are 0, 1, 2, 5.26e-315, 5.30e-315; in the other order the
#   doubles end as 0.  `Merge` returns True.
# Guess: a conversion, or a refusal.
# Why it matters: one producer writes float, the next version double; the merged file is sound and holds the right number
#   of entries.  Two thirds of a data set have no momentum.
# rarekaon reads files side by side, each in its own type, so that none has to be merged.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --pre "ROOT==0.1a12" "uproot==5.7.7" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import numpy as np
import ROOT
import uproot

for name, values in {"wide": np.array([0.0, 1.0, 2.0]), "narrow": np.array([1.0, 2.0], "float32")}.items():
    with uproot.recreate(f"{name}.root") as file:
        file.mktree("tree", {"momentum": values.dtype})
        file["tree"].extend({"momentum": values})
seen = {}
for order in (("wide", "narrow"), ("narrow", "wide")):
    merger = ROOT.TFileMerger(False)
    merger.OutputFile("merged.root", "RECREATE")
    for name in order:
        merger.AddFile(f"{name}.root")
    done = merger.Merge()
    with uproot.open("merged.root:tree/momentum") as branch:
        seen[order] = (bool(done), [float(f"{value:.3g}") for value in branch.array(library="np")])
    print(" + ".join(order), ":", *seen[order])
expected = {
    ("wide", "narrow"): (True, [0.0, 1.0, 2.0, 5.26e-315, 5.3e-315]),
    ("narrow", "wide"): (True, [1.0, 2.0, 0.0, 0.0, 0.0]),
}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
