"""Figures of the coverage studies: do the limits hold, around each search and along the peak search?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rarekaon.analysis.facts.published import Published, all_published
from rarekaon.analysis.limits.from_publications import background_of, recomputed_limit, recomputed_sensitivity
from rarekaon.analysis.report.figures import save_figure, style
from rarekaon.analysis.statistics import Background
from rarekaon.analysis.statistics.coverage import CountingCoverage, InjectionStudy, counting_coverage, injection_study
from rarekaon.analysis.statistics.global_significance import BackgroundSpectrum, scan_toys

METHODS = ("cls", "fc", "bayes", "rolke")
"""Methods whose coverage is drawn."""
Floats = NDArray[np.float64]

MASSES = (220.0, 260.0, 300.0, 350.0, 375.0, 384.0)
SIGNALS_IN_LIMITS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Injected signals in units of the median expected limit."""


@dataclass(frozen=True)
class Sizes:
    """Pseudo-experiments per point of each figure."""

    counting: int
    """Of a counting experiment."""
    peak: int
    """Of a peak search at one mass."""
    scan: int
    """Of a whole scan."""


QUICK = Sizes(counting=1_000, peak=150, scan=50)
FULL = Sizes(counting=20_000, peak=2_000, scan=500)


def draw_coverage(directory: Path, *, quick: bool = False, seed: int = 2022) -> tuple[Path, ...]:
    """Write `coverage-counting.png`, `coverage-peak.png` and `coverage-scan.png` into a directory.

    quick: fewer pseudo-experiments (half a minute on one core; a few minutes in full).
    """
    directory.mkdir(parents=True, exist_ok=True)
    sizes = QUICK if quick else FULL
    return (
        _draw_counting(directory / "coverage-counting.png", sizes.counting, seed),
        _draw_peak(directory / "coverage-peak.png", sizes.peak, seed),
        _draw_scan(directory / "coverage-scan.png", sizes.scan, seed),
    )


def resolution(masses: Floats) -> Floats:
    """Mass resolution in MeV for the studies: 3.5 at 200 MeV falling to 1 at 384 MeV.

    An assumption: Figure 3 of Phys. Lett. B 816 (2021) 136259 is not published as numbers; 1.5e-3 GeV^2 of the
    K+ -> mu+ nu peak alone would be 3.75 MeV at 200 MeV, and the muon gets softer with the mass.
    """
    return np.interp(masses, [200.0, 384.0], [3.5, 1.0])


def example_spectrum() -> BackgroundSpectrum:
    """A falling background spectrum of about the size of the paper's (7549 events above 316 MeV)."""
    edges = np.arange(188.0, 386.25, 0.5, dtype=np.float64)
    middle = (edges[:-1] + edges[1:]) / 2
    shape = np.exp(-(middle - 188) / 70) * (1 - ((middle - 188) / 205) ** 4)
    return BackgroundSpectrum(edges, 7549 * shape / shape[middle > 316].sum())


def counting_studies(toys: int, seed: int) -> dict[str, list[CountingCoverage]]:
    """Coverage of every method for every published search of few events, 0.25 to 3 times its limit."""
    few = [paper for paper in all_published().values() if paper.count is not None and paper.count.expected < 100]
    return {f"{paper.search} {paper.dataset}": _studies(paper, toys, seed) for paper in few}


def _studies(paper: Published, toys: int, seed: int) -> list[CountingCoverage]:
    sensitivity, limit = recomputed_sensitivity(paper), recomputed_limit(paper)
    assert sensitivity is not None
    assert limit is not None
    background: Background = background_of(paper)
    signals = limit.signal_events * np.array([0.25, 0.5, 0.75, 0.99, 1.25, 1.5, 2.0, 3.0])
    results: list[CountingCoverage] = []
    for method in METHODS:
        # Feldman-Cousins costs a thousand times the others a limit.
        number = toys // 20 if method == "fc" else toys
        for truth in (max(0.0, background.expected - background.error), background.expected + background.error):
            results += counting_coverage(
                background,
                signals,
                true_background=truth,
                relative_error=sensitivity.error / sensitivity.value,
                method=method,
                toys=number,
                seed=seed,
            )
    return results


def _draw_counting(path: Path, toys: int, seed: int) -> Path:
    studies = counting_studies(toys, seed)

    def draw(axes: NDArray[Any]) -> None:
        for axis, (name, results) in zip(axes.flat, studies.items(), strict=False):
            for method in METHODS:
                for line, rows in zip(("-", "--"), _by_truth(results, method), strict=True):
                    signals = [row.true_signal for row in rows]
                    label = method if line == "-" else None
                    axis.plot(signals, [row.coverage for row in rows], line, color=_COLOURS[method], label=label)
            axis.axhline(0.9, color="grey", linewidth=0.8)
            axis.set(title=name, xlabel="true signal events", ylabel="coverage of 90% CL limits", ylim=(0.7, 1.01))
        axes.flat[0].legend(title="background -1 sigma (solid), +1 sigma (dashed)", fontsize=7, title_fontsize=7)

    return _figure(path, (2, 3), draw)


def _by_truth(results: list[CountingCoverage], method: str) -> tuple[list[CountingCoverage], list[CountingCoverage]]:
    rows = [row for row in results if row.method == method]
    lowest = min(row.true_background for row in rows)
    low = [row for row in rows if row.true_background == lowest]
    return low, [row for row in rows if row.true_background != lowest]


def peak_studies(toys: int, seed: int) -> dict[float, list[InjectionStudy]]:
    """Injection studies at several masses, signals in units of the median expected limit there."""
    background = example_spectrum()
    studies = {}
    for mass in MASSES:
        nothing = injection_study(background, resolution, mass, 0.0, toys=toys, seed=seed)
        unit = nothing.median_expected_limit
        signals = [unit * factor for factor in SIGNALS_IN_LIMITS[1:]]
        studies[mass] = [
            nothing,
            *(injection_study(background, resolution, mass, s, toys=toys, seed=seed) for s in signals),
        ]
    return studies


def _draw_peak(path: Path, toys: int, seed: int) -> Path:
    studies = peak_studies(toys, seed)

    def draw(axes: NDArray[Any]) -> None:
        for mass, rows in studies.items():
            units = list(SIGNALS_IN_LIMITS)
            axes.flat[0].plot(units[1:], [row.coverage for row in rows[1:]], "o-", label=f"{mass:g} MeV")
            axes.flat[1].plot(units[1:], [row.corrected_coverage for row in rows[1:]], "o-", label=f"{mass:g} MeV")
            axes.flat[2].errorbar(
                units, [row.bias for row in rows], [row.bias_error for row in rows], fmt="o-", label=f"{mass:g} MeV"
            )
            axes.flat[3].plot(units, [row.found for row in rows], "o-", label=f"{mass:g} MeV")
        x = "injected signal / median expected limit"
        axes.flat[0].set(title="as published", xlabel=x, ylabel="coverage of 90% CL limits", ylim=(0.3, 1.02))
        axes.flat[1].set(title="leakage corrected", xlabel=x, ylabel="coverage of 90% CL limits", ylim=(0.3, 1.02))
        axes.flat[2].set(title="bias of the expected background", xlabel=x, ylabel="N_exp - truth (events)")
        axes.flat[3].set(title="signal found", xlabel=x, ylabel="share above 3 sigma (local)")
        for axis in axes.flat[:2]:
            axis.axhline(0.9, color="grey", linewidth=0.8)
        axes.flat[0].legend(fontsize=8)

    return _figure(path, (2, 2), draw)


def _draw_scan(path: Path, toys: int, seed: int) -> Path:
    background = example_spectrum()
    scans = scan_toys(background, resolution, toys=toys, seed=seed)
    null = [injection_study(background, resolution, mass, 0.0, toys=4 * toys, seed=seed) for mass in MASSES]

    def draw(axes: NDArray[Any]) -> None:
        local = np.linspace(1, 5, 81)
        axes.flat[0].plot(local, [scans.gross_vitells(z) for z in local], label="Gross-Vitells")
        axes.flat[0].plot(local, [(scans.largest >= z).mean() for z in local], drawstyle="steps", label="toys")
        axes.flat[0].set(yscale="log", ylim=(1e-4, 1.5), xlabel="largest local significance", ylabel="global p-value")
        axes.flat[0].legend()
        for k, expected in ((0, 0.1587), (1, 0.0228)):
            axes.flat[1].plot(MASSES, [row.excesses[k] for row in null], "o-", label=f"above {k + 1} sigma")
            axes.flat[1].axhline(expected, color="grey", linewidth=0.8)
        for k, expected in ((0, 0.6827), (1, 0.9545)):
            axes.flat[1].plot(
                MASSES, [row.containment[k] for row in null], "s--", label=f"limits in ±{k + 1} sigma band"
            )
            axes.flat[1].axhline(expected, color="grey", linewidth=0.8)
        axes.flat[1].set(xlabel="mass (MeV)", ylabel="share of background-only toys", ylim=(0, 1.02))
        axes.flat[1].legend(fontsize=8)

    return _figure(path, (1, 2), draw)


_COLOURS = {"cls": "C0", "fc": "C1", "bayes": "C2", "rolke": "C3"}


def _figure(path: Path, shape: tuple[int, int], draw: Callable[[NDArray[Any]], None]) -> Path:
    with style():
        figure = Figure(figsize=(5.2 * shape[1], 4.2 * shape[0]), layout="constrained")
        draw(figure.subplots(*shape, squeeze=False))
    return save_figure(figure, path)
