#!/usr/bin/env bash
# awkward 2.14.0: `from_parquet` leaves out a column that the file does not have, and with the last one the entries.
#
# Behaviour: `columns` selects by pattern; a name that matches nothing is not missed.  If nothing matches at all, the
#   array has no fields and length 0.
# Seen: of 10 entries, columns ["momentum", "masss"] give 10 records with one field; ["masss"] gives an array of 0
#   entries; neither raises.
# Guess: an error that names the column, as pyarrow's and uproot's readers give, or at least 10 entries.
# Why it matters: after a slip of the pen, the number of events looked at, an exposure, is 0.
# rarekaon reads events from ROOT files and names a branch that is missing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "awkward==2.14.0" "pyarrow==26.0.1" "fsspec==2026.9.0" "numpy==2.3.5"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import awkward as ak
import numpy as np

ak.to_parquet(ak.Array({"momentum": np.arange(10.0), "mass": np.ones(10)}), "events.parquet")
seen = {}
for columns in (("momentum", "masss"), ("masss",)):
    array = ak.from_parquet("events.parquet", columns=list(columns))
    seen[columns] = (array.fields, len(array))
    print("columns", list(columns), "of 10 entries:", *seen[columns])
expected = {("momentum", "masss"): (["momentum"], 10), ("masss",): ([], 0)}
sys.exit(0 if seen == expected else "the behaviour changed")
PY
