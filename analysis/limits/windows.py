"""Limits on a narrow peak among few events: counts in windows of the squared missing mass, inside the signal region.

For each mass the window is |m2 - m_X^2| < n sigma(m2) without what lies outside the signal region.  Its background is
what simulated events have in it or, where they are too few, its share of an even background over the region.  The limit
is that of a count, with the single-event sensitivity 1/(N_K B A(m)), B being that of the signal's daughters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_K, MASS_PI, MASS_PI0
from rarekaon.analysis.limits.backgrounds import BackgroundRow, background_table, systematic_error, total_row
from rarekaon.analysis.limits.from_events import normalise, signal_region
from rarekaon.analysis.limits.response import HALF_SHARE, Response, survival
from rarekaon.analysis.limits.scans import MEDIAN, Common, Result, Scan, spectrum
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.search.declaration import Region, Search
from rarekaon.analysis.search.inference import WindowScan
from rarekaon.analysis.statistics import Background, expected_upper_limits, upper_limit

Floats = NDArray[np.float64]
Estimate = tuple[float, float]
"""Expected events and their error."""

COUPLING = 3 * 3.4e-4 * (172.8e3 * MASS_K) ** 2 / (32 * math.pi**2 * 246.22e3**3)
"""Amplitude (MeV) of K+ -> pi+ S at theta = 1: 3 V_td V_ts m_t^2 m_K^2/(32 pi^2 v^3), arXiv:1909.11670."""
TO_TWO_PHOTONS = 0.98823
"""B(pi0 -> gamma gamma), PDG 2020."""
WIDTH_OF_KAON = 5.317e-14
"""In MeV."""


@dataclass(frozen=True)
class Window:
    """Counts around one mass: `inside` are the parts of the window (MeV2) in the signal region."""

    mass: float
    resolution: float
    acceptance: float
    acceptance_error: float
    inside: tuple[Interval, ...]
    background: float
    error: float


def parts(region: Region) -> tuple[Interval, ...]:
    """The intervals that a region is made of."""
    if region.excluding is None:
        return (region.within,)
    below, above = region.excluding.low, region.excluding.high
    return Interval(region.within.low, below), Interval(above, region.within.high)


def overlap(one: Interval, other: Interval) -> float:
    """Length that two intervals share."""
    return max(0.0, min(one.high, other.high) - max(one.low, other.low))


def squared_differences(response: Response, settings: WindowScan, mass: float) -> tuple[Floats, Floats, Floats]:
    """Squared-mass differences (MeV2) of decays near a mass, what share of the decays each bin accepts, and squares.

    Rows of true masses within the pool are averaged; each keeps its own difference to its own true mass.
    """
    squared = response.masses**2
    low, high = settings.lightest
    lightest = (response.masses > low) & (response.masses < high)
    near = np.abs(squared - mass**2) < settings.pooled / 2
    rows = np.flatnonzero(near if mass > (low + high) / 2 else lightest)
    middle = (response.differences[1:] + response.differences[:-1]) / 2
    reconstructed = response.masses[rows, None] + middle[None]
    differences = np.sign(reconstructed) * reconstructed**2 - squared[rows, None]
    return differences, response.accepted[rows, 1:-1] / len(rows), response.squares[rows, 1:-1] / len(rows) ** 2


def resolution(differences: Floats, accepted: Floats) -> float:
    """Half the width (MeV2) of the central 68% of the squared-mass differences; NaN where nothing is accepted."""
    order = np.argsort(differences, axis=None)
    values, weights = differences.ravel()[order], accepted.ravel()[order]
    if weights.sum() <= 0:
        return math.nan
    cumulative = np.cumsum(weights) / weights.sum()
    low, high = np.interp([(1 - HALF_SHARE) / 2, (1 + HALF_SHARE) / 2], cumulative, values)
    return float(high - low) / 2


def window_at(
    search: Search, response: Response, background: Callable[[tuple[Interval, ...]], Estimate], mass: float
) -> Window:
    """The window around a mass, what it accepts and what `background` it holds."""
    settings = search.inference
    assert isinstance(settings, WindowScan)
    differences, accepted, squares = squared_differences(response, settings, mass)
    sigma = resolution(differences, accepted)
    region = search.signal.region(signal_region(search.signal))
    around = Interval(mass**2 - settings.window * sigma, mass**2 + settings.window * sigma)
    inside = tuple(
        Interval(max(p.low, around.low), min(p.high, around.high)) for p in parts(region) if overlap(p, around) > 0
    )
    seen = np.zeros_like(accepted, bool)
    for interval in inside:
        seen |= interval.mask(differences + mass**2)
    expected, error = background(inside)
    return Window(
        mass, sigma, float(accepted[seen].sum()), math.sqrt(float(squares[seen].sum())), inside, expected, error
    )


def even_background(search: Search, rows: tuple[BackgroundRow, ...]) -> Callable[[tuple[Interval, ...]], Estimate]:
    """Gives events and error of intervals within the signal region, over which the background is even."""
    region = search.signal.region(signal_region(search.signal))
    total = total_row(rows, region.name)

    def within(intervals: tuple[Interval, ...]) -> Estimate:
        share = sum(i.high - i.low for i in intervals) / region.width
        return share * total.expected, math.sqrt(share) * total.error

    return within


def simulated_background(booked: SearchHistograms, decays: float) -> Callable[[tuple[Interval, ...]], Estimate]:
    """Gives events and error of intervals by the simulated events in their bins, for so many kaon decays."""
    search, observable = booked.search, booked.search.signal.observable

    def within(intervals: tuple[Interval, ...]) -> Estimate:
        cells = {}
        for sample in search.samples.backgrounds:
            histogram = booked.histogram(sample, search.signal, observable.name)
            chosen = np.logical_or.reduce([i.mask(histogram.axes[0].centers * observable.unit) for i in intervals])
            view: Any = histogram.view()[chosen]
            count = Count(float(view["value"].sum()), float(view["variance"].sum()))
            cells[sample] = count.scaled(booked.rate_per_weight(sample) * decays)
        total = sum(cells.values(), Count())
        return total.value, math.hypot(total.error, systematic_error(search, cells))

    return within


def scalar_branching_fraction(mass: Floats) -> Floats:
    """B(K+ -> pi+ S)/theta^2 of a dark scalar S of that mass (MeV): |amplitude|^2 lambda^(1/2)/(16 pi m_K Gamma).

    >>> round(float(scalar_branching_fraction(np.array(0.0))), 4)
    0.0017
    """
    x, y = (mass / MASS_K) ** 2, (MASS_PI / MASS_K) ** 2
    triangle = np.maximum((1 - x - y) ** 2 - 4 * x * y, 0.0)
    return np.asarray(COUPLING**2 * np.sqrt(triangle) / (16 * math.pi * MASS_K * WIDTH_OF_KAON))


def dark_photon_branching_fraction(mass: Floats) -> Floats:
    """B(pi0 -> gamma A')/eps^2 of a dark photon of that mass (MeV): 2 (1 - m^2/m_pi0^2)^3 B(pi0 -> gamma gamma).

    B. Batell, M. Pospelov and A. Ritz, PRD 80 (2009) 095024.
    """
    return np.asarray(2 * np.maximum(1 - (mass / MASS_PI0) ** 2, 0.0) ** 3 * TO_TWO_PHOTONS)


COUPLINGS = {"theta^2": scalar_branching_fraction, "eps^2": dark_photon_branching_fraction}
"""Branching fraction over squared coupling, as a function of the mass, by the name of `WindowScan.coupling`."""


def window_limits(booked: SearchHistograms, settings: WindowScan, confidence_level: float) -> Result:
    """Limits on the branching fraction against the mass, for what is stable and for the lifetimes of the scan."""
    search = booked.search
    decays, _ = normalise(booked)
    rows = background_table(booked, decays.value)
    common, response = Common(booked, decays), Response.of(booked)
    even = settings.even_background
    background_in = even_background(search, rows) if even else simulated_background(booked, decays.value)
    windows = [window_at(search, response, background_in, mass) for mass in settings.masses]
    per_coupling = COUPLINGS[settings.coupling](np.array(settings.masses))
    surviving = {t: survival(booked, np.array(settings.masses), t) for t in settings.lifetimes}
    edges, counts = spectrum(booked, search.signal.observable.name)
    centres = (edges[1:] + edges[:-1]) / 2 * search.signal.observable.unit
    records = []
    for w in windows:
        sensitivity = 1 / (decays.value * w.acceptance * search.signal_branching_fraction)
        relative = math.hypot(decays.error / decays.value, w.acceptance_error / w.acceptance)
        background = Background(w.background, w.error, search.background_prior)  # type: ignore[arg-type]
        given: dict[str, Any] = {
            "ses": sensitivity, "ses_error": relative * sensitivity, "confidence_level": confidence_level,
        }  # fmt: skip
        observed = limit = None
        if is_open(search):
            observed = round(float(sum(counts[i.mask(centres)].sum() for i in w.inside)))
            limit = upper_limit(observed, background, **given).upper_limit
        records.append(
            common.record(
                acceptance_signal=w.acceptance,
                single_event_sensitivity=sensitivity,
                single_event_sensitivity_error=relative * sensitivity,
                background=w.background,
                background_error=w.error,
                observed=observed,
                upper_limit=limit,
                expected_upper_limit=expected_upper_limits(background, **given),
                parameter={"mass": w.mass},
                details={"resolution": w.resolution},
            )
        )
    columns = {
        "resolution": tuple(w.resolution for w in windows),
        "acceptance": tuple(w.acceptance for w in windows),
        "expected": tuple(w.background for w in windows),
        **{f"expected_{n:+d}_sigma": tuple(r.expected_upper_limit[n + MEDIAN] for r in records) for n in range(-2, 3)},
    }
    median = np.array(columns["expected_+0_sigma"])
    columns[f"expected_{settings.coupling}"] = tuple((median / per_coupling).tolist())
    for lifetime, alive in surviving.items():
        columns[f"expected_lifetime_{lifetime:g}_ns"] = tuple((median / alive).tolist())
    if all(r.upper_limit is not None for r in records):
        limits = np.array([r.upper_limit for r in records], dtype=float)
        columns["observed"] = tuple(float(r.observed or 0) for r in records)
        columns["upper_limit"] = tuple(limits.tolist())
        columns[settings.coupling] = tuple((limits / per_coupling).tolist())
        for lifetime, alive in surviving.items():
            columns[f"upper_limit_lifetime_{lifetime:g}_ns"] = tuple((limits / alive).tolist())
    shown = tuple(records[settings.masses.index(m)] for m in settings.shown)
    return shown, rows, Scan(search.name, search.dataset, "branching fraction", settings.masses, columns)
