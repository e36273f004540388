"""What the error of the single event sensitivity means: priors of the signal's efficiency.

The efficiency e, relative to its nominal value, has mean 1 and the relative error r of the sensitivity as its standard
deviation.  For a gamma distribution, which `counting` takes, the counts are known in closed form; here CLs is averaged
over others by quadrature, CLs(s) = sum_k w_k CLs(s e_k | r = 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background
from rarekaon.analysis.statistics.contours import FEW
from rarekaon.analysis.statistics.counting import NEGLIGIBLE, CountingExperiment, LargeCounts
from rarekaon.analysis.statistics.exact_coverage import LimitFunction

Floats = NDArray[np.float64]
SensitivityPrior = Literal["gamma", "truncated_gaussian", "lognormal"]
SENSITIVITY_PRIORS: tuple[SensitivityPrior, ...] = get_args(SensitivityPrior)

_POINTS = 80
_REACH = 9.0
"""Standard deviations that are averaged over."""


def efficiencies(prior: SensitivityPrior, relative_error: float) -> tuple[Floats, Floats]:
    """Relative efficiencies and their weights, which add up to 1: shape (nodes,) each.

    "truncated_gaussian": a Gaussian around 1, cut at zero.  "lognormal": exp of a Gaussian, with mean 1.
    """
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    if prior == "lognormal":
        width = math.sqrt(math.log1p(relative_error**2))
        z = _REACH * points
        return np.exp(width * z - width**2 / 2), _normalised(weights * np.exp(-(z**2) / 2))
    low = max(0.0, 1 - _REACH * relative_error)
    half = (1 + _REACH * relative_error - low) / 2
    values = low + half * (1 + points)
    return values, _normalised(weights * np.exp(-(((values - 1) / relative_error) ** 2) / 2))


def _normalised(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum())


def limits_with_prior(method: str, prior: SensitivityPrior) -> LimitFunction:
    """The limits of a method ("cls" or "bayes") for a prior of the efficiency; ArgumentError for what has none.

    A flat prior of the signal weighs each efficiency by its inverse, which a Gaussian that reaches zero does not allow.
    """
    if method not in ("cls", "bayes") or (method == "bayes" and prior == "truncated_gaussian"):
        raise ArgumentError(f"ses_prior must be gamma for the method {method}, not {prior}")

    def limits(
        counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
    ) -> list[float]:
        nodes = (np.ones(1), np.ones(1)) if relative_error < NEGLIGIBLE else efficiencies(prior, relative_error)
        values, weights = nodes
        if method == "bayes":
            weights = _normalised(weights / values)
        found = {n: _limit(n, backgrounds, values, weights, 1 - confidence_level) for n in set(counts)}
        return [found[n] for n in counts]

    return limits


def _limit(n: int, backgrounds: Sequence[Background], values: Floats, weights: Floats, target: float) -> float:
    """The signal mean at which the average of CLs is `target`."""
    cls = _cls(n, backgrounds, len(values))

    def distance(signal: float) -> float:
        return float(weights @ cls(signal * values)) - target

    high = n + 3.0
    while distance(high) > 0:
        high *= 2
        if high > 1e17:
            raise ArgumentError("ses_error is too large for a finite limit; give a smaller one")
    return float(brentq(distance, 0.0, high, xtol=1e-12 * high, rtol=1e-12))


def _cls(n: int, backgrounds: Sequence[Background], size: int) -> Callable[[Floats], Floats]:
    """CLs of `size` signals at a time, of a known efficiency."""
    if n > FEW:
        return LargeCounts([n] * size, backgrounds).cls
    experiment = CountingExperiment(n, backgrounds)
    return lambda signals: np.array([experiment.cls(float(s)) for s in signals])
