"""Tail probabilities of counts of any size, to ten digits in a millisecond.

With the generating function G(z) = E[z^N] the tails are integrals around zero (Cauchy),

    P(N <= n) = 1/(2 pi i) int G(e^t) e^(-n t) / (1 - e^t) dt,       t from t0 - i pi to t0 + i pi, t0 < 0,
    P(N >= n) = 1/(2 pi i) int G(e^t) e^(-(n - 1) t) / (e^t - 1) dt,                                t0 > 0.

The path goes through the saddle point t0 of the integrand, where nothing cancels, and its ends bend to the right, where
e^(-n t) falls: t(v) = t0 + c (sin a (cosh v - 1) + i cos a sinh v).  The trapezoidal rule in v then converges
exponentially (L. N. Trefethen and J. A. C. Weideman, SIAM Review 56 (2014) 385): halving the step squares the relative
error, so the difference to every second point says how far it is.  Fifty points give twelve digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expm1

from rarekaon.analysis.statistics.generating_functions import Complex, Gamma, Known, Shape

Floats = NDArray[np.float64]
_Function = Callable[[Complex], Complex]

FEW = 500
"""Counts up to which probabilities are summed term by term; the path needs more than some tens, or it has to close."""

_ANGLE = math.radians(25)
_STEP, _HALVINGS, _BLOCK = 0.1, 7, 64
_DIFFERENCE, _ROUGH_DIFFERENCE = 1e-5, 1e-7
"""Relative difference to twice the step that is accepted.  The relative error is its square; where the path cannot bend
(a lognormal mean has no moments to the right of zero) a hundredth of it."""
_NEGLIGIBLE = -50.0
_LOWEST, _HIGHEST = -300.0, 300.0


class ContourError(ArithmeticError):
    """The integral does not converge: the tail of the counts is too heavy."""


@dataclass(frozen=True)
class LogTail:
    """log of tail probabilities, one for each row, and their derivatives in the signal mean over themselves."""

    log_probability: Floats
    relative_slope: Floats


def signal_shape(signal: float | Floats, relative_error: float) -> Shape:
    """The signal mean: a gamma distribution if the efficiency has a relative error."""
    spread = relative_error**2
    return Gamma(1 / spread, np.maximum(signal, 1e-300) * spread) if spread else Known(signal)


def below(
    n: Floats, backgrounds: Sequence[Shape], signal: Floats, relative_error: float = 0.0, offset: float | Floats = 0.0
) -> LogTail:
    """P(N <= n) for counts n > `FEW`, each with its own signal mean and an offset of the background mean: (rows,)."""
    shapes = [Known(_column(offset)), *backgrounds]
    power, mean, spread = _column(n), _column(signal), relative_error**2
    if np.any(mean):
        shapes.append(signal_shape(mean, relative_error))

    def logarithm(t: Complex) -> Complex:
        u = expm1(t)
        return np.asarray(sum((s.log_mgf(u) for s in shapes), -power * t - np.log(-u)))

    def slope(t: Complex) -> Complex:
        u = expm1(t)
        return np.asarray(u / (1 - spread * mean * u))

    t0, curvature = _saddle(shapes, power, -1)
    return _integral(logarithm, slope, t0, curvature, bending=all(s.highest > 0 for s in backgrounds))


def below_ratio(n: Floats, backgrounds: Sequence[Shape], signal: Floats, relative_error: float = 0.0) -> LogTail:
    """P(N <= n) with a signal over that without, on one path for both.

    Far below the expectation the logarithms of both are too large to be subtracted, and the signal moves the saddle
    point by next to nothing.
    """
    power, mean, spread = _column(n), _column(signal), relative_error**2
    extra = signal_shape(1.0, relative_error)

    def logarithm(t: Complex) -> Complex:
        u = expm1(t)
        return np.asarray(sum((s.log_mgf(u) for s in backgrounds), -power * t - np.log(-u)))

    t0, curvature = _saddle(backgrounds, power, -1)
    bending = all(s.highest > 0 for s in backgrounds)
    angle, peak = _ANGLE if bending else 0.0, logarithm(t0.astype(np.complex128)).real
    terms, t = _terms(logarithm, t0, 1 / np.sqrt(curvature), angle, _STEP / 4, peak)
    u: Complex = expm1(t)
    with_signal = terms * np.exp(extra.log_mgf(mean * u))
    total = np.maximum(with_signal.imag.sum(axis=1), 1e-300)
    slope = (with_signal * u / (1 - spread * mean * u)).imag.sum(axis=1)
    return LogTail(np.log(total) - np.log(terms.imag.sum(axis=1)), slope / total)


def above(n: Floats, backgrounds: Sequence[Shape], offset: float | Floats = 0.0) -> Floats:
    """log P(N >= n), (rows,), for n > `FEW` above the mean of each row, of means that have moments."""
    shapes = [Known(_column(offset)), *backgrounds]
    power = _column(n) - 1

    def logarithm(t: Complex) -> Complex:
        u = expm1(t)
        return np.asarray(sum((s.log_mgf(u) for s in shapes), -power * t - np.log(u)))

    t0, curvature = _saddle(shapes, power, 1)
    return _integral(logarithm, None, t0, curvature, bending=True).log_probability


def _column(values: float | Floats) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=float))[:, None]


def _saddle(shapes: Sequence[Shape], power: Floats, side: int) -> tuple[Floats, Floats]:
    """The real t of least log integrand on one side of zero, and its curvature there, (rows, 1) each."""
    rows = max(power.size, *(np.size(s.mean) for s in shapes))
    ends = min(float(np.min(s.highest)) for s in shapes)
    limit = _LOWEST if side < 0 else min(math.log1p(min(ends, 1e130)) * (1 - 1e-12), _HIGHEST)
    low, high = (np.full((rows, 1), x) for x in sorted((limit, side * 1e-18)))
    t = np.full((rows, 1), side * min(1.0, abs(limit) / 2))
    for _ in range(400):
        u = np.expm1(t)
        growth = 1 + u
        first, second = -power - growth / u, growth / u**2
        for shape in shapes:
            mean, variance = shape.slopes(u)
            first, second = first + mean * growth, second + variance * growth**2 + mean * growth
        low, high = np.where(first > 0, low, t), np.where(first > 0, t, high)
        # Within a twentieth of the width the path is as good as through the point itself.
        there = (np.abs(first) < 0.05 * np.sqrt(second)) | (high - low < 1e-15 * np.abs(t))
        if there.all():
            break
        moved = t - first / second
        # The logarithm of t is the scale of the problem: no step is longer than that, and halving is done there.
        good = (moved > low) & (moved < high) & (np.abs(moved) < 2 * np.abs(t))
        t = np.where(there, t, np.where(good, moved, side * np.sqrt(low * high)))
    return t, second


def _integral(
    logarithm: _Function, slope: _Function | None, t0: Floats, curvature: Floats, *, bending: bool
) -> LogTail:
    scale = 1 / np.sqrt(curvature)
    angle, accepted = (_ANGLE, _DIFFERENCE) if bending else (0.0, _ROUGH_DIFFERENCE)
    peak = logarithm(t0.astype(np.complex128)).real
    step = _STEP
    for _ in range(_HALVINGS + 1):
        terms, t = _terms(logarithm, t0, scale, angle, step, peak)
        whole = terms.imag.sum(axis=1) * step / math.pi
        coarse = terms[:, ::2].imag.sum(axis=1) * 2 * step / math.pi
        if ((whole > 0) & (np.abs(whole - coarse) <= accepted * whole)).all():
            relative = np.zeros(whole.size) if slope is None else (terms * slope(t)).imag.sum(axis=1) * step / math.pi
            return LogTail(peak[:, 0] + np.log(whole), relative / whole)
        step /= 2
    raise ContourError("the tail of the counts falls too slowly")


def _terms(
    logarithm: _Function, t0: Floats, scale: Floats, angle: float, step: float, peak: Floats
) -> tuple[Complex, Complex]:
    """Values of the integrand times dt/dv, the first ones halved, as far as they matter: (rows, points)."""
    last = int(math.asinh(math.pi / (float(scale.min()) * math.cos(angle))) / step)
    parts, places = [], []
    alive = np.ones((t0.size, 1), bool)
    for start in range(0, last + 1, _BLOCK):
        v = np.arange(start, min(start + _BLOCK, last + 1)) * step
        t: Complex = t0 + scale * (math.sin(angle) * (np.cosh(v) - 1) + 1j * math.cos(angle) * np.sinh(v))
        speed = math.sin(angle) * np.sinh(v) + 1j * math.cos(angle) * np.cosh(v)
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            exponent = logarithm(t) - peak
            size = exponent.real + np.log(np.abs(speed))
            # The ends only fall: behind the first negligible term nothing counts, and exponents may overflow.
            matters = np.cumprod((size > _NEGLIGIBLE) & (np.abs(t.imag) <= math.pi), axis=1).astype(bool) & alive
            parts.append(np.where(matters, np.exp(exponent), 0) * speed * scale)
        places.append(np.where(matters, t, t0))
        alive = matters[:, -1:]
        if not alive.any():
            break
    terms, t = np.concatenate(parts, axis=1), np.concatenate(places, axis=1)
    terms[:, 0] /= 2
    return terms, t
