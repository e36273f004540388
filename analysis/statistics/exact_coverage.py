"""How often limits hold when the background is known: summed exactly, without toys."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from rarekaon.analysis.statistics.background import Background

LimitFunction = Callable[[Sequence[int], Sequence[Background], float, float], list[float]]

_MOST_COUNTS = 150


def least_coverage(limits: LimitFunction, background: float, confidence_level: float) -> float | None:
    """Smallest coverage of a method's limits for a known background and any signal; None for large backgrounds.

    The coverage of s is P(limit(N) >= s).  Between two limits it rises with s, so the smallest is right above one.
    """
    highest = int(background + 6 * math.sqrt(background)) + 25
    if highest > _MOST_COUNTS:
        return None
    counts = np.arange(highest + 1)
    found = np.array(limits(list(map(int, counts)), [Background(background)], 0.0, confidence_level))
    return float(min(_covered(found, counts, background, limit) for limit in found[: highest - 15]))


def _covered(limits: NDArray[np.float64], counts: NDArray[np.int64], background: float, limit: float) -> float:
    """Coverage of a signal right above `limit`: the probability of more than the largest count with such a limit."""
    last = int(counts[limits <= limit * (1 + 1e-12)].max())
    return 1 - float(gammaincc(last + 1, limit + background))
