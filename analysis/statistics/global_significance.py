"""How unlikely the largest local significance of a scan is anywhere in its range (the look-elsewhere effect)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rarekaon.analysis.statistics.peak_search import ScanSettings, mass_hypotheses, sideband_fit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BackgroundSpectrum:
    """A smooth background to draw toys from: expected events per bin of a fine histogram (edges in MeV)."""

    edges: Floats
    expected: Floats

    def toy(self, generator: np.random.Generator) -> Floats:
        """Sorted masses of one pseudo-experiment, uniform within the bins."""
        counts = generator.poisson(self.expected)
        low = np.repeat(self.edges[:-1], counts)
        width = np.repeat(np.diff(self.edges), counts)
        return np.sort(low + width * generator.random(low.size))


def smooth_spectrum(spectrum: Floats, settings: ScanSettings | None = None, order: int = 6) -> BackgroundSpectrum:
    """Background to draw toys from: exp of a polynomial, fitted to the spectrum by maximum likelihood.

    The exponential keeps it positive; narrow peaks do not move a polynomial over the whole range.
    """
    settings = settings or ScanSettings()
    edges = np.arange(settings.low, settings.high + 0.25, 0.5, dtype=np.float64)
    counts = np.histogram(spectrum, edges)[0].astype(float)
    x = 2 * (edges[:-1] + 0.25 - settings.low) / (settings.high - settings.low) - 1
    design = np.polynomial.chebyshev.chebvander(x, order)
    coefficients = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(50):
        means = np.exp(design @ coefficients)
        step = np.linalg.solve(design.T @ (means[:, None] * design), design.T @ (counts - means))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-9:
            break
    return BackgroundSpectrum(edges, np.exp(design @ coefficients))


@dataclass(frozen=True)
class ScanToys:
    """Background-only scans: largest local significances and mean upcrossings of a reference level.

    largest: shape (toys,); level and upcrossings: reference level and its mean number of upcrossings a scan.
    """

    largest: Floats
    level: float
    upcrossings: float
    excesses: dict[float, float]
    """Share of the hypotheses with a local significance above 1, 2 and 3."""

    def p_value(self, significance: float) -> float:
        """Global p-value of a largest local significance: toys as far as they count it, Gross-Vitells above.

        p = P(local) + <N(u0)> exp(-(u^2 - u0^2) / 2) with the upcrossings N of u0 (Eur. Phys. J. C 70 (2010) 525);
        it takes over where fewer than 20 toys are left above.
        """
        above = int((self.largest >= significance).sum())
        return above / self.largest.size if above >= 20 else self.gross_vitells(significance)

    def gross_vitells(self, significance: float) -> float:
        """The upper bound of Gross and Vitells, capped at 1."""
        local = float(ndtr(-significance))
        return min(1.0, local + self.upcrossings * math.exp((self.level**2 - significance**2) / 2))

    def global_significance(self, significance: float) -> float:
        """Global p-value in one-sided standard deviations."""
        return float(-ndtri(min(self.p_value(significance), 1 - 1e-12)))

    def effective_trials(self, significance: float) -> float:
        """Number of independent hypotheses with the same global p-value."""
        somewhere, here = (min(p, 1 - 1e-12) for p in (self.p_value(significance), float(ndtr(-significance))))
        return math.log1p(-somewhere) / math.log1p(-here)


def scan_toys(
    background: BackgroundSpectrum,
    resolution: Callable[[Floats], Floats],
    *,
    toys: int,
    seed: int,
    level: float = 1.0,
    masses: Floats | None = None,
    settings: ScanSettings | None = None,
) -> ScanToys:
    """Repeat the scan on `toys` background-only pseudo-experiments."""
    hypotheses = mass_hypotheses() if masses is None else masses
    widths = resolution(hypotheses)
    generator = np.random.default_rng(seed)
    scans = np.array([_significances(background.toy(generator), hypotheses, widths, settings) for _ in range(toys)])
    crossings = ((scans[:, :-1] < level) & (scans[:, 1:] >= level)).sum(axis=1)
    return ScanToys(
        largest=scans.max(axis=1),
        level=level,
        upcrossings=float(crossings.mean()),
        excesses={z: float((scans > z).mean()) for z in (1.0, 2.0, 3.0)},
    )


def _significances(toy: Floats, masses: Floats, widths: Floats, settings: ScanSettings | None) -> Floats:
    fit = sideband_fit(toy, masses, widths, settings)
    return fit.counts.significances(fit.observed)
