"""Exact CLs and Bayesian limits of one counting experiment.

n = n_s + n_b with n_s Poisson of mean s.  With m_k the predicted background counts (error marginalised) and f_s(j)
the signal counts (efficiency marginalised),

    CLs(s) = P(n_s + n_b <= n) / P(n_b <= n) = sum_j f_s(j) M(n - j) / M(n),    M(n) = sum_{k <= n} m_k

(A. L. Read, J. Phys. G 28 (2002) 2693).  The efficiency relative to its nominal value has a gamma prior of mean 1
and standard deviation r, the relative error of the single event sensitivity: it is positive for any r, and f_s is
then a negative binomial, exact without quadrature.

The sum is taken up to `FEW` observed events; of more, both probabilities are contour integrals (`contours`), exact to
ten digits, at a cost that does not grow with the counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, ndtri

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background
from rarekaon.analysis.statistics.contours import FEW
from rarekaon.analysis.statistics.few_counts import total_counts
from rarekaon.analysis.statistics.many_counts import log_below, log_ratio_below

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-10
"""Relative error of the efficiency below which nothing depends on it in double precision, but its square may vanish."""


_DEEP = -1e8
"""log probabilities of the observed count below which ratios of them are computed as such."""


class CountingExperiment:
    """An observed count, its backgrounds and the relative error of the signal efficiency; CLs of a signal mean.

    predicted: the background counts 0 .. observed up to a common factor, if they are known already.
    """

    def __init__(
        self,
        observed: int,
        backgrounds: Sequence[Background],
        relative_error: float = 0.0,
        predicted: Floats | None = None,
    ) -> None:
        cumulative = np.cumsum(total_counts(backgrounds, observed) if predicted is None else predicted)
        self.observed = observed
        self._ratio: Floats = (cumulative / cumulative[-1])[::-1]
        self._j = np.arange(observed + 1)
        self._spread = 0.0 if relative_error < NEGLIGIBLE else relative_error**2
        if self._spread == 0:
            self._log_terms: Floats = -gammaln(self._j + 1)
        else:
            steps = np.log1p(self._j[:-1] * self._spread) - np.log(self._j[1:])
            self._log_terms = np.concatenate([[0.0], np.cumsum(steps)])

    def cls(self, signal: float) -> float:
        """CLs of `signal` expected events (at the nominal efficiency)."""
        return self._cls_and_slope(signal)[0] if signal > 0 else 1.0

    def _cls_and_slope(self, signal: float) -> tuple[float, float]:
        """CLs and d CLs / d signal."""
        growth = math.log1p(signal * self._spread)
        decay = growth / self._spread if self._spread else signal
        terms = self._ratio * np.exp(self._log_terms + self._j * (math.log(signal) - growth) - decay)
        slope = float(terms @ (self._j - signal)) / (signal * (1 + signal * self._spread))
        return float(terms.sum()), slope

    def upper_limit(self, confidence_level: float, start: float | None = None) -> float:
        """Signal mean at which CLs = 1 - confidence level; `start` is a guess."""
        if self.observed == 0:
            return _limit_without_events(confidence_level, self._spread)
        return solve(self._log_cls, math.log1p(-confidence_level), start or self.observed + 3.0)

    def _log_cls(self, signal: float) -> tuple[float, float]:
        value, slope = self._cls_and_slope(signal)
        return (math.log(value), slope / value) if value > 0 else (-math.inf, 0.0)


class LargeCounts:
    """The same for several counts of more than `FEW` observed events at once, by contour integrals."""

    def __init__(self, observed: Sequence[int], backgrounds: Sequence[Background], relative_error: float = 0.0) -> None:
        self.observed: Floats = np.asarray(observed, dtype=float)
        self._backgrounds = backgrounds
        self._relative_error = 0.0 if relative_error < NEGLIGIBLE else relative_error
        self._without = log_below(self.observed, backgrounds)[0]
        if not np.isfinite(self._without).all():
            raise ArgumentError("observed: so few events are impossible with these backgrounds; check both")
        self._deep = self._without < _DEEP

    def cls(self, signals: Floats) -> Floats:
        """CLs of so many expected signal events (at the nominal efficiency) for each count."""
        return np.exp(self.log_cls(signals)[0])

    def log_cls(self, signals: Floats) -> tuple[Floats, Floats]:
        """log CLs and its derivative in the signal, for each count."""
        values, slopes = log_below(self.observed, self._backgrounds, signals, self._relative_error)
        values, slopes = values - self._without, slopes.copy()
        if (deep := self._deep).any():
            found = log_ratio_below(self.observed[deep], self._backgrounds, signals[deep], self._relative_error)
            values[deep], slopes[deep] = found
        return values, slopes

    def upper_limits(self, confidence_level: float) -> Floats:
        """Signal means at which CLs = 1 - confidence level."""
        target = math.log1p(-confidence_level)
        mean = sum(component.expected for component in self._backgrounds)
        sigma = np.sqrt(self.observed + sum(component.error**2 for component in self._backgrounds))
        excess = self.observed - mean
        z = -ndtri((1 - confidence_level) * ndtr(np.maximum(excess / sigma, -30.0)))
        signal = np.maximum(excess + z * sigma, 0.1 * sigma) * (1 + z * self._relative_error)
        signal = np.where(self._deep, -target, signal)
        low, high = np.zeros(signal.size), np.full(signal.size, np.inf)
        for _ in range(500):
            values, slopes = self.log_cls(signal)
            distance = values - target
            low, high = np.where(distance > 0, signal, low), np.where(distance > 0, high, signal)
            moved = signal - distance / np.minimum(slopes, -1e-300)
            outside = ~((moved >= low) & (moved <= high))
            moved = np.where(outside, np.where(np.isinf(high), 2 * signal, (low + high) / 2), moved)
            if not np.isfinite(moved).all() or moved.max() > 1e17:
                raise ArgumentError("ses_error is too large for a finite limit; give a smaller one")
            # Newton's error falls as the square of the step.
            if (np.abs(moved - signal) <= 1e-7 * moved).all():
                return np.asarray(moved)
            signal = moved
        raise ArgumentError("ses_error is too large for the limit to be found; give a smaller one")


def solve(log_cls: Callable[[float], tuple[float, float]], target: float, signal: float) -> float:
    """The signal at which log CLs, given with its slope, is `target`.

    Newton's method, as log CLs is smooth and falls monotonically, kept inside a bracket.
    """
    low, high = 0.0, math.inf
    for _ in range(2000):
        value, slope = log_cls(signal)
        distance = value - target
        low, high = (signal, high) if distance > 0 else (low, signal)
        proposal = signal - distance / slope if slope < 0 else math.nan
        if not low <= proposal <= high:
            proposal = 2 * signal if math.isinf(high) else (low + high) / 2
        if not math.isfinite(proposal):
            raise ArgumentError("ses_error is too large for a finite limit; give a smaller one")
        # Newton's error falls as the square of the step.
        if abs(proposal - signal) <= 1e-8 * proposal:
            return proposal
        signal = proposal
    raise ArgumentError("ses_error is too large for the limit to be found; give a smaller one")


def _limit_without_events(confidence_level: float, spread: float) -> float:
    """n = 0: the background drops out and CLs = (1 + s r^2)^(-1/r^2), exp(-s) without an error."""
    exponent = -math.log1p(-confidence_level)
    if exponent * spread > 700:
        raise ArgumentError("ses_error is too large for a finite limit; give a smaller one")
    return exponent if spread == 0 else math.expm1(exponent * spread) / spread


def cls_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """CLs upper limits on the signal mean in events, one for each observed count."""
    few, many = ([n for n in sorted(set(map(int, counts))) if (n > FEW) == large] for large in (False, True))
    limits: dict[int, float] = {}
    if many:
        found = LargeCounts(many, backgrounds, relative_error).upper_limits(confidence_level)
        limits |= zip(many, map(float, found), strict=True)
    predicted = total_counts(backgrounds, max(few)) if few else np.empty(0)
    for n in few:
        # Far below the expectation the shared terms underflow; the count's own do not.
        usable = predicted[: n + 1] if predicted[n] > 1e-200 else None
        experiment = CountingExperiment(n, backgrounds, relative_error, usable)
        start = limits[n - 1] + 1.3 if n - 1 in limits else None
        limits[n] = experiment.upper_limit(confidence_level, start)
    return [limits[n] for n in counts]


def bayesian_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """Bayesian upper limits on the signal mean for a flat prior in it.

    Integrating the likelihood above s gives CLs(s) again (a known coincidence for a counting experiment) but with
    every efficiency weighted by its inverse: Gamma(1/r^2 - 1) in place of Gamma(1/r^2).  At r >= 1 the posterior
    cannot be normalised and ArgumentError is raised.
    """
    if relative_error < NEGLIGIBLE:
        return cls_limits(counts, backgrounds, 0.0, confidence_level)
    if relative_error >= 1:
        raise ArgumentError("ses_error of 100% or more has no flat-prior posterior; use method 'cls'")
    shape = 1 / relative_error**2 - 1
    mean = shape * relative_error**2
    return [limit / mean for limit in cls_limits(counts, backgrounds, 1 / math.sqrt(shape), confidence_level)]
