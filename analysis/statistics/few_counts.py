"""Probabilities of small background counts, summed term by term, their errors marginalised.

Logarithms are kept relative to a reference where expectations are large: of 10^12 expected events the probabilities of
0, 1, 2 .. events have no digits left, their ratios all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc, gammaln, log_ndtr, logsumexp, wrightomega

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background

Floats = NDArray[np.float64]

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_PANEL = 1.8
"""Width of an integration panel in units of the narrower of prior and Poisson term."""
_REACH = 12.0
_SMALLEST = 1e-290


@dataclass(frozen=True)
class LogCounts:
    """log P(n) = terms[n] + reference for n = 0 .. of one component."""

    terms: Floats
    reference: float

    @property
    def log_probabilities(self) -> Floats:
        return self.terms + self.reference


@dataclass(frozen=True)
class _Nodes:
    """Means and log weights of a quadrature over the prior, the weights times exp(-mean) relative to `reference`."""

    means: Floats
    log_weights: Floats
    reference: float


def log_counts(background: Background, highest: int) -> LogCounts:
    """P(n) for n = 0 .. `highest` of one component, its error marginalised."""
    n = np.arange(highest + 1)
    if background.is_fixed:
        return LogCounts(_powers(n, background.expected), -background.expected)
    if background.prior == "gamma_posterior":
        shape, scale = background.gamma
        # A running sum of logarithms: gammaln(shape + n) - gammaln(shape) loses all digits for a large shape.
        steps = np.log((shape + n[:-1]) / (n[:-1] + 1)) - math.log1p(1 / scale)
        return LogCounts(np.concatenate([[0.0], np.cumsum(steps)]), -shape * math.log1p(scale))
    nodes = _nodes(background, highest)
    exponents = n[:, None] * np.log(nodes.means) + nodes.log_weights
    peak = exponents.max(axis=1, keepdims=True)
    terms = peak[:, 0] + np.log(np.exp(exponents - peak).sum(axis=1)) - gammaln(n + 1)
    return LogCounts(np.asarray(terms), nodes.reference)


def total_counts(backgrounds: Sequence[Background], highest: int) -> Floats:
    """P(n), up to one common factor, of the sum of independent components, shape (highest + 1,).

    The factor keeps the largest term near one, so that n = 0 of 10 000 expected events does not underflow.
    """
    fixed = sum(component.expected for component in backgrounds if component.is_fixed)
    total: Floats = _scaled(_powers(np.arange(highest + 1), fixed))
    for component in backgrounds:
        if not component.is_fixed:
            total = np.asarray(np.convolve(total, _scaled(log_counts(component, highest).terms)))[: highest + 1]
    if not total.sum() > 0:
        raise ArgumentError("observed: so few events are impossible with these backgrounds; check both")
    return total


def probabilities(backgrounds: Sequence[Background], highest: int) -> Floats:
    """P(n) of the sum of independent components, shape (highest + 1,); 0 where it underflows."""
    total: Floats = np.eye(1, highest + 1)[0]
    for component in backgrounds:
        total = np.convolve(total, np.exp(log_counts(component, highest).log_probabilities))[: highest + 1]
    return total


def log_above(n: int, backgrounds: Sequence[Background]) -> float:
    """log P(count >= n) of the sum of the components: every term is positive, so tiny tails keep their digits.

    P(n_1 + n_2 >= n) = P(n_1 >= n) + sum_(k < n) P(n_1 = k) P(n_2 >= n - k).
    """
    fixed = Background(sum(component.expected for component in backgrounds if component.is_fixed))
    tail = _log_tails(fixed, n)
    for component in (c for c in backgrounds if not c.is_fixed):
        counts, own = log_counts(component, n).log_probabilities, _log_tails(component, n)
        shifted = np.array([logsumexp(counts[:j] + tail[j:0:-1]) if j else -np.inf for j in range(n + 1)])
        tail = np.logaddexp(own, shifted)
    return min(0.0, float(tail[n]))


def _log_tails(background: Background, highest: int) -> Floats:
    """log P(count >= j) of one component for j = 0 .. `highest`."""
    j = np.arange(highest + 1)
    if background.is_fixed:
        return np.asarray(log_poisson_above(j, np.array([[background.expected]]))[0])
    if background.prior == "gamma_posterior":
        shape, scale = background.gamma
        return _log_gamma_above(j, shape, scale, background)
    means, log_weights = _prior_nodes(background, highest)
    return np.asarray(logsumexp(log_poisson_above(j, means[:, None]) + log_weights[:, None], axis=0))


def _log_gamma_above(j: NDArray[np.int64], shape: float, scale: float, background: Background) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.where(j > 0, betainc(np.maximum(j, 1), shape, scale / (1 + scale)), 1.0)
        logs = np.log(tail)
    if tail.min() > _SMALLEST:
        return np.asarray(logs)
    # Far out the terms fall at least as fast as a geometric series.
    length = int(60 * (1 + scale)) + 60
    terms = log_counts(background, int(j[-1]) + length).log_probabilities
    return np.asarray([log if t > _SMALLEST else logsumexp(terms[k:]) for k, t, log in zip(j, tail, logs, strict=True)])


def log_poisson_above(n: NDArray[np.int64], means: Floats) -> Floats:
    """log P(count >= n) of Poisson counts, broadcast, also where the probability underflows."""
    n, means = np.broadcast_arrays(n, means)
    tail = gammainc(np.maximum(n, 1), means)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(n > 0, np.log(tail), 0.0)
        tiny = (n > 0) & (tail < _SMALLEST) & (means > 0)
        if tiny.any():
            first, mean = n[tiny], means[tiny]
            series, term = np.ones(first.size), np.ones(first.size)
            for k in range(1, 400):
                term = term * mean / (first + k)
                series += term
            logs[tiny] = first * np.log(mean) - mean - gammaln(first + 1) + np.log(series)
    return np.asarray(logs)


def _powers(n: NDArray[np.int64], mean: float) -> Floats:
    """log(mean^n / n!)."""
    if mean == 0:
        return np.where(n == 0, 0.0, -np.inf)
    return np.asarray(n * math.log(mean) - gammaln(n + 1))


def _scaled(log_terms: Floats) -> Floats:
    peak = log_terms.max()
    return np.exp(log_terms - (peak if math.isfinite(peak) else 0.0))


def _nodes(background: Background, highest: int) -> _Nodes:
    """Quadrature of the prior where it matters for counts up to `highest`, however far that is from its centre."""
    if background.prior == "lognormal":
        return _lognormal_nodes(background, highest)
    parts = [_side_nodes(background, highest, side) for side in (-1, 1)]
    reference = max(part.reference + part.log_weights.max() for part in parts if part.means.size)
    kept = [p for p in parts if p.means.size and p.reference + p.log_weights.max() > reference - 1500]
    return _Nodes(
        np.concatenate([p.means for p in kept]),
        np.concatenate([p.log_weights + (p.reference - kept[0].reference) for p in kept]),
        kept[0].reference,
    )


def _side_nodes(background: Background, highest: int, side: int) -> _Nodes:
    """Nodes below (-1) or above (+1) the centre of a Gaussian; its mode times B^n e^-B moves from b - s^2 upwards."""
    centre, error = background.expected, background.down if side < 0 else background.error
    first, last = (0.0, centre) if side < 0 else (centre, math.inf)
    if error == 0:  # half of the pulls change nothing
        return _Nodes(np.array([max(centre, 1e-300)]), np.array([math.log(0.5)]), -centre - log_inside(background))
    if first == last:
        return _Nodes(np.empty(0), np.empty(0), -math.inf)

    def mode(n: int) -> float:
        half = (centre - error**2) / 2
        root = math.hypot(half, math.sqrt(n) * error)
        return half + root if half > 0 else n * error**2 / (root - half) if n else 0.0

    top = max(highest, 1)
    peak = min(max(mode(top), first), last)
    width = 1 / math.sqrt(top / max(peak, 1e-300) ** 2 + 1 / error**2)
    # At the edge of its side an integrand falls at least like exp(-mean).
    high = min(last, peak + max(_REACH * width, min(60.0, _REACH * error)))
    low = max(first, min(mode(0), last) - max(_REACH * error, 1e-3 * error))
    low = min(low, max(first, high - _REACH * error)) if low >= high else low
    means, log_steps = _panels(low, high, lambda mean: min(error, math.sqrt(max(mean, 0.25))))
    offset = means - low
    # Differences to the lowest mean: exponents of 10^12 would leave no digits.
    pulls = offset * (offset + 2 * (low - centre)) / (2 * error**2)
    start = -low - ((low - centre) / error) ** 2 / 2
    norm = math.log(error) + math.log(2 * math.pi) / 2 + log_inside(background)
    return _Nodes(means, log_steps - offset - pulls, start - norm)


def log_inside(background: Background) -> float:
    """log of the share of a Gaussian above zero."""
    return float(log_ndtr(background.expected / background.down)) if background.down > 0 else 0.0


def _lognormal_nodes(background: Background, highest: int) -> _Nodes:
    location, sigma = background.lognormal

    def mode(n: int) -> tuple[float, float]:
        """z of the greatest integrand, and its width."""
        w = float(wrightomega(location + n * sigma**2 + 2 * math.log(sigma)))
        return n * sigma - w / sigma, 1 / math.sqrt(1 + w)

    (low, narrow), (high, wide) = mode(0), mode(highest)
    z, log_steps = _panels(
        low - _REACH * narrow,
        high + _REACH * wide,
        lambda z: 1 / math.sqrt(1 + sigma**2 * math.exp(location + sigma * z)),
    )
    means = np.exp(location + sigma * z)
    offset = float(means[0])
    return _Nodes(means, log_steps - (means - offset) - z**2 / 2 - math.log(2 * math.pi) / 2, -offset)


def _prior_nodes(background: Background, highest: int) -> tuple[Floats, Floats]:
    """Means and log weights of a quadrature for upper tails: the whole prior, finely where the count is near."""
    if background.prior == "lognormal":
        location, sigma = background.lognormal

        def step(z: float) -> float:
            mean = math.exp(location + sigma * z)
            return min(1.0, 1 / (sigma * math.sqrt(max(mean, 1)))) if mean < 4 * highest + 100 else 1.0

        z, log_steps = _panels(-9.0, 9.0, step)
        return np.exp(location + sigma * z), log_steps - z**2 / 2 - math.log(2 * math.pi) / 2
    parts = []
    for side, error in ((-1, background.down), (1, background.error)):
        if error > 0:
            low = max(0.0, background.expected - 9 * error) if side < 0 else background.expected
            # Deep in the tail the count pulls the mean up, by no more than itself.
            high = background.expected if side < 0 else background.expected + 9 * error + min(highest, 30 * error)

            def width(mean: float, error: float = error) -> float:
                return min(error, math.sqrt(max(mean, 0.25))) if mean < 4 * highest + 100 else error

            if high > low:
                nodes, log_steps = _panels(low, high, width)
                pulls = (nodes - background.expected) / error
                parts.append((nodes, log_steps - pulls**2 / 2 - math.log(error) - math.log(2 * math.pi) / 2))
        else:
            parts.append((np.array([background.expected]), np.array([math.log(0.5)])))
    means, log_weights = (np.concatenate(values) for values in zip(*parts, strict=True))
    return means, log_weights - log_inside(background)


def _panels(low: float, high: float, width: Callable[[float], float]) -> tuple[Floats, Floats]:
    """Nodes and log weights of a ten-point Gauss-Legendre rule on panels of about twice `width`."""
    edges = [low]
    while edges[-1] < high and len(edges) < 5_000:
        edges.append(edges[-1] + _PANEL * width(edges[-1]))
    edges[-1] = high
    steps = np.array([(a, b) for a, b in pairwise(edges) if b > a])
    half = (steps[:, 1] - steps[:, 0]) / 2
    points = (steps[:, 0] + half)[:, None] + half[:, None] * _POINTS
    return points.ravel(), np.log(half[:, None] * _WEIGHTS).ravel()
