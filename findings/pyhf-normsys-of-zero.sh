#!/usr/bin/env bash
# pyhf 0.7.6: a `normsys` with a lower factor of 0 is accepted and makes the expectation NaN, the nominal one included.
#
# Behaviour: the interpolation between the factors takes the logarithm of the lower one; at the ends it is right.
# Seen: background 4 with factors 2 and 0: 0 at -1, NaN at -0.5 and at 0, 8 at +1; a test of mu = 5 ends as
#   FailedMinimization, "Inequality constraints incompatible".  With 0.000001 for 0 the same test gives 0.095.
# Guess: 4 at 0 and something between below it, or a refusal when the model is made.
# Why it matters: an error of 100% on a rare background is common, and its variation down is no events at all; the error
#   message leads to the optimiser instead of the workspace.
# rarekaon writes Gaussian errors as `histosys`, and its own limits of such a workspace are tested against the sum.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pyhf==0.7.6" "numpy==2.3.5" "scipy==1.17.1"
cd "$place"
venv/bin/python -W ignore - 2> messages.txt <<'PY'
import sys

import pyhf


def counting(low):
    error = {"name": "error", "type": "normsys", "data": {"hi": 2.0, "lo": low}}
    signal = {"name": "signal", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    return pyhf.Workspace({
        "channels": [{"name": "region", "samples": [signal, {"name": "b", "data": [4.0], "modifiers": [error]}]}],
        "observations": [{"name": "region", "data": [2]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    })


def tested(low):
    workspace = counting(low)
    model = workspace.model()
    try:
        return round(float(pyhf.infer.hypotest(5.0, workspace.data(model), model, test_stat="qtilde")), 3)
    except pyhf.exceptions.FailedMinimization as error:
        return str(error)


model = counting(0.0).model()
means = [str(round(float(model.expected_data([0.0, pull])[0]), 6)) for pull in (-1.0, -0.5, 0.0, 1.0)]
print("expected at pulls of -1, -0.5, 0, 1:", means)
results = {low: tested(low) for low in (0.0, 1e-6)}
print("CLs at mu = 5 with a lower factor of 0 and of 1e-6:", results)
works = isinstance(results[1e-6], float)
sys.exit(0 if means == ["0.0", "nan", "nan", "8.0"] and "incompatible" in str(results[0.0]) and works else "changed")
PY
