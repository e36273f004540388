"""Limits on a narrow peak among few events: counts in windows of the squared missing mass, inside the signal region.

For each mass the window is |m2 - m_X^2| < n sigma(m2) without what lies outside the signal region; the simulated
background is even over each masked part of the region, the published one even over all of it.  The limit is that of a
count, with the single-event sensitivity 1/(N_K A(m)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI
from rarekaon.analysis.contract.units import c_light
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.limits.backgrounds import BackgroundRow, background_table, total_row
from rarekaon.analysis.limits.from_events import normalise, signal_region
from rarekaon.analysis.limits.response import HALF_SHARE, Response
from rarekaon.analysis.limits.scans import MEDIAN, Common, Result, Scan, spectrum
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.search.declaration import Interval, Region, Search
from rarekaon.analysis.search.inference import WindowScan
from rarekaon.analysis.statistics import Background, expected_upper_limits, upper_limit

Floats = NDArray[np.float64]

POOLED = 12.0e3
"""Decays of squared masses within half of this (MeV2) of a hypothesis are its response."""
LIGHTEST = (60.0, 95.0)
"""Masses (MeV) that stand for all lower ones: the pion's momentum in the kaon's frame differs by 3% at most, and decays
of lower masses are few, of large weights."""
COUPLING = 3 * 3.4e-4 * (172.8e3 * MASS_K) ** 2 / (32 * math.pi**2 * 246.22e3**3)
"""Amplitude (MeV) of K+ -> pi+ S at theta = 1: 3 V_td V_ts m_t^2 m_K^2/(32 pi^2 v^3), arXiv:1909.11670."""
BEAM_MOMENTUM = 75.0e3
WIDTH_OF_KAON = 5.317e-14
"""Both MeV."""


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


def squared_differences(response: Response, mass: float) -> tuple[Floats, Floats, Floats]:
    """Squared-mass differences (MeV2) of decays near a mass, what share of the decays each bin accepts, and squares.

    Rows of true masses within the pool are averaged; each keeps its own difference to its own true mass.
    """
    squared = response.masses**2
    low, high = LIGHTEST
    lightest = (response.masses > low) & (response.masses < high)
    near = np.abs(squared - mass**2) < POOLED / 2
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


def window_at(search: Search, response: Response, rows: tuple[BackgroundRow, ...], mass: float, size: float) -> Window:
    """The window of half width `size` resolutions around a mass, what it accepts and what background it holds."""
    differences, accepted, squares = squared_differences(response, mass)
    sigma = resolution(differences, accepted)
    region = search.signal.region(signal_region(search.signal))
    around = Interval(mass**2 - size * sigma, mass**2 + size * sigma)
    inside = tuple(
        Interval(max(p.low, around.low), min(p.high, around.high)) for p in parts(region) if overlap(p, around) > 0
    )
    seen = np.zeros_like(accepted, bool)
    for interval in inside:
        seen |= interval.mask(differences + mass**2)
    background, variance = 0.0, 0.0
    total = total_row(rows, region.name)
    for part in parts(region):
        share = overlap(part, around) / region.width
        background, variance = background + share * total.expected, variance + share * total.error**2
    return Window(
        mass, sigma, float(accepted[seen].sum()), math.sqrt(float(squares[seen].sum())), inside, background,
        math.sqrt(variance),
    )  # fmt: skip


def survival(booked: SearchHistograms, mass: float, lifetime: float) -> float:
    """Share of X of a mass (MeV) and lifetime (ns) that fly beyond the calorimeter, over momenta and vertices."""
    sample, selection = booked.search.samples.signal, booked.search.signal
    momentum = booked.histogram(sample, selection, "track_momentum")
    vertex = booked.histogram(sample, selection, "vertex_z")
    track, z = momentum.axes[0].centers * 1e3, vertex.axes[0].centers * 1e3
    weight = np.outer(momentum.values(), vertex.values())
    p = BEAM_MOMENTUM - track[:, None]
    length = detector().lkr.z - z[None]
    alive = np.exp(-length * mass / (np.maximum(p, 1.0) * c_light * lifetime))
    return float(np.average(alive, weights=np.maximum(weight, 0.0)))


def scalar_branching_fraction(mass: Floats) -> Floats:
    """B(K+ -> pi+ S)/theta^2 of a dark scalar S of that mass (MeV): |amplitude|^2 lambda^(1/2)/(16 pi m_K Gamma).

    >>> round(float(scalar_branching_fraction(np.array(0.0))), 4)
    0.0017
    """
    x, y = (mass / MASS_K) ** 2, (MASS_PI / MASS_K) ** 2
    triangle = np.maximum((1 - x - y) ** 2 - 4 * x * y, 0.0)
    return np.asarray(COUPLING**2 * np.sqrt(triangle) / (16 * math.pi * MASS_K * WIDTH_OF_KAON))


def window_limits(booked: SearchHistograms, settings: WindowScan, confidence_level: float) -> Result:
    """Limits on B(K+ -> pi+ X) against the mass, for a stable X and for the lifetimes of the scan."""
    search = booked.search
    decays, _ = normalise(booked)
    rows = background_table(booked, decays.value)
    common, response = Common(booked, decays), Response.of(booked)
    windows = [window_at(search, response, rows, mass, settings.window) for mass in settings.masses]
    edges, counts = spectrum(booked, search.signal.observable.name)
    centres = (edges[1:] + edges[:-1]) / 2 * search.signal.observable.unit
    records = []
    for w in windows:
        sensitivity = 1 / (decays.value * w.acceptance)
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
    for lifetime in settings.lifetimes:
        alive = np.array([survival(booked, mass, lifetime) for mass in settings.masses])
        columns[f"expected_lifetime_{lifetime:g}_ns"] = tuple((median / alive).tolist())
    if all(r.upper_limit is not None for r in records):
        limits = np.array([r.upper_limit for r in records], dtype=float)
        columns["observed"] = tuple(float(r.observed or 0) for r in records)
        columns["upper_limit"] = tuple(limits.tolist())
        columns["mixing"] = tuple((limits / scalar_branching_fraction(np.array(settings.masses))).tolist())
        for lifetime in settings.lifetimes:
            alive = np.array([survival(booked, mass, lifetime) for mass in settings.masses])
            columns[f"upper_limit_lifetime_{lifetime:g}_ns"] = tuple((limits / alive).tolist())
    shown = tuple(records[settings.masses.index(m)] for m in settings.shown)
    return shown, rows, Scan(search.name, search.dataset, "branching fraction", settings.masses, columns)
