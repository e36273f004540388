"""Weights of data candidates from the downscaling factors of their event."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analysis.events.candidates import Candidates


def kept_fraction(c: Candidates, lines: tuple[str, ...]) -> NDArray[np.float64]:
    """Probability that at least one of the lines keeps an event on which all fire, shape (n,); 0 is a line off."""
    lost = np.ones(len(c))
    for line in lines:
        factor = c.per_event(f"downscaling_{line}").astype(np.float64)
        lost *= 1 - np.divide(1.0, factor, out=np.zeros(len(c)), where=factor > 0)
    return 1 - lost


def relative_exposure(
    signal: tuple[str, ...], normalisation: tuple[str, ...]
) -> Callable[[Candidates], NDArray[np.float64]]:
    """Weight of a normalisation candidate where the signal has more lines (arXiv:2211.04818, Section 3), shape (n,)."""

    def weight(c: Candidates) -> NDArray[np.float64]:
        return kept_fraction(c, signal) / kept_fraction(c, normalisation)

    return weight
