"""The width of a peak: the standard deviation of a Gaussian fitted to its core."""

from __future__ import annotations

import math
from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

CORE = 2.0
"""Half-width of the fitted part in standard deviations."""
ITERATIONS = 8
FEWEST_BINS = 5

Float = NDArray[np.float64]


class NoPeakError(ValueError):
    """A histogram without a peak that a width could be measured of."""


def peaks(histogram: hist.Hist[Any]) -> bool:
    """Whether enough bins are filled to measure a width."""
    return int(np.count_nonzero(histogram.values() > 0)) >= FEWEST_BINS


def gaussian_core(histogram: hist.Hist[Any]) -> tuple[float, float]:
    """Standard deviation and its error, in the axis' unit, of the Gaussian that fits the peak within two of its own.

    Bins are compared with the integral of the Gaussian, so that bins of a sigma do no harm; the range of bins is
    iterated.  Raises NoPeakError where fewer than five bins are filled or the fit does not settle.
    """
    edges = np.asarray(histogram.axes[0].edges, dtype=np.float64)
    view: Any = histogram.view()
    content, variance = np.asarray(view["value"], float), np.asarray(view["variance"], float)
    if not peaks(histogram):
        raise NoPeakError(f"{histogram.axes[0].label}: fewer than {FEWEST_BINS} filled bins; simulate more decays")
    centre, sigma = _quartiles(edges, content)
    error = math.inf
    for _ in range(ITERATIONS):
        middle = (edges[1:] + edges[:-1]) / 2
        core = np.abs(middle - centre) < max(CORE * sigma, 1.5 * (edges[1] - edges[0]))
        centre, sigma, error = _fitted(edges, content, variance, core, (centre, sigma))
    if not (math.isfinite(error) and edges[0] < centre < edges[-1]):
        raise NoPeakError(f"{histogram.axes[0].label}: the fit of a Gaussian to the core does not settle")
    return sigma, error


def _quartiles(edges: Float, content: Float) -> tuple[float, float]:
    """A first guess: the median, and the distance of the quartiles (1.349 standard deviations of a Gaussian).

    Not the highest bin: of a sparse histogram with narrow bins it says nothing of the width.
    """
    below = np.concatenate([[0.0], np.cumsum(np.maximum(content, 0.0))])
    low, middle, high = np.interp(below[-1] * np.array([0.25, 0.5, 0.75]), below, edges)
    return float(middle), max(float(high - low) / 1.349, float(edges[1] - edges[0]))


def _fitted(
    edges: Float, content: Float, variance: Float, core: NDArray[np.bool_], start: tuple[float, float]
) -> tuple[float, float, float]:
    """Centre, sigma and the error of sigma, from the bins of the core."""
    wanted = np.flatnonzero(core)
    low, high = edges[wanted], edges[wanted + 1]
    floor = variance[wanted][variance[wanted] > 0].min(initial=np.inf)
    weight = 1 / np.sqrt(np.maximum(variance[wanted], floor))

    def pulls(x: Float) -> Float:
        area, centre, logarithm = x
        sigma = math.exp(logarithm)
        return np.asarray(
            (area * (ndtr((high - centre) / sigma) - ndtr((low - centre) / sigma)) - content[wanted]) * weight
        )

    area = float(content[wanted].sum())
    found = least_squares(pulls, [area, start[0], math.log(start[1])], x_scale=[area, start[1], 1.0])
    slopes = np.asarray(found.jac, dtype=np.float64)
    covariance = np.linalg.pinv(slopes.T @ slopes)
    sigma = math.exp(found.x[2])
    return float(found.x[1]), sigma, sigma * math.sqrt(covariance[2, 2])
