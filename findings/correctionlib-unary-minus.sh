#!/usr/bin/env bash
# correctionlib 2.9.0: the formula -x^2 is (-x)^2.
#
# Behaviour: the parser that is called "TFormula" binds a sign tighter than the power.  ROOT's TFormula, TTree::Draw,
#   Python and formulate all take the power first.
# Seen: at x = 2, -x^2 gives 4, exp(-x^2) gives 54.6; 0-x^2 gives -4 and exp(0-x^2) gives 0.0183.
#   ROOT 6.40 gives -4 and 0.0183 for the first two.
# Guess: -4 and 0.0183, since the schema says that formulae have ROOT's syntax.
# Why it matters: turn-on curves and resolutions are Gaussians, exp(-x^2/2), copied from a fit in ROOT into a
#   correction; the weight then grows where it should fall, and every event still has one.
# rarekaon's identification maps are binned and hold no formula.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "correctionlib==2.9.0" "numpy==2.3.5"
cd "$place"
venv/bin/python - <<'PY'
import math
import sys

import correctionlib
import correctionlib.schemav2 as schema


def value(expression: str) -> float:
    formula = schema.Formula(nodetype="formula", expression=expression, parser="TFormula", variables=["x"])
    correction = schema.Correction(
        name="f",
        version=1,
        inputs=[schema.Variable(name="x", type="real")],
        output=schema.Variable(name="f", type="real"),
        data=formula,
    )
    document = schema.CorrectionSet(schema_version=2, corrections=[correction])
    return correctionlib.CorrectionSet.from_string(document.model_dump_json())["f"].evaluate(2.0)


expected = {"-x^2": 4.0, "0-x^2": -4.0, "exp(-x^2)": math.exp(4), "exp(0-x^2)": math.exp(-4)}
seen = {expression: value(expression) for expression in expected}
for expression, result in seen.items():
    print(f"{expression:>11} at x = 2: {result:.4f}")
same = all(math.isclose(seen[expression], result) for expression, result in expected.items())
sys.exit(0 if same else "the behaviour changed")
PY
