"""Expected background with its error, and the counts it predicts once the error is marginalised.

The shape given to the error (the prior) is an input of each search, never a default: the papers do not all use
the same one, and for one or two observed events the choice moves the limit by a few per cent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rarekaon.analysis.statistics.arguments import ArgumentError, finite, number_of_events
from rarekaon.analysis.statistics.generating_functions import Gamma, Gaussian, Known, Lognormal, Shape

Prior = Literal["fixed", "gamma_posterior", "truncated_gaussian", "lognormal"]
PRIORS: tuple[Prior, ...] = get_args(Prior)
Floats = NDArray[np.float64]

_NO_ERROR = 1e-12
"""Relative error below which nothing depends on it in double precision."""
_NO_EVENTS = 1e-15
"""Error in events of which the same holds where nothing is expected."""


@dataclass(frozen=True)
class Background:
    """One background component, in events.

    Raises ArgumentError for a negative or NaN number, or an error whose prior is not said.
    """

    expected: float
    """Expected events."""
    error: float = 0.0
    """Its error."""
    prior: Prior | None = None
    """What the error means. "fixed": there is none. "gamma_posterior": counting or simulation statistics, the
    posterior Gamma(N + 1, w) for a flat prior of a mean measured with N = (expected / error)^2 events of weight w =
    error^2 / expected; with expected = 0 the error is the weight of one event. "truncated_gaussian": a systematic
    error, a Gaussian cut at zero. "lognormal": a relative systematic error with mean `expected` and standard
    deviation `error`."""
    error_down: float | None = None
    """The error below, where it is not that above (`error`): a normal pull times the one or the other. For
    "truncated_gaussian" alone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected", number_of_events("background", self.expected))
        object.__setattr__(self, "error", number_of_events("background_error", self.error))
        if self.error_down is not None:
            object.__setattr__(self, "error_down", number_of_events("background_error_down", self.error_down))
        if self.error_down == self.error:
            object.__setattr__(self, "error_down", None)
        if self.prior is None and self.error == 0 and self.error_down is None:
            object.__setattr__(self, "prior", "fixed")
        if self.prior not in PRIORS:
            given = "has no prior" if self.prior is None else f"has the unknown prior {self.prior!r}"
            raise ArgumentError(f"background_error {given}: give background_prior as one of {', '.join(PRIORS)}")
        if self.prior == "fixed" and self.error > 0:
            raise ArgumentError("background_prior 'fixed' says that background_error is 0; choose another prior")
        if self.prior == "lognormal" and self.expected == 0:
            raise ArgumentError("background 0 has no lognormal prior; use gamma_posterior or truncated_gaussian")
        if self.error_down is not None and self.prior != "truncated_gaussian":
            raise ArgumentError("background_error_down: only a truncated_gaussian has two different errors")

    @property
    def is_fixed(self) -> bool:
        """True if there is no error to marginalise."""
        largest = max(self.error, self.error_down or 0.0)
        return largest <= _NO_ERROR * self.expected or largest < _NO_EVENTS

    @property
    def down(self) -> float:
        """The error below the expectation."""
        return self.error if self.error_down is None else self.error_down

    @property
    def is_split(self) -> bool:
        """Whether the errors above and below differ."""
        return self.error_down is not None and not self.is_fixed

    @property
    def shape(self) -> Shape:
        """The prior as its generating function; of the upper error where the two differ."""
        if self.is_fixed:
            return Known(self.expected)
        if self.prior == "gamma_posterior":
            return Gamma(*self.gamma)
        return Lognormal(*self.lognormal) if self.prior == "lognormal" else Gaussian(self.expected, self.error)

    def sample(self, size: int, generator: np.random.Generator) -> Floats:
        """`size` true means drawn from the prior."""
        if self.is_fixed:
            return np.full(size, self.expected)
        if self.prior == "gamma_posterior":
            return generator.gamma(*self.gamma, size)
        if self.prior == "lognormal":
            return generator.lognormal(*self.lognormal, size)
        draws = self._pulled(generator.normal(size=size))
        while (bad := draws < 0).any():
            draws[bad] = self._pulled(generator.normal(size=int(bad.sum())))
        return draws

    def _pulled(self, pulls: Floats) -> Floats:
        return np.asarray(self.expected + pulls * np.where(pulls > 0, self.error, self.down))

    @property
    def gamma(self) -> tuple[float, float]:
        """Shape and scale of the gamma posterior."""
        if self.expected == 0:
            return 1.0, self.error
        return (self.expected / self.error) ** 2 + 1, self.error**2 / self.expected

    @property
    def lognormal(self) -> tuple[float, float]:
        """Location and width of the lognormal."""
        variance = math.log1p((self.error / self.expected) ** 2)
        return math.log(self.expected) - variance / 2, math.sqrt(variance)


def correlated_sum(
    components: Sequence[Background], correlation: float | ArrayLike = 1.0, *, prior: Prior | None = None
) -> Background:
    """One background for components whose errors are correlated (independent ones are simply listed).

    correlation: one coefficient for every pair, or a matrix of shape (n, n).  At 1 the errors add linearly, as
    the 20% error of K+ -> pi0_D e+ nu and K+ -> e+ nu e+ e- does (CERN-EP-2022-018, Table 1).
    prior: of the sum; by default the one the components with an error share.
    Raises ArgumentError for a matrix that is no correlation matrix or for components of different priors.
    """
    errors = np.array([component.error for component in components])
    matrix = _correlation_matrix(correlation, len(components))
    priors = {component.prior for component in components if not component.is_fixed}
    if prior is None and len(priors) > 1:
        raise ArgumentError(f"prior must be given: the components have different ones, {sorted(map(str, priors))}")
    shape = prior if prior is not None else next(iter(priors), None)
    total = sum(component.expected for component in components)
    return Background(total, math.sqrt(max(0.0, errors @ matrix @ errors)), shape)


def as_components(background: Background | Sequence[Background]) -> tuple[Background, ...]:
    """The independent components of an argument that may be one background or several."""
    components = (background,) if isinstance(background, Background) else tuple(background)
    if not all(isinstance(component, Background) for component in components):
        raise ArgumentError("background must be a Background(expected, error, prior) or a sequence of them")
    return components


def _correlation_matrix(correlation: float | ArrayLike, size: int) -> Floats:
    matrix = np.asarray(correlation, dtype=float)
    if matrix.ndim == 0:
        coefficient = finite("correlation", float(matrix))
        matrix = np.full((size, size), coefficient)
        np.fill_diagonal(matrix, 1.0)
    valid = matrix.shape == (size, size) and np.allclose(matrix, matrix.T) and np.allclose(matrix.diagonal(), 1)
    if not valid or np.linalg.eigvalsh(matrix).min() < -1e-9:
        raise ArgumentError(f"correlation must be a positive semi-definite ({size}, {size}) correlation matrix")
    return matrix
