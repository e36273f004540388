"""The weight of a normalisation candidate where signal and normalisation have different trigger lines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analysis.events.candidates import Candidates
from analysis.triggers import OFF, relative_exposure

Float = NDArray[np.float64]


def exposure_of(signal: tuple[str, ...], *, relative_to: tuple[str, ...]) -> Callable[[Candidates], Float]:
    """Kaon flux seen by the lines `signal` over that seen by the lines `relative_to`, per candidate, shape (n,).

    From the downscaling factors stored with the event (arXiv:2211.04818, Section 3).
    """

    def weight(c: Candidates) -> Float:
        return relative_exposure(*([_factor(c, line) for line in lines] for lines in (signal, relative_to)))

    return weight


def _factor(c: Candidates, line: str) -> Float:
    factor = c.per_event(f"downscaling_{line}").astype(np.float64)
    return np.where(factor == 0, OFF, factor)
