"""How often the limits hold: pseudo-experiments with known signal and background.

Counting searches: every pseudo-experiment repeats the background measurement as well as the count.  Peak searches:
whole spectra with a signal injected at a known mass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background
from rarekaon.analysis.statistics.exact_coverage import LimitFunction
from rarekaon.analysis.statistics.global_significance import BackgroundSpectrum
from rarekaon.analysis.statistics.limit import METHODS
from rarekaon.analysis.statistics.peak_search import ScanSettings, SidebandFit, sideband_fit

Floats = NDArray[np.float64]

_GRID = 20
"""Measured backgrounds are rounded to 1/20 of their error, so that equal pseudo-experiments share one limit."""


@dataclass(frozen=True)
class CountingCoverage:
    """Share of pseudo-experiments whose limit is at or above the true signal; `error` is binomial."""

    method: str
    true_signal: float
    true_background: float
    coverage: float
    error: float
    median_limit: float


def counting_coverage(
    background: Background,
    true_signals: ArrayLike,
    *,
    true_background: float | None = None,
    relative_error: float = 0.0,
    method: str = "cls",
    confidence_level: float = 0.9,
    toys: int,
    seed: int,
) -> tuple[CountingCoverage, ...]:
    """Coverage of one method for one true background and several true signals (events).

    background: the measurement whose precision every pseudo-experiment has; true_background: by default its value.
    relative_error: of the efficiency; the efficiency estimate is right on average, the true one varies.
    """
    generator = np.random.default_rng(seed)
    truth = background.expected if true_background is None else true_background
    cache: dict[tuple[int, float, float], float] = {}
    setting = (background, relative_error, confidence_level)
    results = []
    for signal in np.atleast_1d(np.asarray(true_signals, dtype=float)):
        measured = _measurements(background, truth, toys, generator)
        efficiency = _efficiencies(relative_error, toys, generator)
        counts = generator.poisson(signal * efficiency + truth)
        limits = np.array(
            [
                _cached(cache, METHODS[method], (int(n), float(b), float(e)), setting)
                for n, (b, e) in zip(counts, measured, strict=True)
            ]
        )
        covered = float((limits >= signal).mean())
        error = float(np.sqrt(max(covered * (1 - covered), 1 / toys) / toys))
        results.append(CountingCoverage(method, float(signal), truth, covered, error, float(np.median(limits))))
    return tuple(results)


def _cached(
    cache: dict[tuple[int, float, float], float],
    limits: LimitFunction,
    key: tuple[int, float, float],
    setting: tuple[Background, float, float],
) -> float:
    if key not in cache:
        background, relative_error, level = setting
        observed, expected, error = key
        prior = background.prior if error > 0 else "fixed"
        cache[key] = limits((observed,), (Background(expected, error, prior),), relative_error, level)[0]
    return cache[key]


def _measurements(background: Background, truth: float, toys: int, generator: np.random.Generator) -> Floats:
    """Measured background and error of each pseudo-experiment, shape (toys, 2)."""
    if background.is_fixed:
        return np.tile([truth, 0.0], (toys, 1))
    if background.prior == "gamma_posterior":
        weight = background.error**2 / background.expected if background.expected else background.error
        events = generator.poisson(truth / weight, toys)
        return np.column_stack([events * weight, np.sqrt(np.maximum(events, 1)) * weight])
    if background.prior == "lognormal":
        relative = background.error / background.expected
        steps = np.rint(generator.normal(0, _GRID, toys)) / _GRID
        measured = truth * np.exp(steps * np.log1p(relative))
        return np.column_stack([measured, relative * measured])
    steps = np.rint(generator.normal(0, _GRID, toys)) / _GRID
    return np.column_stack([np.maximum(truth + steps * background.error, 0.0), np.full(toys, background.error)])


def _efficiencies(relative_error: float, toys: int, generator: np.random.Generator) -> Floats:
    if relative_error == 0:
        return np.ones(toys)
    shape = 1 / relative_error**2
    return generator.gamma(shape, 1 / shape, toys)


@dataclass(frozen=True)
class InjectionStudy:
    """Pseudo-experiments of a peak search at one mass with `signal` true events in the window on average."""

    mass: float
    signal: float
    bias: float
    """Mean of (N_exp - true background) in events."""
    bias_error: float
    leakage: float
    """Mean of kappa, the predicted bias per signal event."""
    coverage: float
    corrected_coverage: float
    found: float
    """Share with a local significance above 3."""
    excesses: tuple[float, float, float]
    """Shares with a local significance above 1, 2, 3."""
    containment: tuple[float, float]
    """Shares of observed limits inside the expected +-1 and +-2 sigma bands."""
    median_expected_limit: float
    """Mean over the pseudo-experiments of the median expected limit, in events."""


def injection_study(
    background: BackgroundSpectrum,
    resolution: Callable[[Floats], Floats],
    mass: float,
    signal: float,
    *,
    toys: int,
    seed: int,
    confidence_level: float = 0.9,
    settings: ScanSettings | None = None,
) -> InjectionStudy:
    """Inject a Gaussian peak and see whether the limits hold, with and without the leakage correction."""
    if not signal >= 0:
        raise ArgumentError(f"signal must not be negative, got {signal}")
    settings = settings or ScanSettings()
    generator = np.random.default_rng(seed)
    width = float(resolution(np.array([mass]))[0])
    inside = float(ndtr(settings.window) - ndtr(-settings.window))
    spectra = []
    for _ in range(toys):
        peak = generator.normal(mass, width, generator.poisson(signal / inside))
        spectra.append(np.sort(np.concatenate([background.toy(generator), peak])))
    fits = _joined([sideband_fit(s, np.array([mass]), np.array([width]), settings) for s in spectra])
    counts = fits.counts
    limits = counts.upper_limits(fits.observed, confidence_level)
    bands = counts.expected_limits(confidence_level)
    significances = counts.significances(fits.observed)
    truth = _between(background, mass - settings.window * width, mass + settings.window * width)
    residuals = fits.expected - truth
    return InjectionStudy(
        mass=mass,
        signal=signal,
        bias=float(residuals.mean()),
        bias_error=float(residuals.std() / np.sqrt(toys)),
        leakage=float(fits.leakage.mean()),
        coverage=float((limits >= signal).mean()),
        corrected_coverage=float((limits / (1 - fits.leakage) >= signal).mean()),
        found=float((significances > 3).mean()),
        excesses=(
            float((significances > 1).mean()),
            float((significances > 2).mean()),
            float((significances > 3).mean()),
        ),
        containment=(
            float(((limits >= bands[1]) & (limits <= bands[3])).mean()),
            float(((limits >= bands[0]) & (limits <= bands[4])).mean()),
        ),
        median_expected_limit=float(bands[2].mean()),
    )


def _joined(fits: list[SidebandFit]) -> SidebandFit:
    return SidebandFit(
        observed=np.concatenate([fit.observed for fit in fits]),
        expected=np.concatenate([fit.expected for fit in fits]),
        fit_error=np.concatenate([fit.fit_error for fit in fits]),
        order_error=np.concatenate([fit.order_error for fit in fits]),
        leakage=np.concatenate([fit.leakage for fit in fits]),
        probability=np.concatenate([fit.probability for fit in fits]),
    )


def _between(background: BackgroundSpectrum, low: float, high: float) -> float:
    """Expected events between two masses."""
    cumulative = np.concatenate([[0.0], np.cumsum(background.expected)])
    below, above = np.interp([low, high], background.edges, cumulative)
    return float(above - below)
