"""Limits as functions of a mass: a narrow peak over its sidebands, and a count above a bound chosen for each mass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.limits.backgrounds import BackgroundRow, background_table, mirrored_tail, systematic_error
from rarekaon.analysis.limits.from_events import NORMALISATION_REGION, normalise
from rarekaon.analysis.limits.response import Response, survival
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.inference import CutScan, PeakScan
from rarekaon.analysis.statistics.gaussian_counts import GaussianCounts
from rarekaon.analysis.statistics.global_significance import ScanToys, scan_toys, smooth_spectrum
from rarekaon.analysis.statistics.heavy_neutrino import mixing_limits
from rarekaon.analysis.statistics.normalisation import Measurement
from rarekaon.analysis.statistics.peak_search import PeakSearch, ScanSettings, events_of_histogram, peak_search

Floats = NDArray[np.float64]

LEAST_SIGNIFICANCE = -10.0
"""Stands for minus infinity, the significance of no event at all: result files hold finite numbers."""
TOYS = 100
"""Background-only scans that the look-elsewhere effect is estimated with."""
MEDIAN = 2
"""Place of the median among the five expected limits."""


@dataclass(frozen=True)
class Scan:
    """Results of one search against the mass."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    quantity: str
    """What the limits are on."""
    masses: tuple[float, ...]
    """Hypotheses, in MeV."""
    columns: Mapping[str, tuple[float, ...]]
    """Results by name, one entry a mass."""


Result = tuple[tuple[LimitRecord, ...], tuple[BackgroundRow, ...], Scan]


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def spectrum(booked: SearchHistograms, quantity: str) -> tuple[Floats, Floats]:
    """Edges and data counts of a histogram of the signal selection."""
    search = booked.search
    histograms = [booked.histogram(sample, search.signal, quantity) for sample in search.samples.data]
    views: list[Any] = [h.view() for h in histograms]
    return histograms[0].axes[0].edges, np.asarray(sum(v["value"] for v in views))


@dataclass(frozen=True)
class Common:
    """What every record of a scan shares."""

    booked: SearchHistograms
    decays: Measurement

    def record(self, **values: Any) -> LimitRecord:
        search = self.booked.search
        normal = self.booked.acceptance(search.samples.normalisation, search.normalisation, NORMALISATION_REGION)
        shared: dict[str, Any] = {
            "search": search.name,
            "dataset": search.dataset,
            "origin": "events",
            "kaon_decays": self.decays.value,
            "kaon_decays_error": self.decays.error,
            "acceptance_normalisation": normal.value,
            "upper_limit_at_published_count": None,
            "published_upper_limit": None,
        }
        return LimitRecord(**shared, **values)


def peak_limits(booked: SearchHistograms, settings: PeakScan, confidence_level: float) -> Result:
    """Scan of a peak: limits on |U|^2 of a heavy neutral lepton (PLB 816 (2021) 136259, Section 5).

    The background is fitted to data, so nothing is computed before the region is open: the records then say so.
    """
    search = booked.search
    decays, _ = normalise(booked)
    rows = background_table(booked, decays.value)
    common, response = Common(booked, decays), Response.of(booked)
    masses = np.array(settings.masses)
    widths = response.resolution(masses)
    accepted, error = response.in_window(masses, settings.window * widths)
    columns = {"resolution": _plain(widths), "acceptance": _plain(accepted)}
    surviving = {t: survival(booked, masses, t) for t in settings.lifetimes}
    columns |= {f"survival_{t:g}_ns": _plain(alive) for t, alive in surviving.items()}
    if not is_open(search):
        return (), rows, Scan(search.name, search.dataset, settings.quantity, settings.masses, columns)
    assert search.signal.response is not None
    events = events_of_histogram(*spectrum(booked, search.signal.response.name))
    geometry = ScanSettings(
        settings.window,
        settings.sideband,
        settings.bin_width,
        settings.within.low,
        settings.within.high,
        settings.order,
    )

    def resolution(m: Floats) -> Floats:
        return np.interp(m, masses, widths)

    found = peak_search(events, resolution, masses=masses, confidence_level=confidence_level, settings=geometry)
    toys = scan_toys(
        smooth_spectrum(np.sort(events), geometry), resolution, toys=TOYS, seed=1, masses=masses, settings=geometry
    )
    fraction = branching_fractions()[search.normalisation.decay]
    # the normalisation's B is in N_K, too, and cancels in |U|^2: its error is in neither
    relative = math.hypot(decays.stat / decays.value, float(error.max()))
    limits = mixing_limits(
        found,
        kaon_decays=decays.value,
        acceptance=accepted,
        branching_fraction=fraction.value,
        relative_error=relative,
        lepton_mass=particle(f"{settings.lepton}+").mass,
    )
    significances = np.maximum(found.significances, LEAST_SIGNIFICANCE)
    columns |= {
        "observed": _plain(found.observed.astype(float)),
        "expected": _plain(found.expected),
        "expected_error": _plain(found.errors),
        "significance": _plain(significances),
        "sideband_probability": _plain(found.fit_probability),
        "signal_events": _plain(found.upper_limits),
        "single_event_mixing": _plain(limits.single_event_mixing),
        "branching_fraction": _plain(limits.branching_fraction),
        "upper_limit": _plain(limits.mixing),
        **{f"expected_{n:+d}_sigma": _plain(limits.expected_mixing[n + MEDIAN]) for n in range(-2, 3)},
        **{f"upper_limit_lifetime_{t:g}_ns": _plain(limits.mixing / alive) for t, alive in surviving.items()},
    }
    excess = largest_excess(found, toys)
    records = tuple(
        common.record(
            acceptance_signal=float(accepted[i]),
            single_event_sensitivity=float(limits.single_event_mixing[i]),
            single_event_sensitivity_error=float(limits.single_event_mixing[i] * relative),
            background=float(found.expected[i]),
            background_error=float(found.errors[i]),
            observed=int(found.observed[i]),
            upper_limit=float(limits.mixing[i]),
            expected_upper_limit=_plain(limits.expected_mixing[:, i]),
            quantity=settings.quantity,
            parameter={"mass": float(masses[i])},
            details={
                "resolution": float(widths[i]),
                "significance": float(significances[i]),
                "sideband_probability": float(found.fit_probability[i]),
                "largest_excess": excess,
            },
        )
        for i in (int(np.argmin(np.abs(masses - m))) for m in settings.shown)
    )
    return records, rows, Scan(search.name, search.dataset, settings.quantity, settings.masses, columns)


def largest_excess(found: PeakSearch, toys: ScanToys) -> dict[str, float]:
    """The largest excess of a scan, locally and with the look-elsewhere effect: both by toys, as far as they reach,
    and by the upcrossings in them."""
    local = max(float(found.significances[found.largest]), LEAST_SIGNIFICANCE)
    return {
        "mass": float(found.masses[found.largest]),
        "local_significance": local,
        "global_p_value": toys.p_value(local),
        "global_significance": max(toys.global_significance(local), LEAST_SIGNIFICANCE),
        "global_p_value_by_upcrossings": toys.gross_vitells(local),
        "effective_trials": toys.effective_trials(local),
        "toys": float(toys.largest.size),
    }


@dataclass(frozen=True)
class _Bound:
    """One bound on the observable: expected and observed counts above it, and their limits in events."""

    bound: float
    background: float
    error: float
    observed: int | None
    limit: float | None
    expected_limits: Floats


def _above(histogram: hist.Hist[Any], bound: float) -> Count:
    """Sum of weights of the bins above `bound` (display unit), which is an edge, the overflow included."""
    first = int(np.searchsorted(histogram.axes[0].edges, bound - 1e-9))
    view: Any = histogram.view(flow=True)[1 + first :]
    return Count(float(view["value"].sum()), float(view["variance"].sum()))


def _bound(booked: SearchHistograms, decays: float, bound: float, relative: float, confidence_level: float) -> _Bound:
    """`relative` is the error of N_K times the acceptance."""
    search = booked.search
    observable, shown = search.signal.observable.name, bound / search.signal.observable.unit

    def above(sample: str) -> Count:
        return _above(booked.histogram(sample, search.signal, observable), shown)

    cells = {s: above(s).scaled(booked.rate_per_weight(s) * decays) for s in search.samples.backgrounds}
    cells |= mirrored_tail(booked, Interval(low=bound), decays)
    total = sum(cells.values(), Count())
    error = math.hypot(total.error, systematic_error(search, cells))
    counts, scale = GaussianCounts(total.value, error), math.sqrt(1 + relative**2)
    expected = counts.expected_limits(confidence_level)[:, 0] * scale
    if not is_open(search):
        return _Bound(bound, total.value, error, None, None, expected)
    observed = round(sum(above(sample).value for sample in search.samples.data))
    limit = float(counts.upper_limits(np.array([observed]), confidence_level)[0]) * scale
    return _Bound(bound, total.value, error, observed, limit, expected)


def cut_limits(booked: SearchHistograms, settings: CutScan, confidence_level: float) -> Result:
    """Counts above bounds: for each mass the bound of the smallest expected limit (Section 6)."""
    search = booked.search
    decays, _ = normalise(booked)
    rows = background_table(booked, decays.value)
    common, response = Common(booked, decays), Response.of(booked)
    relative = decays.error / decays.value
    bounds = [_bound(booked, decays.value, b, relative, confidence_level) for b in settings.bounds]
    accepted = np.array([response.spectrum_above(settings.decay, m, np.sqrt(settings.bounds)) for m in settings.masses])
    events = np.array([b.expected_limits for b in bounds])
    with np.errstate(divide="ignore"):
        expected = events[None] / (decays.value * accepted[..., None])  # (masses, bounds, bands)
    best = np.argmin(expected[..., MEDIAN], axis=1)
    index = np.arange(len(settings.masses))
    chosen, signal = [bounds[b] for b in best], accepted[index, best]
    limits = [None if b.limit is None else b.limit / (decays.value * a) for b, a in zip(chosen, signal, strict=True)]
    columns = {
        "bound": _plain(np.array([b.bound for b in chosen])),
        "acceptance": _plain(signal),
        "background": _plain(np.array([b.background for b in chosen])),
        "background_error": _plain(np.array([b.error for b in chosen])),
        **{f"expected_{n:+d}_sigma": _plain(expected[index, best, n + MEDIAN]) for n in range(-2, 3)},
    }
    if all(limit is not None for limit in limits):
        columns["upper_limit"] = tuple(limit for limit in limits if limit is not None)
    records = tuple(
        common.record(
            acceptance_signal=float(signal[i]),
            single_event_sensitivity=1 / (decays.value * float(signal[i])),
            single_event_sensitivity_error=relative / (decays.value * float(signal[i])),
            background=chosen[i].background,
            background_error=chosen[i].error,
            observed=chosen[i].observed,
            upper_limit=limits[i],
            expected_upper_limit=_plain(expected[i, best[i]]),
            parameter={"mass": settings.masses[i]},
            details={"bound": chosen[i].bound},
        )
        for i in (settings.masses.index(m) for m in settings.shown)
    )
    return records, rows, Scan(search.name, search.dataset, "branching fraction", settings.masses, columns)
