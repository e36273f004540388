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
from scipy.special import gammaln, log_ndtr, logsumexp

from rarekaon.analysis.statistics.arguments import ArgumentError, finite, non_negative

Prior = Literal["fixed", "gamma_posterior", "truncated_gaussian", "lognormal"]
Floats = NDArray[np.float64]
_ROWS, _NEGLIGIBLE = 128, 60.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected", non_negative("background", self.expected))
        object.__setattr__(self, "error", non_negative("background_error", self.error))
        if self.prior is None and self.error == 0:
            object.__setattr__(self, "prior", "fixed")
        if self.prior not in get_args(Prior):
            given = "has no prior" if self.prior is None else f"has the unknown prior {self.prior!r}"
            names = ", ".join(get_args(Prior))
            raise ArgumentError(f"background_error {given}: give background_prior as one of {names}")
        if self.prior == "fixed" and self.error > 0:
            raise ArgumentError("background_prior 'fixed' says that background_error is 0; choose another prior")
        if self.prior == "lognormal" and self.expected == 0:
            raise ArgumentError("background 0 has no lognormal prior; use gamma_posterior or truncated_gaussian")

    @property
    def is_fixed(self) -> bool:
        """True if there is no error to marginalise."""
        return self.error == 0

    def predicted_counts(self, highest: int) -> Floats:
        """log P(n) for n = 0 .. `highest`, shape (highest + 1,), the error marginalised."""
        n = np.arange(highest + 1)
        if self.is_fixed:
            return _log_poisson(n, self.expected)
        if self.prior == "gamma_posterior":
            return self._log_negative_binomial(n)
        means, weights = self._nodes(float(highest))
        return _log_mixture(n, means, weights)

    def sample(self, size: int, generator: np.random.Generator) -> Floats:
        """`size` true means drawn from the prior."""
        if self.is_fixed:
            return np.full(size, self.expected)
        if self.prior == "gamma_posterior":
            shape, scale = self._gamma()
            return generator.gamma(shape, scale, size)
        if self.prior == "lognormal":
            location, width = self._lognormal()
            return generator.lognormal(location, width, size)
        return _sample_truncated(self.expected, self.error, size, generator)

    def _gamma(self) -> tuple[float, float]:
        if self.expected == 0:
            return 1.0, self.error
        return (self.expected / self.error) ** 2 + 1, self.error**2 / self.expected

    def _lognormal(self) -> tuple[float, float]:
        variance = math.log1p((self.error / self.expected) ** 2)
        return math.log(self.expected) - variance / 2, math.sqrt(variance)

    def _log_negative_binomial(self, n: NDArray[np.int64]) -> Floats:
        shape, scale = self._gamma()
        # A running sum of logarithms: gammaln(shape + n) - gammaln(shape) loses all digits for a large shape.
        steps = np.log((shape + n[:-1]) / (n[:-1] + 1)) + math.log(scale) - math.log1p(scale)
        return np.concatenate([[0.0], np.cumsum(steps)]) - shape * math.log1p(scale)

    def _nodes(self, highest: float) -> tuple[Floats, Floats]:
        """Quadrature nodes of the true mean and their log weights, over nine standard deviations.

        Means that could hardly give `highest` events or fewer are left out; the weights stay absolute.
        """
        relevant = highest + 12 * math.sqrt(highest) + 60
        # The integrand is a Poisson term times the prior: panels follow the narrower of the two.
        if self.prior == "truncated_gaussian":
            low = max(0.0, self.expected - 9 * self.error)
            high = max(min(self.expected + 9 * self.error, relevant), low + self.error)
            width = min(self.error, math.sqrt(max(min(self.expected, relevant), 1.0)))
            means, log_weights = _panels(low, high, width)
            pull = (means - self.expected) / self.error
            norm = math.log(self.error) + float(log_ndtr(self.expected / self.error))
            return means, log_weights - pull**2 / 2 - math.log(2 * math.pi) / 2 - norm
        location, sigma = self._lognormal()
        high = max(min(9.0, (math.log(relevant) - location) / sigma), -8.0)
        width = min(1.0, 1 / (sigma * math.sqrt(max(min(self.expected, relevant), 1.0))))
        z, log_weights = _panels(-9.0, high, width)
        return np.exp(location + sigma * z), log_weights - z**2 / 2 - math.log(2 * math.pi) / 2


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


def total_counts(backgrounds: Sequence[Background], highest: int) -> Floats:
    """P(n), up to one common factor, of the sum of independent components, shape (highest + 1,).

    The factor keeps the largest term near one, so that n = 0 of 10 000 expected events does not underflow.
    """
    fixed = sum(component.expected for component in backgrounds if component.is_fixed)
    total: Floats = _scaled(_log_poisson(np.arange(highest + 1), fixed))
    for component in backgrounds:
        if not component.is_fixed:
            total = np.asarray(np.convolve(total, _scaled(component.predicted_counts(highest))))[: highest + 1]
    if not total.sum() > 0:
        raise ArgumentError("observed: so few events are impossible with these backgrounds; check both")
    return total


def count_quantiles(backgrounds: Sequence[Background], probabilities: Sequence[float]) -> tuple[int, ...]:
    """Smallest counts n with P(count <= n) >= p: integers, so for n near 0 several may coincide."""
    mean = sum(component.expected + component.error for component in backgrounds)
    spread = math.sqrt(mean + sum(component.error**2 for component in backgrounds))
    highest = int(mean + 6 * spread) + 12
    while True:
        cumulative = np.cumsum(_probabilities(backgrounds, highest))
        if cumulative[-1] > max(probabilities):
            return tuple(int(n) for n in np.searchsorted(cumulative, probabilities))
        highest *= 2


def _probabilities(backgrounds: Sequence[Background], highest: int) -> Floats:
    total: Floats = np.ones(1)
    for component in backgrounds:
        total = np.convolve(total, np.exp(component.predicted_counts(highest)))[: highest + 1]
    return total


def as_components(background: Background | Sequence[Background]) -> tuple[Background, ...]:
    """The independent components of an argument that may be one background or several."""
    components = (background,) if isinstance(background, Background) else tuple(background)
    if not all(isinstance(component, Background) for component in components):
        raise ArgumentError("background must be a Background(expected, error, prior) or a sequence of them")
    return components


def _log_poisson(n: NDArray[np.int64], mean: float) -> Floats:
    if mean == 0:
        return np.where(n == 0, 0.0, -np.inf)
    return np.asarray(n * math.log(mean) - mean - gammaln(n + 1))


def _log_mixture(n: NDArray[np.int64], means: Floats, log_weights: Floats) -> Floats:
    """log of the Poisson probabilities of each n, averaged over the nodes."""
    log_means, offsets = np.log(means), log_weights - means
    parts = []
    for block in np.array_split(n, max(1, n.size // _ROWS)):
        # The exponents are linear in n: a node far below the peak at both ends of a block matters nowhere in it.
        first, last = (row * log_means + offsets for row in (block[0], block[-1]))
        kept = (first > first.max() - _NEGLIGIBLE) | (last > last.max() - _NEGLIGIBLE)
        exponents = block[:, None] * log_means[kept] + offsets[kept]
        peak = exponents.max(axis=1, keepdims=True)
        parts.append(peak[:, 0] + np.log(np.exp(exponents - peak).sum(axis=1)))
    return np.asarray(np.concatenate(parts) - gammaln(n + 1))


def _panels(low: float, high: float, width: float) -> tuple[Floats, Floats]:
    """Nodes and log weights of a ten-point Gauss-Legendre rule on panels of about twice `width`."""
    nodes, weights = _NODES, _WEIGHTS
    edges = np.linspace(low, high, max(2, math.ceil((high - low) / (1.8 * width)) + 1))
    half = np.diff(edges) / 2
    points = (edges[:-1] + half)[:, None] + half[:, None] * nodes
    return points.ravel(), np.log(half[:, None] * weights).ravel()


def _scaled(log_terms: Floats) -> Floats:
    peak = log_terms.max()
    return np.exp(log_terms - (peak if math.isfinite(peak) else 0.0))


def _sample_truncated(mean: float, error: float, size: int, generator: np.random.Generator) -> Floats:
    draws = generator.normal(mean, error, size)
    while (bad := draws < 0).any():
        draws[bad] = generator.normal(mean, error, int(bad.sum()))
    return draws


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


def log_tail(backgrounds: Sequence[Background], observed: int) -> float:
    """log P(count >= observed), summed from the tail itself so that tiny probabilities keep their digits."""
    if observed == 0:
        return 0.0
    below = _probabilities(backgrounds, observed - 1).sum()
    if below < 0.5:
        return math.log1p(-below)
    mean = sum(component.expected + component.error for component in backgrounds)
    highest = int(max(observed, mean) + 12 * math.sqrt(max(observed, mean))) + 40
    fixed = sum(component.expected for component in backgrounds if component.is_fixed)
    log_total = _log_poisson(np.arange(highest + 1), fixed)
    for component in backgrounds:
        if not component.is_fixed:
            log_total = _log_convolve(log_total, component.predicted_counts(highest), observed)
    return float(logsumexp(log_total[observed:]))


def _log_convolve(first: Floats, second: Floats, lowest: int) -> Floats:
    """log of the convolution; entries from `lowest` on keep full precision, however small."""
    size = first.size
    direct = np.convolve(np.exp(first), np.exp(second))[:size]
    with np.errstate(divide="ignore"):
        log_total = np.log(direct)
    for n in range(lowest, size):
        if direct[n] < 1e-250:
            log_total[n] = logsumexp(first[: n + 1] + second[n::-1])
    return np.asarray(log_total)
