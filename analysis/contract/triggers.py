"""Downscaled trigger lines: what part of the events that fire them they keep."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

OFF = math.inf
"""Downscaling factor of a line that was off, or did not fire."""


def kept_fraction(downscalings: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Fraction kept by the logical OR of lines that all fire, each downscaled independently: 1 - prod(1 - 1/D).

    One factor D a line, numbers or arrays of one shape (events,); `OFF` for a line that takes no part.  Raises
    ValueError for a factor below 1.

    >>> float(round(kept_fraction([100, 8])[()], 5))
    0.13375
    """
    missed = np.asarray(1.0)
    for factor in downscalings:
        values = np.asarray(factor, dtype=float)
        if not (values >= 1).all():
            raise ValueError("downscaling factors must be 1 or more (infinite for a line that was off)")
        missed = missed * (1 - 1 / values)
    return np.asarray(1 - missed)


def relative_exposure(signal: Sequence[ArrayLike], normalisation: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Weight of a normalisation event where the signal has other trigger lines (arXiv:2211.04818, Section 3).

    The fraction kept by the signal's lines over that kept by the normalisation's, with the factors of the event.

    >>> float(round(relative_exposure([8, 8, 100], [8, 100])[()], 2))
    1.81
    """
    return np.asarray(kept_fraction(signal) / kept_fraction(normalisation))
