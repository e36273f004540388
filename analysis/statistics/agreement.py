"""Do counts agree with what was expected?  Asked of control regions before a box is opened, and of its record after."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rarekaon.analysis.statistics.background import Background, Prior
from rarekaon.analysis.statistics.significance import significance

THRESHOLD = 0.01
"""Smallest p-value, corrected for the number of regions, with which a box is opened."""

LEAST_EXPECTED = math.log(2 / THRESHOLD)
"""Expected events (5.3) below which counts have no power: to see nothing at all would not be a disagreement."""


def region_p_value(observed: float, expected: float, error: float, *, prior: Prior, weight: float = 1.0) -> float:
    """Two-sided p-value of an observed count under the expected one with its error, all in events.

    Of a count in which each recorded event stands for `weight`, the number recorded is Poisson distributed around the
    expected one over it; weights that differ are replaced by the one with the same mean and variance of the sum
    (G. Bohm and G. Zech, NIM A 748 (2014) 1).  Raises ArgumentError for negative numbers.
    """
    recorded = round(observed / weight)
    if expected == 0:
        prior = "truncated_gaussian"  # a gamma distribution has a mean
    background = Background(expected / weight, error / weight, None if error == 0 else prior)
    excess = significance(recorded, background).p_value
    deficit = 1 - significance(recorded + 1, background).p_value
    return min(1.0, 2 * min(excess, deficit))


def agreement(p_values: Sequence[float]) -> float:
    """The smallest p-value times the number of them.

    >>> agreement([0.04, 0.5])
    0.08
    """
    return min(1.0, len(p_values) * min(p_values))
