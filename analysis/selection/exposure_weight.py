"""Weights of candidates of data that undo downscalings: of lines with different factors, of prescaled streams.

Asked for twice they are the same function, so that selections that share a weight are looked at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.triggers import OFF, relative_exposure
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.facts.models import conditions

Float = NDArray[np.float64]


@cache
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


@cache
def prescale_of(line: str) -> Callable[[Candidates], Float]:
    """How much more than in its running period the line was downscaled at the event, per candidate, shape (n,).

    Larger than 1 for streams of frequent events of which only a part is kept.
    """

    def weight(c: Candidates) -> Float:
        run, nominal = c.per_event("run"), np.full(len(c), np.nan)
        for period in conditions().periods.values():
            nominal[(run >= period.runs[0]) & (run <= period.runs[1])] = period.downscaling[line]  # type: ignore[index]
        return np.asarray(_factor(c, line) / nominal)

    return weight


@cache
def product(*weights: Callable[[Candidates], Float]) -> Callable[[Candidates], Float]:
    """All of the weights, per candidate, shape (n,)."""
    return lambda c: np.asarray(np.prod([weight(c) for weight in weights], axis=0))
