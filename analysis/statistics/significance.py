"""Discovery side: how unlikely the observed count is without a signal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri_exp

from rarekaon.analysis.statistics.arguments import count
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.many_counts import log_above


@dataclass(frozen=True)
class Significance:
    """Local p-value P(count >= observed | background) and its one-sided Gaussian equivalent.

    p_value is 0.0 where it underflows; `log_p_value` and `sigmas` stay exact.
    """

    observed: int
    log_p_value: float
    sigmas: float

    @property
    def p_value(self) -> float:
        """Probability of as many events or more from background alone."""
        return math.exp(self.log_p_value)


def significance(observed: int, background: Background | Sequence[Background]) -> Significance:
    """Local significance of `observed` events over the background, its error marginalised.

    Without an event the p-value is 1 and the significance -infinity.
    """
    log_p = log_above(count("observed", observed), as_components(background))
    return Significance(observed, log_p, float(-ndtri_exp(np.float64(log_p))) if log_p < 0 else -math.inf)
