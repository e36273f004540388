"""Control selections: data beside simulation, and the ratio of the two fitted with a straight line.

The variation of the ratio over the spectrum is what validates the description of a background, and to what precision
(CERN-EP-2022-018 Section 5, Figure 4: 20% for e- -> pi-).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.limits.failures import Failure, Stores, every_search
from rarekaon.analysis.limits.from_events import NORMALISATION_REGION, normalise
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.search.declaration import Selection

Floats = NDArray[np.float64]

LEAST_OBSERVED = 100
"""Data events of a selection below which its ratio is not fitted."""
BINS, LEAST_EXPECTED = 20, 5.0
"""Bins of the fitted spectrum, and expected events below which a bin is left out."""
ITERATIONS, SMALLEST_RATIO = 20, 0.05


@dataclass(frozen=True)
class RatioFit:
    """Data over simulation as a straight line in the observable. Errors are statistical, of data and simulation."""

    ratio: float
    """In the middle of the simulated events."""
    ratio_error: float
    """Its error."""
    slope: float
    """Per 100 display units (MeV)."""
    slope_error: float
    """Its error."""
    deviation: float
    """Largest distance of the line from 1 within the fitted bins."""


@dataclass(frozen=True)
class ControlRow:
    """A control selection. The fields of the fit are None where there are too few data events."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    selection: str
    """Name of the control selection."""
    observed: int
    """Data events."""
    expected: float
    """Expected events."""
    stat: float
    """Statistical error of the simulation."""
    published: float | None = None
    """The published count."""
    ratio: float | None = None
    """Data over simulation, see `RatioFit`."""
    ratio_error: float | None = None
    """Its error."""
    slope: float | None = None
    """Slope of the ratio."""
    slope_error: float | None = None
    """Its error."""
    deviation: float | None = None
    """Largest distance of the ratio from 1."""


def fit_ratio(centres: Floats, observed: Floats, expected: Floats, variance: Floats) -> RatioFit:
    """Least-squares fit of observed = expected (ratio + slope x) to bins (n,) with positive `expected`.

    The variance of a bin is its mean, as fitted so far, plus that of the simulation (`variance`, scaled likewise).
    Raises ValueError for fewer than three bins.
    """
    if len(centres) < 3:
        raise ValueError(f"a ratio needs three bins to be fitted, not {len(centres)}")
    x = (centres - np.average(centres, weights=expected)) / 100
    design = expected[:, None] * np.stack([np.ones_like(x), x], axis=-1)
    line = np.ones_like(x)
    for _ in range(ITERATIONS):
        weight = 1 / (expected * line + variance * line**2)
        covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
        ratio, slope = covariance @ design.T @ (weight * observed)
        line = np.maximum(ratio + slope * x, SMALLEST_RATIO)
    errors = np.sqrt(np.diag(covariance))
    ends = ratio + slope * np.array([x.min(), x.max()])
    return RatioFit(float(ratio), float(errors[0]), float(slope), float(errors[1]), float(np.abs(ends - 1).max()))


def control_rows(booked: SearchHistograms, decays: float) -> Iterator[ControlRow]:
    """Every control selection that nothing is masked in and no background is taken from, for `decays` kaon decays."""
    search = booked.search
    paper = all_published().get((search.name, search.dataset))
    weighed = {name for background in search.data_driven for name, _ in background.controls}
    for selection in (s for s in search.controls if not s.masked and s.name not in weighed):
        names = [r.name for r in selection.regions]
        regions = [NORMALISATION_REGION] if NORMALISATION_REGION in names else names
        observed = sum((booked.data(selection, r) for r in regions), Count())
        rates = [booked.rate(s, selection, r) for s in _modes(booked) for r in regions]
        expected = sum(rates, Count()).scaled(decays)
        published = paper.controls.get(selection.name) if paper else None
        fit = _fit(booked, selection, decays) if observed.value >= LEAST_OBSERVED else None
        yield ControlRow(
            search.name, search.dataset, selection.name, round(observed.value), expected.value, expected.error,
            published.value if published else None, **(vars(fit) if fit else {}),
        )  # fmt: skip


def controls_from_events(stores: Stores) -> tuple[tuple[ControlRow, ...], tuple[Failure, ...]]:
    """The control selections of every search in `stores` (search name -> booked samples), and what failed."""
    rows: list[ControlRow] = []
    failures: list[Failure] = []
    for search, samples in every_search(stores):
        try:
            booked = SearchHistograms(search, samples)
            rows += control_rows(booked, normalise(booked)[0].value) if search.controls else ()
        except Exception as error:
            failures.append(Failure.of(search, error))
    return tuple(rows), tuple(failures)


def _modes(booked: SearchHistograms) -> tuple[str, ...]:
    samples = booked.search.samples
    return tuple(dict.fromkeys((samples.normalisation, *samples.backgrounds, *samples.contaminating)))


def _fit(booked: SearchHistograms, selection: Selection, decays: float) -> RatioFit | None:
    """The fit over the bins of the observable with enough expected events; None with fewer than three."""
    observable = selection.observable
    per_bin = math.ceil(observable.bins[0] / BINS)

    def spectrum(sample: str, power: int = 1) -> Floats:
        histogram: Any = booked.histogram(sample, selection, observable.name).view()
        values = histogram["value" if power == 1 else "variance"]
        return np.asarray(np.add.reduceat(values, np.arange(0, len(values), per_bin)))

    scale = {s: booked.rate_per_weight(s) * decays for s in _modes(booked)}
    expected, variance = (np.sum([f**k * spectrum(s, k) for s, f in scale.items()], axis=0) for k in (1, 2))
    observed = np.sum([spectrum(s) for s in booked.search.samples.data], axis=0)
    number, low, high = observable.bins
    centres = low + (np.arange(len(expected)) + 0.5) * per_bin * (high - low) / number
    used = expected > LEAST_EXPECTED
    return fit_ratio(centres[used], observed[used], expected[used], variance[used]) if used.sum() >= 3 else None
