"""CLs limits, p-values and expected bands of many counts at once, for backgrounds with a Gaussian error.

The exact engine of `counting` sums over counts; for hundreds of hypotheses with hundreds of events each it is
quicker to integrate over the true background: n_s + n_b is Poisson of mean s + b, so

    CLs(s) = E_b[Q(n + 1, s + b)] / E_b[Q(n + 1, b)],     Q the regularised upper incomplete gamma function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaincc, gammaln, ndtr, ndtri, ndtri_exp

Floats = NDArray[np.float64]

SIGMAS = (-2.0, -1.0, 0.0, 1.0, 2.0)

_STEPS = 6
_HERMITE = np.polynomial.hermite_e.hermegauss(16)
_LEGENDRE = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True)
class _Nodes:
    """Quadrature of the true background for some of the hypotheses: `means` and `weights` of shape (some, nodes)."""

    index: NDArray[np.int64]
    means: Floats
    weights: Floats


class GaussianCounts:
    """Backgrounds `expected` +- `error` cut at zero, shape (hypotheses,) each; error 0 is allowed."""

    def __init__(self, expected: ArrayLike, error: ArrayLike) -> None:
        self.expected = np.atleast_1d(np.asarray(expected, dtype=float))
        self.error = np.atleast_1d(np.asarray(error, dtype=float))
        # Few nodes do where the error is below the Poisson width and far from the cut at zero.
        narrow = (self.error <= np.sqrt(self.expected)) & (self.expected > 7 * self.error)
        self._groups = [
            nodes(np.flatnonzero(chosen))
            for chosen, nodes in ((narrow, self._hermite), (~narrow, self._legendre))
            if chosen.any()
        ]

    def upper_limits(self, observed: ArrayLike, confidence_level: float = 0.9) -> Floats:
        """CLs limits on the signal mean; `observed` has shape (hypotheses,) or (sets, hypotheses)."""
        n = np.asarray(observed, dtype=float)
        nothing = np.zeros(n.shape)
        target = np.log((1 - confidence_level) * self._below(n, nothing))
        low, high = nothing, np.full(n.shape, np.inf)
        signal = self._gaussian_limit(n, confidence_level)
        for _ in range(80):
            value, slope = self._below(n, signal), -self._at(n, signal)
            with np.errstate(divide="ignore", invalid="ignore"):
                distance = np.log(value) - target
                moved = signal - distance * value / slope
            low, high = np.where(distance > 0, signal, low), np.where(distance > 0, high, signal)
            middle = np.where(np.isinf(high), 2 * signal + 1, (low + high) / 2)
            moved = np.where(np.isfinite(moved) & (moved >= low) & (moved <= high), moved, middle)
            step, signal = np.abs(moved - signal), moved
            # Newton's error falls as the square of the step.
            if (step < 1e-5 * (1 + signal)).all():
                break
        return signal

    def log_p_values(self, observed: ArrayLike) -> Floats:
        """log P(count >= observed | background), shape of `observed`."""
        n = np.asarray(observed, dtype=float)
        tail = self._averaged(n, lambda count, nodes: gammainc(np.maximum(count, 1), nodes.means))
        return np.asarray(np.log(np.where(n > 0, np.maximum(tail, 1e-300), 1.0)))

    def significances(self, observed: ArrayLike) -> Floats:
        """One-sided local significance in standard deviations; -infinity for no event."""
        return np.asarray(-ndtri_exp(self.log_p_values(observed)))

    def count_quantiles(self, sigmas: tuple[float, ...] = SIGMAS) -> NDArray[np.int64]:
        """Smallest n with P(count <= n) >= Phi(sigma), shape (sigmas, hypotheses)."""
        z = np.asarray(sigmas)[:, None]
        levels = np.broadcast_to(ndtr(z), (z.size, self.expected.size))
        variance = self.expected + self.error**2 + 1e-12
        # Cornish-Fisher: the third cumulant of the counts is about their Poisson mean.
        guess = np.floor(self.expected + z * np.sqrt(variance) + (z**2 - 1) * self.expected / (6 * variance))
        n = np.maximum(guess, 0.0)
        below = self._below(n)
        # The guess is rarely off by more than one, and P(n) is far cheaper than a cumulative probability.
        for _ in range(_STEPS):
            at = self._at(n, np.zeros(n.shape))
            down = (below - at >= levels) & (n > 0)
            up = below < levels
            if not (down | up).any():
                return np.asarray(n.astype(np.int64))
            above = self._at(n + 1, np.zeros(n.shape))
            below = np.where(down, below - at, np.where(up, below + above, below))
            n = np.where(down, n - 1, np.where(up, n + 1, n))
        return self._bisected_quantiles(levels, n)

    def _bisected_quantiles(self, levels: Floats, n: Floats) -> NDArray[np.int64]:
        """Quantiles where the guess was far off: errors as large as the background itself."""
        low, high = np.full(n.shape, -1.0), 2 * n + 10
        while (short := self._below(high) < levels).any():
            low, high = np.where(short, high, low), np.where(short, 2 * high, high)
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            enough = self._below(middle) >= levels
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.asarray(high.astype(np.int64))

    def expected_limits(self, confidence_level: float = 0.9) -> Floats:
        """Limits at the -2 .. 2 sigma quantiles of the background-only count, shape (5, hypotheses)."""
        return self.upper_limits(self.count_quantiles(), confidence_level)

    def _gaussian_limit(self, n: Floats, confidence_level: float) -> Floats:
        """The limit if all were Gaussian: where Newton's method starts."""
        sigma = np.sqrt(n + self.error**2 + 1)
        excess = n - self.expected
        return np.asarray(np.maximum(excess - sigma * ndtri((1 - confidence_level) * ndtr(excess / sigma)), 0.1))

    def _below(self, n: Floats, signal: Floats | None = None) -> Floats:
        """P(count <= n) with `signal` expected events on top of the background; 0 for n < 0."""
        s = np.zeros(n.shape) if signal is None else signal
        at_least_none = np.maximum(n, 0.0)

        def cumulative(count: Floats, nodes: _Nodes) -> Floats:
            return np.asarray(gammaincc(count + 1, nodes.means + s[..., nodes.index, None]))

        return np.where(n < 0, 0.0, self._averaged(at_least_none, cumulative))

    def _at(self, n: Floats, signal: Floats) -> Floats:
        """P(count = n), which is minus the slope of P(count <= n) in the signal."""
        log_factorial = gammaln(n + 1)

        def probability(count: Floats, nodes: _Nodes) -> Floats:
            total = nodes.means + signal[..., nodes.index, None]
            return np.asarray(np.exp(count * np.log(total) - total - log_factorial[..., nodes.index, None]))

        return self._averaged(n, probability)

    def _averaged(self, n: Floats, function: _CountFunction) -> Floats:
        result = np.empty(n.shape)
        for nodes in self._groups:
            values = function(n[..., nodes.index, None], nodes)
            result[..., nodes.index] = (values * nodes.weights).sum(axis=-1)
        return result

    def _hermite(self, index: NDArray[np.int64]) -> _Nodes:
        points, weights = _HERMITE
        means = self.expected[index, None] + self.error[index, None] * points
        return _Nodes(index, means, np.broadcast_to(weights / weights.sum(), means.shape))

    def _legendre(self, index: NDArray[np.int64]) -> _Nodes:
        points, weights = _LEGENDRE
        expected, error = self.expected[index, None], self.error[index, None]
        low = np.maximum(0.0, expected - 6 * error)
        half = (expected + 6 * error - low) / 2
        means = np.maximum(low + half + half * points, 1e-300)
        density = weights * np.exp(-(((means - expected) / np.where(error > 0, error, 1.0)) ** 2) / 2)
        return _Nodes(index, means, density / density.sum(axis=-1, keepdims=True))


_CountFunction = Callable[[Floats, _Nodes], Floats]
