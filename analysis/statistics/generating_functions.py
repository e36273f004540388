"""Logarithms of moment-generating functions, log E[exp(u b)], of what a true mean may be.

A count whose mean b is uncertain has the probability-generating function E[z^n] = E[exp(u b)] with u = z - 1, and that
of a sum of independent means is the product.  `contours` integrates them in the complex plane of u, so each shape gives
its logarithm there, up to multiples of 2 pi i, and its first two derivatives on the real axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw, log1p, log_ndtr, wofz

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

_FAR = 1e6
"""Standard deviations beyond which the cut of a Gaussian at zero is not computed: it changes nothing."""
_BEYOND = 9.0
"""The same where the tilted mean is as far from zero at the first point of a path, where the integrand is largest."""
_STEP = 0.25
_POINTS = np.arange(-36, 37) * _STEP


class Shape(Protocol):
    """What a true mean may be; arrays have any shape."""

    @property
    def mean(self) -> float | Floats: ...

    @property
    def variance(self) -> float | Floats: ...

    @property
    def highest(self) -> float | Floats:
        """The real u at which the moments end."""

    def log_mgf(self, u: Complex) -> Complex:
        """log E[exp(u b)] for complex u along paths in the last axis, from the saddle point outwards."""

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        """First and second derivative of the logarithm at real u: mean and variance of the tilted mean."""


@dataclass(frozen=True)
class Known:
    """A mean without an error, or one for each row, shape (rows, 1)."""

    mean: float | Floats
    variance: float = 0.0
    highest: float = math.inf

    def log_mgf(self, u: Complex) -> Complex:
        return np.asarray(self.mean * u)

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        return np.asarray(self.mean + 0 * u), 0 * u


@dataclass(frozen=True)
class Gamma:
    """A gamma distribution, E = (1 - scale u)^-shape; of several scales, one for each row, shape (rows, 1)."""

    shape: float
    scale: float | Floats

    @property
    def mean(self) -> float | Floats:
        return self.shape * self.scale

    @property
    def variance(self) -> float | Floats:
        return self.shape * self.scale**2

    @property
    def highest(self) -> float | Floats:
        return 1 / self.scale

    def log_mgf(self, u: Complex) -> Complex:
        return np.asarray(-self.shape * log1p(-self.scale * u))

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        tilted = self.scale / (1 - self.scale * u)
        return self.shape * tilted, self.shape * tilted**2


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian cut at zero."""

    centre: float
    width: float
    highest: float = math.inf

    @property
    def _edge(self) -> float:
        """Distance of the centre from zero in standard deviations."""
        return self.centre / self.width

    @property
    def mean(self) -> float:
        return float(self.slopes(np.zeros(1))[0][0])

    @property
    def variance(self) -> float:
        return float(self.slopes(np.zeros(1))[1][0])

    def log_mgf(self, u: Complex) -> Complex:
        bulk = self.centre * u + self.width**2 * u * u / 2
        if self._edge > _FAR:
            return np.asarray(bulk)
        z = self._edge + self.width * u
        if z[..., 0].real.min() > _BEYOND:
            return np.asarray(bulk)
        # bulk = (z^2 - edge^2) / 2: where the two cancel, far out, their difference is written down instead.
        left, tail = z.real < 0, _normal_tail(z)
        square = z * z
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            near = bulk + np.log(1 - np.exp(-square / 2) * tail)
            far = np.log(np.where(left, tail, np.exp(square / 2) - tail)) - self._edge**2 / 2
        return np.asarray(np.where(~left & (square.real >= 0), near, far) - log_ndtr(self._edge))

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        centre, variance = self.centre + self.width**2 * u, self.width**2 + 0 * u
        if self._edge > _FAR:
            return centre, variance
        z = self._edge + self.width * u
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            hazard = np.exp(-(z**2) / 2 - log_ndtr(z)) / math.sqrt(2 * math.pi)
            # Far out it is an exponential at zero: the hazard's own digits are lost in the differences.
            out = z < -1e4
            mean = np.where(out, -self.width / z, centre + self.width * hazard)
            spread = np.where(out, (self.width / z) ** 2, variance * np.maximum(1 - hazard * (hazard + z), 1e-12))
        return mean, spread


@dataclass(frozen=True)
class Lognormal:
    """exp(location + width z) with a Gaussian z.  E is an integral over z along the line through its saddle point,
    z = -W(-u width^2 exp(location)) / width with Lambert's W; it does not exist for a positive real part of u.
    """

    location: float
    width: float
    highest: float = 0.0

    @property
    def mean(self) -> float:
        return math.exp(self.location + self.width**2 / 2)

    @property
    def variance(self) -> float:
        return self.mean**2 * math.expm1(self.width**2)

    def log_mgf(self, u: Complex) -> Complex:
        w = self._lambert(u)
        terms, step = self._terms(w)
        total = terms.sum(axis=-1) * step / math.sqrt(2 * math.pi)
        return np.asarray(np.log(total) - w / self.width**2 - (w / self.width) ** 2 / 2)

    def slopes(self, u: Floats) -> tuple[Floats, Floats]:
        w = self._lambert(u).real
        weights, step = self._terms(w)
        values = np.exp(self.location - w[..., None] + self.width * step[..., None] / _STEP * _POINTS)
        total = weights.sum(axis=-1)
        mean = (weights * values).sum(axis=-1) / total
        return mean, (weights * (values - mean[..., None]) ** 2).sum(axis=-1) / total

    def _lambert(self, u: Floats | Complex) -> Complex:
        argument: Any = -(self.width**2) * math.exp(self.location) * np.asarray(u, dtype=complex)
        return np.asarray(lambertw(argument))

    def _terms(self, w: NDArray[np.inexact]) -> tuple[NDArray[np.inexact], Floats]:
        """The integrand around the saddle point, shape (..., points), and the distance of the points."""
        spread = 1 / np.sqrt(np.abs(1 + w))
        x = spread[..., None] * _POINTS
        bend = np.expm1(self.width * x) - self.width * x
        return np.exp(-(x**2) / 2 - (w / self.width**2)[..., None] * bend), spread * _STEP


def _normal_tail(z: Complex) -> Complex:
    """exp(z^2 / 2) times the normal distribution's Phi(z) for a negative real part of z, times 1 - Phi(z) otherwise."""
    return np.asarray(wofz(np.where(z.real < 0, -1j, 1j) * z / math.sqrt(2)) / 2)
