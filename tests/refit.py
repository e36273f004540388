"""The efficiencies of tracks that no paper prints, fitted together: `python -m tests.refit`.

A row is a published acceptance A. The logarithm of the simulated one is linear in those of the constants: that of the
views by simulation on both sides of its value, the others by what they are, one factor for each track that they ask.
The errors of a row are the published one, the simulated one and `MODEL`. What is fitted is shown with its
covariance; the values in `datasets/detector.yaml` are set by hand, and `datasets/tuning.yaml` names the rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rarekaon.analysis.execution.inputs import inspect_file
from rarekaon.analysis.facts.published import published
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.validation import Validation, ValidationRow
from rarekaon.analysis.processing.processor import book_search
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.simulation import simulate
from rarekaon.analysis.simulation.ground.constants import constants
from tests.reading import columns_of

CONSTANTS = ("straw_efficiency", "straw_found", "chod_matched", "gtk_efficiency")
STEP = 0.02
"""How far the efficiency of a view is moved."""
MODEL = 0.02
"""Relative error of each row: what else is not simulated, geometry above all."""


@dataclass(frozen=True)
class Row:
    """A published acceptance, and how many tracks ask for track efficiency, a hodoscope signal, a beam track."""

    search: str
    dataset: str
    quantity: str
    tracks: tuple[int, int, int]


K3PI, PI_EE = "acceptance of K+ -> pi+ pi+ pi-, three pions", "acceptance of K+ -> pi+ e+ e-"
ROWS = (
    Row("pi_ee", "2016-2018", K3PI, (3, 0, 0)),
    Row("pi_ee", "2016-2018", f"{K3PI} all chambers", (3, 0, 0)),
    Row("pi_ee", "2016-2018", PI_EE, (3, 3, 0)),
    Row("pi_ee", "2017", PI_EE, (3, 3, 0)),
    Row("pi_mumu", "2017", "acceptance of K+ -> pi+ mu+ mu-", (3, 3, 0)),
    Row("mu_nu_nu_nu", "2016-2018", "acceptance of K+ -> mu+ nu_mu", (1, 0, 1)),
)
Key = tuple[str, str, str]
FITTED = tuple(dict.fromkeys((row.search, row.dataset) for row in ROWS))
SEARCHES = (
    *FITTED,
    ("mu_nu_ee", "2016-2018"),
    ("pi_pi0_ee", "2016-2018"),
)


def acceptances(searches: Iterable[tuple[str, str]], folder: Path) -> dict[Key, ValidationRow]:
    """All published acceptances of some searches, from the samples in a folder."""
    found = {}
    for key in searches:
        declared = replace(search(*key), controls=())
        booked: dict[str, Any] = {name: {} for name in declared.samples.all}
        for name in simulated(declared):
            path = folder / f"{name}.root"
            exposure = inspect_file((name, str(path))).exposure.as_numbers()
            content = book_search(declared, columns_of(path, name), name)
            booked[name] = {declared.dataset: content, "exposure": exposure}
        compared = Validation(SearchHistograms(declared, booked), published(*key))
        for row in (*compared.acceptances(), *compared.references()):
            found[*key, row.quantity] = row
    return found


def simulated(declared: Search) -> tuple[str, ...]:
    """The samples that acceptances are of."""
    samples = declared.samples
    return (samples.normalisation, samples.signal, *dict.fromkeys(r.sample for r in declared.references))


def with_views(efficiency: float, searches: Iterable[tuple[str, str]], quick: bool) -> dict[Key, ValidationRow]:
    """Acceptances simulated with that efficiency of a view."""
    before, constants().straw_efficiency = constants().straw_efficiency, efficiency
    try:
        with TemporaryDirectory() as folder:
            for name in dict.fromkeys(name for key in searches for name in simulated(search(*key))):
                simulate(name, Path(folder) / f"{name}.root", quick=quick)
            return acceptances(searches, Path(folder))
    finally:
        constants().straw_efficiency = before


def fitted(values: dict[Key, ValidationRow], slopes: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the logarithms of the constants have to change by, their covariance, and the pulls that are left."""
    wanted, design, errors = [], [], []
    for row, slope in zip(ROWS, slopes, strict=True):
        found = values[row.search, row.dataset, row.quantity]
        wanted.append(-np.log(found.ratio))
        design.append([slope, *row.tracks])
        errors.append(hypot(found.published_error / found.published, found.error / found.simulated, MODEL))
    a, b = np.array(design) / np.array(errors)[:, None], np.array(wanted) / errors
    covariance = np.linalg.inv(a.T @ a)
    change = covariance @ a.T @ b
    return change, covariance, a @ change - b


def main(quick: bool) -> None:
    centre = constants().straw_efficiency
    values = with_views(centre, SEARCHES, quick)
    for (name, dataset, quantity), row in values.items():
        print(f"{name:12} {dataset:9} {quantity:75} {row.simulated:.4f}({row.error:.4f}) / {row.published:.4f}"
              f" = {row.ratio:.3f}")  # fmt: skip
    low, high = (with_views(centre + sign * STEP, FITTED, True) for sign in (-1, 1))
    span = np.log((centre + STEP) / (centre - STEP))
    keys = [(r.search, r.dataset, r.quantity) for r in ROWS]
    slopes = [float(np.log(high[key].simulated / low[key].simulated) / span) for key in keys]
    change, covariance, pulls = fitted(values, slopes)
    for name, step, variance in zip(CONSTANTS, change, np.diag(covariance), strict=True):
        value = float(constants()[name])
        print(f"{name:18} {value:.4f} -> {value * np.exp(step):.4f} +- {value * np.sqrt(variance):.4f}")
    sizes = np.sqrt(np.diag(covariance))
    print("correlation\n", np.round(covariance / np.outer(sizes, sizes), 2))
    print("slopes", np.round(slopes, 2), "pulls", np.round(pulls, 2), "chi2", round(float(pulls @ pulls), 2))


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
