"""Feldman-Cousins upper limits (Phys. Rev. D 57 (1998) 3873), with the errors averaged over.

Outcomes n enter the acceptance region of a signal s in the order of P(n|s) / P(n|s_best(n)), s_best = max(0, n - b),
until their probability reaches the confidence level.  Background and efficiency errors are averaged in P(n|s)
(J. Conrad et al., Phys. Rev. D 67 (2003) 012002).  The limit is the largest s whose region holds the observed count;
the published tables also lengthen some intervals so that limits never grow with the background: `lengthened_limits`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background
from rarekaon.analysis.statistics.counting import cls_limits
from rarekaon.analysis.statistics.few_counts import total_counts

Floats = NDArray[np.float64]

_MOST_COUNTS = 2_500


class FeldmanCousins:
    """Acceptance regions for one background and efficiency error, for signals up to `highest_signal`."""

    def __init__(
        self, backgrounds: Sequence[Background], relative_error: float, confidence_level: float, highest_signal: float
    ) -> None:
        self.expected = sum(component.expected for component in backgrounds)
        mean = self.expected + 8 * sum(component.error for component in backgrounds) + highest_signal
        self._size = int(mean + 10 * math.sqrt(mean) + 8 * relative_error * highest_signal) + 30
        if self._size > _MOST_COUNTS:
            raise ArgumentError(
                "observed, background or ses_error: the Feldman-Cousins construction would need "
                f"{self._size} counts and minutes, and is not offered; use method 'cls'"
            )
        self._level = confidence_level
        self._relative_error = relative_error
        best = np.maximum(0.0, np.arange(self._size) - self.expected)
        self._known = relative_error == 0 and all(component.is_fixed for component in backgrounds)
        if self._known:
            self._best = self._probability(best).diagonal()
            return
        self._background = total_counts(backgrounds, self._size - 1)
        self._background /= self._background.sum()
        self._best = np.array([(signal @ self._background[n::-1]) for n, signal in self._signal_rows(best)])

    def accepts(self, observed: int, signals: Floats) -> NDArray[np.bool_]:
        """Whether `observed` lies in the acceptance region of each signal mean."""
        probability = self._probability(signals)
        ratio = probability / np.maximum(self._best, 1e-300)
        better = ratio > ratio[:, [observed]] * (1 + 1e-12)
        return np.asarray((probability * better).sum(axis=1) < self._level)

    def upper_limit(self, observed: int, hopeless: float) -> float:
        """Largest signal mean, below the `hopeless` one, whose acceptance region holds `observed`."""
        low, high = 0.0, hopeless
        for points in (1_500 if self._size < 400 else 300, 41, 41, 41, 41, 41):
            grid = np.linspace(low, high, points)
            accepted = np.flatnonzero(self.accepts(observed, grid))
            if accepted.size == 0:
                return low
            low, high = grid[accepted[-1]], grid[min(accepted[-1] + 1, points - 1)]
        return float(low)

    def _probability(self, signals: Floats) -> Floats:
        """P(n|s), shape (signals, counts)."""
        n = np.arange(self._size)
        if self._known:
            mean = signals[:, None] + self.expected
            return np.asarray(np.exp(xlogy(n, mean) - mean - gammaln(n + 1)))
        toeplitz = np.where(n[None, :] >= n[:, None], self._background[np.abs(n[None, :] - n[:, None])], 0.0)
        return np.asarray(np.exp(log_signal_counts(n, signals, self._relative_error)) @ toeplitz)

    def _signal_rows(self, signals: Floats) -> list[tuple[int, Floats]]:
        return [
            (n, np.exp(log_signal_counts(np.arange(n + 1), np.array([signal]), self._relative_error))[0])
            for n, signal in enumerate(signals)
        ]


def log_signal_counts(j: NDArray[np.int64], signals: Floats, relative_error: float) -> Floats:
    """log of the signal count probabilities, efficiency marginalised, shape (signals, counts)."""
    s = np.maximum(signals[:, None], 1e-300)
    if relative_error == 0:
        return np.asarray(j * np.log(s) - s - gammaln(j + 1))
    shape = 1 / relative_error**2
    steps = np.log1p(j[:-1] / shape) - np.log(j[1:])
    offset = np.concatenate([[0.0], np.cumsum(steps)])
    growth = np.log1p(s / shape)
    return np.asarray(offset + j * (np.log(s) - growth) - shape * growth)


def feldman_cousins_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """Upper ends of the Feldman-Cousins intervals on the signal mean in events, one for each observed count.

    Raises ArgumentError where the construction would take minutes: thousands of events, or an error of the
    sensitivity so large that thousands of signal events cannot be excluded.
    """
    # Signals that leave one in ten thousand experiments at or below the count: above any limit.
    hopeless = cls_limits(counts, backgrounds, relative_error, 1 - 1e-3 * (1 - confidence_level))
    construction = FeldmanCousins(backgrounds, relative_error, confidence_level, max(hopeless))
    limits = {n: construction.upper_limit(n, top) for n, top in set(zip(counts, hopeless, strict=True))}
    return [limits[n] for n in counts]


def lengthened_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """The limits lengthened as in the published tables, for a known background and no error of the sensitivity.

    A larger background must not give a weaker limit: the largest limit found for any background above this one.
    """
    if relative_error or not all(component.is_fixed for component in backgrounds):
        raise ArgumentError("method 'fc_lengthened' is published without errors of background and ses; use 'fc'")
    expected = sum(component.expected for component in backgrounds)
    above = np.arange(expected, expected + 2.0, 0.02)
    limits = [feldman_cousins_limits(counts, [Background(float(b))], 0.0, confidence_level) for b in above]
    return [max(of_one_count) for of_one_count in zip(*limits, strict=True)]
