"""Upper limits of ROOT's TRolke into tests/statistics/trolke.json: `make trolke`, in the environment of `make root`."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

TARGET = Path(__file__).parents[1] / "statistics/trolke.json"
COLUMNS = (
    "background", "its parameters: mean, error or events, ratio", "observed", "error of the efficiency 1",
    "confidence level", "bounded", "upper limit",
)  # fmt: skip
BACKGROUNDS = (
    ("known", (0.0,)), ("known", (0.5,)), ("known", (3.0,)), ("gauss", (0.5, 0.2)), ("gauss", (3.0, 1.0)),
    ("poisson", (0, 5.0)), ("poisson", (3, 2.0)), ("poisson", (12, 4.0)),
)  # fmt: skip
KNOWN_EFFICIENCY = 1e-6
"""The model of a known background has an error of the efficiency: one that changes nothing."""


def limit(kind: str, parameters: tuple[float, ...], observed: int, error: float, level: float, bounded: bool) -> float:
    """The upper limit for an efficiency of 1."""
    import ROOT

    program = ROOT.TRolke(level)
    program.SetBounding(bounded)
    if kind == "known":
        program.SetKnownBkgGaussEff(observed, 1.0, error or KNOWN_EFFICIENCY, *parameters)
    elif kind == "gauss" and error:
        program.SetGaussBkgGaussEff(observed, parameters[0], 1.0, error, parameters[1])
    elif kind == "gauss":
        program.SetGaussBkgKnownEff(observed, *parameters, 1.0)
    elif error:
        program.SetPoissonBkgGaussEff(observed, parameters[0], 1.0, parameters[1], error)
    else:
        program.SetPoissonBkgKnownEff(observed, *parameters, 1.0)
    return round(float(program.GetUpperLimit()), 9)


def main() -> None:
    """Write the file."""
    import ROOT

    cases = itertools.product((0.9, 0.95), (0, 1, 2, 3, 5, 10), BACKGROUNDS, (0.0, 0.1), (False, True))
    rows = [
        (kind, list(parameters), n, error, level, bounded, limit(kind, parameters, n, error, level, bounded))
        for level, n, (kind, parameters), error, bounded in cases
    ]
    made_with = f"ROOT {ROOT.gROOT.GetVersion()}, TRolke, by tests/root/trolke.py in the environment of `make root`"
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    head = f'{{"made_with": {json.dumps(made_with)},\n "columns": {json.dumps(COLUMNS)},\n "limits": [\n'
    TARGET.write_text(f"{head}{lines}\n]}}\n")


if __name__ == "__main__":
    main()
