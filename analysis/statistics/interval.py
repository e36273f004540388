"""A measurement: the signal with both ends of its interval, for counts above their background.

The central interval is exact: its lower end is the signal of which so many events or more have probability
(1 - level) / 2, its upper end the one of which so many or fewer do, errors marginalised as in a limit (K+ -> pi+
nu nu of later data sets: 20 events where 7 are expected).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from rarekaon.analysis.statistics import few_counts
from rarekaon.analysis.statistics.arguments import ArgumentError, confidence_level, count, relative_sensitivity_error
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.contours import FEW
from rarekaon.analysis.statistics.counting import CountingExperiment, LargeCounts
from rarekaon.analysis.statistics.many_counts import log_below
from rarekaon.analysis.statistics.rolke import ProfileLikelihood, measured_background

ONE_SIGMA = float(ndtr(1) - ndtr(-1))


@dataclass(frozen=True)
class CentralInterval:
    """A signal in the unit of the sensitivity, with the ends of its central interval; `low` is 0 without evidence."""

    value: float
    low: float
    high: float
    confidence_level: float


def central_interval(
    observed: int,
    background: Background | Sequence[Background],
    *,
    ses: float = 1.0,
    ses_error: float = 0.0,
    level: float = ONE_SIGMA,
) -> CentralInterval:
    """The measured signal, (observed - background) times the sensitivity, and its exact central interval.

    level: by default that of one standard deviation.  Raises ArgumentError that names the argument at fault.
    """
    n, components = count("observed", observed), as_components(background)
    relative = relative_sensitivity_error(ses, ses_error)
    outside = (1 - confidence_level(level)) / 2
    value = max(0.0, n - sum(component.expected for component in components))
    upper = _crossing(_below(n, components, relative), outside, n)
    if upper is None:
        raise ArgumentError("observed: so few events are less likely than the level allows without a signal")
    lower = None if n == 0 else _crossing(_below(n - 1, components, relative), 1 - outside, n)
    return CentralInterval(value * ses, (lower or 0.0) * ses, upper * ses, level)


def profile_interval(
    observed: int,
    background: Background | Sequence[Background],
    *,
    ses: float = 1.0,
    ses_error: float = 0.0,
    level: float = ONE_SIGMA,
) -> CentralInterval:
    """The same signal with the interval of its profile likelihood, where -2 log of the ratio passes the chi-square.

    Shorter than the exact one, and it covers less for few events; above no background and error it is that of a
    Poisson likelihood.  Raises ArgumentError that names the argument at fault.
    """
    n, components = count("observed", observed), as_components(background)
    relative = relative_sensitivity_error(ses, ses_error)
    likelihood = ProfileLikelihood(n, measured_background(components), 1.0, relative)
    low, high = likelihood.lower_limit(level), likelihood.upper_limit(confidence_level(level))
    return CentralInterval(likelihood.minimum()[0] * ses, low * ses, high * ses, level)


def _below(n: int, components: Sequence[Background], relative: float) -> Callable[[float], float]:
    """P(count <= n) as a function of the signal mean."""
    if n <= FEW:
        experiment, without = CountingExperiment(n, components, relative), few_counts.probabilities(components, n).sum()
        return lambda signal: float(experiment.cls(signal) * without)
    counts = np.array([float(n)])
    start = math.exp(float(log_below(counts, components)[0][0]))
    large = LargeCounts([n], components, relative)
    return lambda signal: start * float(large.cls(np.array([signal]))[0]) if signal > 0 else start


def _crossing(below: Callable[[float], float], probability: float, n: int) -> float | None:
    """The signal at which P(count <= n), which falls with it, is `probability`; None if it never is as much."""
    if below(0.0) <= probability:
        return None
    high = n + 3 * math.sqrt(n + 1) + 3
    while below(high) > probability:
        high *= 2
        if high > 1e18:
            raise ArgumentError("ses_error is too large for a finite interval; give a smaller one")
    return float(brentq(lambda s: below(s) - probability, 0.0, high, xtol=1e-9 * high, rtol=1e-12))
