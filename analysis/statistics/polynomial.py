"""Poisson maximum-likelihood fits of polynomials to many binned spectra at once.

The mean of a bin is linear in the coefficients, mu = X c, so Fisher scoring is a weighted least-squares fit with
weights 1 / mu, iterated: one batched linear solve a step for every spectrum.  A Neyman chi-square (weights 1 / n)
would bias the yield by several events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SMALLEST_MEAN = 1e-3
_MOST_STEPS = 60


@dataclass(frozen=True)
class PolynomialFits:
    """Coefficients, shape (spectra, terms), and their covariance, shape (spectra, terms, terms)."""

    coefficients: Floats
    covariance: Floats

    def integral(self, low: float, high: float) -> tuple[Floats, Floats]:
        """Fitted counts between two points and their fit error, each of shape (spectra,)."""
        terms = bin_integrals(np.array([low, high]), self.coefficients.shape[1] - 1)[0]
        variance = np.einsum("p,hpq,q->h", terms, self.covariance, terms)
        return self.coefficients @ terms, np.sqrt(np.maximum(variance, 0.0))


def bin_integrals(edges: Floats, order: int) -> Floats:
    """Integral of 1, x, .. x^order over each bin, shape (..., bins, order + 1) for edges of shape (..., bins + 1)."""
    powers = np.arange(1, order + 2)
    return np.asarray(np.diff(edges[..., None] ** powers, axis=-2) / powers)


def fit_polynomials(counts: Floats, used: NDArray[np.bool_], design: Floats) -> PolynomialFits:
    """Fit each row of `counts`, shape (spectra, bins), with its own `design`, shape (spectra, bins, terms).

    used: which bins enter, shape (spectra, bins); each spectrum needs at least as many as there are terms.
    """
    usable = used.sum(axis=1)
    terms = design.shape[-1]
    if (usable < terms).any():
        raise ValueError(f"used leaves fewer than {terms} bins in spectrum {int(usable.argmin())}")
    coefficients, means = _flat_start(counts, used, design)
    likelihood = np.full(counts.shape[0], -np.inf)
    active = np.arange(counts.shape[0])
    for _ in range(_MOST_STEPS):
        part = _Spectra(counts[active], used[active], design[active])
        target, _covariance = part.weighted_least_squares(means[active])
        moved, means[active], improved = part.step(coefficients[active], target, likelihood[active])
        coefficients[active] = moved
        gain = improved - likelihood[active]
        likelihood[active] = improved
        active = active[gain > 1e-8]
        if active.size == 0:
            break
    return PolynomialFits(coefficients, _Spectra(counts, used, design).weighted_least_squares(means)[1])


def _flat_start(counts: Floats, used: NDArray[np.bool_], design: Floats) -> tuple[Floats, Floats]:
    widths = design[..., 0]
    level = (counts * used).sum(axis=1) / (widths * used).sum(axis=1)
    coefficients = np.zeros((counts.shape[0], design.shape[-1]))
    coefficients[:, 0] = level
    return coefficients, np.maximum(level[:, None] * widths, _SMALLEST_MEAN)


@dataclass(frozen=True)
class _Spectra:
    """Counts and used bins, shape (spectra, bins), and design, shape (spectra, bins, terms)."""

    counts: Floats
    used: NDArray[np.bool_]
    design: Floats

    def weighted_least_squares(self, means: Floats) -> tuple[Floats, Floats]:
        """Coefficients of the least-squares fit with weights 1 / means, and their covariance."""
        weights = self.used / means
        transposed = np.swapaxes(self.design, 1, 2)
        covariance = np.linalg.inv(transposed @ (weights[..., None] * self.design))
        gradient = transposed @ (weights * self.counts)[..., None]
        return np.asarray((covariance @ gradient)[..., 0]), np.asarray(covariance)

    def step(self, start: Floats, target: Floats, best: Floats) -> tuple[Floats, Floats, Floats]:
        """Move to the target, by halves where the likelihood would fall (a mean driven below zero)."""
        trial, means, likelihood = self._evaluate(target)
        fraction = 1.0
        for _ in range(12):
            worse = np.flatnonzero(likelihood < best - 1e-9 * (1 + np.abs(best)))
            if worse.size == 0:
                break
            fraction /= 2
            shorter = start[worse] + fraction * (target[worse] - start[worse])
            part = _Spectra(self.counts[worse], self.used[worse], self.design[worse])
            trial[worse], means[worse], likelihood[worse] = part._evaluate(shorter)
        return trial, means, np.maximum(likelihood, best)

    def _evaluate(self, coefficients: Floats) -> tuple[Floats, Floats, Floats]:
        means = np.maximum((self.design @ coefficients[..., None])[..., 0], _SMALLEST_MEAN)
        likelihood = np.where(self.used, self.counts * np.log(means) - means, 0.0).sum(axis=1)
        return coefficients.copy(), means, likelihood
