#!/usr/bin/env bash
# uproot 5.7.7 (awkward 2.14.0): what is masked moves the values behind it when an RNTuple is written.
#
# Behaviour: `mkrntuple` and `extend` write an option-type array whose layout is a byte or bit mask (`ak.mask`, a
#   NumPy masked array) without taking the masked values out first.  The valid entries that are read back are the first
#   ones of the buffer underneath, masked or not.  Options that awkward stores by index (`ak.Array([1, None, 3])`,
#   `ak.firsts`, `ak.pad_none`) are right.  A TTree (`mktree`) refuses options, yet takes a NumPy masked array and
#   writes the masked values as if they were measured.
# Seen: [1, None, 3, None] comes back as [1, None, 2, None]; the TTree holds [1, 2, 3, 4].
# Guess: the values come back as written, or the writer refuses.
# Why it matters: "energy of the associated cluster, if there is one" is masked just so.  Nothing fails, the number of
#   valid entries is right, and from the first missing one on every track has the energy of another.
# rarekaon writes plain columns with counters, no options.  Elsewhere `ak.to_packed` does not help, while
#   `ak.drop_none` with a column of flags, or a sentinel from `ak.fill_none`, does.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "uproot==5.7.7" "awkward==2.14.0" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import sys

import awkward as ak
import numpy as np
import uproot

energy = ak.mask(ak.Array([1.0, 2.0, 3.0, 4.0]), [True, False, True, False])
masked = np.ma.masked_array([1.0, 2.0, 3.0, 4.0], mask=[False, True, False, True])
indexed = ak.Array([1.0, None, 3.0, None])
columns = {"by_mask": energy, "by_index": indexed, "packed": ak.to_packed(energy)}
with uproot.recreate("options.root") as file:
    file.mkrntuple("ntuple", columns)
    file.mktree("tree", {"by_mask": masked})
with uproot.open("options.root") as file:
    seen = {name: file["ntuple"].arrays()[name].tolist() for name in columns}
    seen["tree"] = file["tree"].arrays()["by_mask"].tolist()
print("written:", energy.tolist())
for name, values in seen.items():
    print(f"{name:>9}:", values)
expected = {
    "by_mask": [1.0, None, 2.0, None],
    "by_index": [1.0, None, 3.0, None],
    "packed": [1.0, None, 2.0, None],
    "tree": [1.0, 2.0, 3.0, 4.0],
}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
