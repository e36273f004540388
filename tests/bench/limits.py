"""Speed of the limits, as ratios of medians of interleaved repeats in one process: `make bench` prints them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from iminuit import Minuit
from iminuit.cost import ExtendedBinnedNLL

from rarekaon.analysis.facts.published import published
from rarekaon.analysis.limits.from_publications import background_of, recomputed_sensitivity
from rarekaon.analysis.limits.workspaces import published_export
from rarekaon.analysis.report.coverage import example_spectrum, resolution
from rarekaon.analysis.statistics import upper_limit
from rarekaon.analysis.statistics.asymptotic import asymptotic_limit
from rarekaon.analysis.statistics.gaussian_counts import GaussianCounts
from rarekaon.analysis.statistics.peak_search import ScanSettings, mass_hypotheses, peak_search, sideband_edges


def benchmarks(repeats: int = 5) -> list[dict[str, Any]]:
    """One record per goal: how many times faster (`ratio`) than what (`to`), and the goal."""
    return [_counting_limit(repeats), *_scan(repeats)]


def _counting_limit(repeats: int) -> dict[str, Any]:
    """The exact limit of K+ -> pi- mu+ mu+ with its band against pyhf's asymptotic one of the same search."""
    paper = published("pi_mumu", "2017")
    sensitivity, background = recomputed_sensitivity(paper), background_of(paper)
    content = published_export(paper).workspace()
    assert sensitivity is not None

    def exact() -> None:
        for _ in range(100):
            upper_limit(1, background, ses=sensitivity.value, ses_error=sensitivity.error)

    ours, theirs = _interleaved(repeats, exact, lambda: asymptotic_limit(content, anyway=True))
    return {
        "name": "one counting limit with its expected band (pi mumu 2017)",
        "ratio": theirs / (ours / 100),
        "to": "pyhf asymptotic limit of the same workspace",
        "goal": ">= 5000",
        "seconds": ours / 100,
    }


def _scan(repeats: int) -> list[dict[str, Any]]:
    spectrum = example_spectrum().toy(np.random.default_rng(1))
    ours, theirs = _interleaved(repeats, lambda: peak_search(spectrum, resolution), lambda: iminuit_scan(spectrum))
    start = time.process_time()
    peak_search(spectrum, resolution)
    seconds = time.process_time() - start
    return [
        {
            "name": "scan of 269 masses: two polynomial fits each, limits and bands",
            "ratio": theirs / ours,
            "to": "the same with iminuit (ExtendedBinnedNLL, Migrad)",
            "goal": ">= 20",
            "seconds": ours,
        },
        {
            "name": "CPU of the scan",
            "ratio": 1.0 / seconds,
            "to": "one second of CPU",
            "goal": ">= 1",
            "seconds": seconds,
        },
    ]


def iminuit_scan(spectrum: np.ndarray) -> np.ndarray:
    """The scan with every sideband fit made by iminuit; limits and bands as in ours.  Shape (6, hypotheses)."""
    masses = mass_hypotheses()
    widths = resolution(masses)
    rows = np.array([_iminuit_expectation(spectrum, m, w) for m, w in zip(masses, widths, strict=True)])
    counts = GaussianCounts(np.maximum(rows[:, 1], 0), np.hypot(rows[:, 2], rows[:, 3]))
    return np.vstack([counts.upper_limits(rows[:, 0]), counts.expected_limits()])


def _iminuit_expectation(spectrum: np.ndarray, mass: float, width: float) -> tuple[float, float, float, float]:
    settings = ScanSettings()
    edges = np.clip(mass + width * sideband_edges(settings), settings.low, settings.high)
    counts = np.diff(np.searchsorted(spectrum, edges)).astype(float)
    window = int(np.argmin(np.abs(sideband_edges(settings)[:-1] + settings.window)))
    used = np.diff(edges) > 1e-3 * width
    used[window] = False
    expected, errors = [], []
    for order in (2, 3):
        integral = _polynomial_integral(order, mass, settings.sideband * width)
        cost = ExtendedBinnedNLL(counts, edges, integral)
        cost.mask = used
        minuit = Minuit(
            cost, np.array([counts[used].mean() * settings.sideband / settings.bin_width, *([0.0] * order)])
        )
        minuit.migrad()
        limits = mass + settings.window * width * np.array([-1.0, 1.0])
        terms = np.diff([integral(limits, row) for row in np.eye(order + 1)], axis=1)[:, 0]
        expected.append(float(terms @ np.array(minuit.values)))
        errors.append(float(np.sqrt(terms @ np.array(minuit.covariance) @ terms)))
    return counts[window], expected[0], errors[0], abs(expected[0] - expected[1])


def _polynomial_integral(order: int, centre: float, scale: float) -> Callable[[np.ndarray, Any], np.ndarray]:
    powers = np.arange(1, order + 2)
    return lambda x, p: (((x - centre) / scale)[:, None] ** powers / powers) @ np.asarray(p)


def _interleaved(repeats: int, *functions: Callable[[], object]) -> list[float]:
    """Median wall time of each function, called in turn so that all see the same machine."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]
