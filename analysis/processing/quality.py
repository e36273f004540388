"""Which events of data belong to a data set: by their run, its good-run list, and what was wrong in their burst."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.facts.models import conditions

Mask = NDArray[np.bool_]

QUALITY = "burst_quality"
"""Event-level column with the quality mask of each event's burst, where a burst of the sample has any."""


def in_periods(dataset: str, run: NDArray[Any]) -> Mask:
    """Whether runs are of the periods of a data set."""
    spans = (p.runs for p in conditions().of(dataset))
    return np.asarray(np.logical_or.reduce([(run >= first) & (run <= last) for first, last in spans]))


def listed_good(dataset: str, run: NDArray[Any], burst: NDArray[Any]) -> Mask:
    """Whether bursts are on the good-run list of a data set; all are where it has none."""
    wanted = conditions().dataset(dataset).good_runs
    if wanted is None:
        return np.ones(len(run), bool)
    good = np.zeros(len(run), bool)
    for number, spans in wanted.items():
        for first, last in spans:
            good |= (run == number) & (burst >= first) & (burst <= last)
    return good


def bad(dataset: str, quality: NDArray[Any]) -> Mask:
    """Whether bursts of that quality are left out of a data set."""
    return np.asarray((quality & np.uint32(conditions().dataset(dataset).quality_mask)) != 0)


def used(dataset: str, columns: Columns) -> Mask:
    """The events (n_events,) of a chunk of data that a data set is made of."""
    run = columns.event("run")
    mask = in_periods(dataset, run)
    if conditions().dataset(dataset).good_runs is not None:
        mask &= listed_good(dataset, run, columns.event("burst"))
    if (quality := columns.given(QUALITY)) is not None:
        mask &= ~bad(dataset, quality)
    return mask
