"""Tails and quantiles of counts, few or many: summed term by term up to `FEW`, by contours above."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, logsumexp, ndtri

from rarekaon.analysis.statistics import contours, few_counts
from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background
from rarekaon.analysis.statistics.contours import FEW, ContourError
from rarekaon.analysis.statistics.generating_functions import Shape

Floats = NDArray[np.float64]

_WIDE = 0.25
"""Width of a lognormal from which on it is averaged over outside the contour, which cannot bend around its tail."""
_MOST_NODES = 20_000
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_NEGLIGIBLE = -40.0
_LOWEST = -14.0
"""Pull down to which a prior is averaged over: counts far below the expectation pull it down."""
_FAR = 10.0
"""Standard deviations above the mean from which on the few counts beyond are summed instead."""


def log_above(n: int, backgrounds: Sequence[Background]) -> float:
    """log P(count >= n), small probabilities with all their digits."""
    if n <= FEW:
        return few_counts.log_above(n, backgrounds)
    if n <= sum(component.expected for component in backgrounds):
        return math.log1p(-math.exp(float(log_below(np.array([n - 1.0]), backgrounds)[0][0])))
    rough, shapes = _split(backgrounds, every_lognormal=True)
    if not rough:
        return float(contours.above(np.array([n]), shapes)[0])
    mean, spread = _moments(shapes)
    offsets, log_weights = _nodes(rough, n - mean, math.sqrt(n + spread))
    logs = np.empty(offsets.size)
    high = offsets + mean >= n
    if high.any():
        logs[high] = np.log1p(-np.exp(_below(np.full(high.sum(), n - 1.0), shapes, offsets[high])[0]))
    if not high.all():
        logs[~high] = _above(n, shapes, offsets[~high])
    return float(logsumexp(logs + log_weights))


def log_below(
    counts: Floats,
    backgrounds: Sequence[Background],
    signals: Floats | None = None,
    relative_error: float = 0.0,
) -> tuple[Floats, Floats]:
    """log P(count <= n) for each of the counts n > `FEW` with its signal mean, and the derivative in that.

    Minus infinity where the probability underflows because a rough error leaves no other way than averaging.
    """
    n = counts
    signal = np.zeros(n.size) if signals is None else signals
    rough, shapes = _split(backgrounds, every_lognormal=False)
    mean, spread = _moments(shapes)
    if not rough:
        return _smooth_below(n, backgrounds, shapes, signal, relative_error)
    parts = [
        _nodes(rough, k - mean - s, math.sqrt(k + spread + (s * relative_error) ** 2))
        for k, s in zip(n, signal, strict=True)
    ]
    sizes = [part[0].size for part in parts]
    offsets, log_weights = (np.concatenate(values) for values in zip(*parts, strict=True))
    logs, slopes = _below(np.repeat(n, sizes), shapes, offsets, np.repeat(signal, sizes), relative_error)
    starts = np.cumsum([0, *sizes[:-1]])
    logs = logs + log_weights
    peak = np.maximum.reduceat(logs, starts)
    weights = np.exp(logs - np.repeat(np.maximum(peak, -1e300), sizes))
    total = np.maximum(np.add.reduceat(weights, starts), 1e-300)
    return peak + np.log(total), np.add.reduceat(weights * slopes, starts) / total


def _smooth_below(
    n: Floats, backgrounds: Sequence[Background], shapes: Sequence[Shape], signal: Floats, relative_error: float
) -> tuple[Floats, Floats]:
    mean, spread = _moments(shapes)
    far = n + signal > mean + _FAR * math.sqrt(mean + spread)
    if any(not np.all(s.highest > 0) for s in shapes) and not signal.any() and far.all():
        # Far above all that is expected a lognormal leaves the path nothing to converge on: one minus little.
        rest = np.array([log_above(int(k) + 1, backgrounds) for k in n])
        return np.log1p(-np.exp(rest)), np.zeros(n.size)
    try:
        tail = contours.below(n, shapes, signal, relative_error)
    except ContourError as error:
        raise ArgumentError("observed: the count is too far from the background; check both") from error
    return tail.log_probability, tail.relative_slope


def log_ratio_below(
    counts: Floats, backgrounds: Sequence[Background], signals: Floats, relative_error: float = 0.0
) -> tuple[Floats, Floats]:
    """log of P(count <= n) with a signal over that without, and its derivative, for counts far below the background."""
    shapes = [component.shape for component in backgrounds]
    tail = contours.below_ratio(counts, shapes, signals, relative_error)
    return tail.log_probability, tail.relative_slope


def count_quantiles(backgrounds: Sequence[Background], levels: Sequence[float]) -> tuple[int, ...]:
    """Smallest counts n with P(count <= n) >= p: integers, so for n near 0 several may coincide."""
    mean = sum(component.expected + component.error for component in backgrounds)
    spread = math.sqrt(mean + sum(component.error**2 for component in backgrounds))
    highest = min(int(mean + 6 * spread) + 12, FEW)
    cumulative = np.cumsum(few_counts.probabilities(backgrounds, highest))
    if cumulative[-1] < max(levels) and highest < FEW:
        cumulative = np.cumsum(few_counts.probabilities(backgrounds, FEW))
    small = {level: int(np.searchsorted(cumulative, level)) for level in levels if level <= cumulative[-1]}
    large = [level for level in levels if level not in small]
    found = small | (dict(zip(large, _large_quantiles(np.array(large), backgrounds), strict=True)) if large else {})
    return tuple(found[level] for level in levels)


def _large_quantiles(levels: Floats, backgrounds: Sequence[Background]) -> list[int]:
    """Quantiles beyond `FEW`, by Newton's method on the scale of a Gaussian inside a bracket."""
    shapes = [component.shape for component in backgrounds]
    mean, spread = _moments(shapes)
    step, z = math.sqrt(mean + spread), ndtri(levels)
    low, high = np.full(levels.size, float(FEW)), np.full(levels.size, np.inf)
    n = np.maximum(np.floor(mean + z * step), FEW + 1.0)
    for trial in range(200):
        below = np.exp(log_below(np.concatenate([n, np.maximum(n - 1, FEW + 1)]), backgrounds)[0])
        at, before = np.split(below, 2)
        before = np.where(n > FEW + 1, before, 0.0)
        low = np.where(at < levels, n, np.where(before < levels, np.maximum(low, n - 1), low))
        high = np.where(before >= levels, n - 1, np.where(at >= levels, n, high))
        if (high - low <= 1).all():
            return [int(value) for value in high]
        distance = (z - ndtri(np.clip(at, 1e-300, 1 - 1e-16))) * step
        moved = np.clip(n + np.rint(distance), low + 1, high - 1)
        # Newton's steps that do not get on, at very skewed errors, are taken by halves of the logarithm.
        halved = np.rint(np.sqrt(low * np.where(np.isinf(high), 4 * low, high)))
        stuck = trial > 8 and trial % 2 == 1
        n = np.where(high - low <= 1, high, np.clip(halved, low + 1, high - 1) if stuck else moved)
    raise ArgumentError("background: its quantiles are not found; give a smaller background_error")


def _moments(shapes: Sequence[Shape]) -> tuple[float, float]:
    """Mean and variance of the sum of the means."""
    return float(sum(s.mean for s in shapes)), float(sum(s.variance for s in shapes))


def _split(backgrounds: Sequence[Background], *, every_lognormal: bool) -> tuple[list[Background], list[Shape]]:
    """Components that are averaged over outside the contour, and the shapes of the others."""

    def is_rough(component: Background) -> bool:
        if component.prior == "lognormal" and not component.is_fixed:
            return every_lognormal or component.lognormal[1] > _WIDE
        return component.is_split

    rough = [component for component in backgrounds if is_rough(component)]
    return rough, [component.shape for component in backgrounds if not is_rough(component)]


def _below(
    n: Floats, shapes: Sequence[Shape], offsets: Floats, signal: Floats | None = None, relative_error: float = 0.0
) -> tuple[Floats, Floats]:
    """log P(count <= n) and its relative slope for every row."""
    signals = np.zeros(n.size) if signal is None else signal
    if not (any(s.variance for s in shapes) or (signals.any() and relative_error > 0)):
        mean = offsets + signals + _moments(shapes)[0]
        below = gammaincc(n + 1, mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(below)
            at = np.exp(n * np.log(mean / n) - (mean - n) - log_stirling(n))
            slopes = np.where(below > 0, -at / below, 0.0)
        if np.isfinite(logs).any():
            return logs, slopes
    tail = contours.below(n, shapes, signals, relative_error, offsets)
    return tail.log_probability, tail.relative_slope


def log_stirling(n: Floats) -> Floats:
    """log(n! / (n / e)^n) for n above some hundred."""
    return np.asarray(np.log(2 * math.pi * n) / 2 + 1 / (12 * n) - 1 / (360 * n**3))


def _above(n: int, shapes: Sequence[Shape], offsets: Floats) -> Floats:
    if any(s.variance for s in shapes):
        return contours.above(np.full(offsets.size, float(n)), shapes, offsets)
    return few_counts.log_poisson_above(np.array(n), offsets + _moments(shapes)[0])


def _nodes(rough: Sequence[Background], target: float, width: float) -> tuple[Floats, Floats]:
    """Sums of the rough components' means and log weights of a quadrature over them.

    The count passes from likely to unlikely where the sum is at `target`, within `width`.
    """
    offsets, log_weights = np.zeros(1), np.zeros(1)
    for component in rough:
        rest = target - sum(c.expected for c in rough if c is not component)
        means, logs = _component_nodes(component, rest, width, fine=len(rough) == 1)
        offsets = (offsets[:, None] + means).ravel()
        log_weights = (log_weights[:, None] + logs).ravel()
        relevant = log_weights > log_weights.max() + (_NEGLIGIBLE if len(rough) > 1 else -math.inf)
        offsets, log_weights = offsets[relevant], log_weights[relevant]
        if offsets.size > _MOST_NODES:
            raise ArgumentError(
                "background: so many asymmetric or wide lognormal errors of large counts are too many to average over; "
                "join some with correlated_sum"
            )
    return offsets, log_weights


def _component_nodes(component: Background, target: float, width: float, *, fine: bool) -> tuple[Floats, Floats]:
    """Means and log weights over the pulls that matter, finely where the count passes from likely to unlikely."""
    if component.prior == "lognormal":
        location, sigma = component.lognormal
        place = (math.log(target) - location) / sigma if target > 0 else -math.inf
        scale = width / (sigma * max(target, width))
        z, log_steps = _grid(_LOWEST, 9.0, place, scale, fine)
        return np.exp(location + sigma * z), log_steps - z**2 / 2 - math.log(2 * math.pi) / 2
    parts = []
    for side, error in ((-1, component.down), (1, component.error)):
        if error > 0:
            place = (target - component.expected) / error
            ends = (max(_LOWEST, -component.expected / error), 0.0) if side < 0 else (0.0, 9.0)
            z, log_steps = _grid(*ends, place, width / error, fine)
            parts.append((component.expected + error * z, log_steps - z**2 / 2 - math.log(2 * math.pi) / 2))
        else:
            parts.append((np.array([component.expected]), np.array([math.log(0.5)])))
    means, log_weights = (np.concatenate(values) for values in zip(*parts, strict=True))
    return means, log_weights - few_counts.log_inside(component)


def _grid(low: float, high: float, place: float, scale: float, fine: bool) -> tuple[Floats, Floats]:
    """Gauss-Legendre panels from `low` to `high`, with narrow ones around a step of width `scale` at `place`."""
    edges = np.linspace(low, high, 2 + int((high - low) / (0.75 if fine else 1.5)))
    if fine and math.isfinite(place) and scale < 0.5:
        edges = np.concatenate([edges, place + scale * np.arange(-12.0, 12.1, 1.5)])
    edges = np.unique(np.clip(edges, low, high))
    half = np.diff(edges) / 2
    points = (edges[:-1] + half)[:, None] + half[:, None] * _POINTS
    return points.ravel(), np.log(half[:, None] * _WEIGHTS).ravel()
