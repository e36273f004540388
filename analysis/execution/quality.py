"""What is left out of data: bursts in which a detector was bad, or that no good-run list has, and their exposure.

Files say it burst by burst in their tree `Bursts`, a data set which of it counts (`datasets/conditions.yaml`).  The
normalisation is counted in the same events as the signal, so that what is left out lowers the number of kaon decays
and the sensitivity by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.execution.identity import Numbers
from rarekaon.analysis.execution.inputs import BURST, InputFile
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.processing.quality import bad, in_periods, listed_good

SHOWN = 3
"""Runs that are named."""


@dataclass(frozen=True)
class FlaggedBursts:
    """Bursts (`keys`, ascending) in which something was wrong, and the quality mask of each."""

    keys: Numbers
    quality: NDArray[np.uint32]

    def of(self, columns: Columns) -> NDArray[np.uint32]:
        """The quality (n_events,) of the bursts of events."""
        keys = burst_key(columns.event("run"), columns.event("burst"))
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.asarray(np.where(self.keys[place] == keys, self.quality[place], np.uint32(0)))


def bursts_of(files: Iterable[InputFile]) -> NDArray[Any]:
    """The rows of `Bursts` of the files of a sample, one a burst."""
    rows = np.concatenate([np.empty(0, BURST), *(f.bursts for f in files)])
    first, row = np.unique(burst_key(rows["run"], rows["burst"]), return_index=True, return_inverse=True)[1:]
    bursts: NDArray[Any] = rows[first]
    bursts["events"], bursts["quality"] = 0, 0
    np.add.at(bursts["events"], row, rows["events"])
    np.bitwise_or.at(bursts["quality"], row, rows["quality"])
    return bursts


def flagged(files: Sequence[InputFile]) -> dict[str, FlaggedBursts]:
    """By sample the bursts in which something was wrong; a burst that one file calls bad is bad in all."""
    found = {}
    for sample in dict.fromkeys(f.sample for f in files if (f.bursts["quality"] != 0).any()):
        rows = bursts_of(f for f in files if f.sample == sample)
        rows = rows[rows["quality"] != 0]
        found[sample] = FlaggedBursts(burst_key(rows["run"], rows["burst"]), rows["quality"])
    return found


@dataclass(frozen=True)
class Used:
    """Bursts of a data sample that a data set is made of, and those that are left out of its periods.

    `unknown_runs` are in the sample, but in no period of any data set.  Events are not counted: with what a selection
    read their number would say how many are in masked boxes.
    """

    sample: str
    dataset: str
    bursts: int
    bad_bursts: int
    unlisted_bursts: int
    unknown_runs: tuple[int, ...]

    @property
    def share(self) -> float:
        """Part of the bursts of its periods that the data set is made of."""
        total = self.bursts + self.bad_bursts + self.unlisted_bursts
        return self.bursts / total if total else 1.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is left out, in sentences."""
        said = []
        total = self.bursts + self.bad_bursts + self.unlisted_bursts
        if self.bad_bursts:
            said.append(
                f"{self.sample}: {self.bad_bursts} of {total} bursts of {self.dataset} are left out for bad detectors, "
                f"with their events and exposure"
            )
        if self.unlisted_bursts:
            said.append(
                f"{self.sample}: {self.unlisted_bursts} of {total} bursts of {self.dataset} are not on its good-run "
                f"list and left out, with their events and exposure"
            )
        if self.unknown_runs:
            said.append(f"{self.sample}: {_runs(self.unknown_runs)} of no period; {_nearest(self.unknown_runs)}")
        if total == 0:
            spans = ", ".join(f"{first} to {last}" for first, last in (p.runs for p in conditions().of(self.dataset)))
            said.append(f"{self.sample}: no burst is of {self.dataset} (runs {spans})")
        return tuple(said)


def used(files: Sequence[InputFile], sample: str, dataset: str) -> Used:
    """What of a sample of data a data set is made of."""
    rows = bursts_of(f for f in files if f.sample == sample)
    mine = in_periods(dataset, rows["run"])
    wrong = mine & bad(dataset, rows["quality"])
    unlisted = mine & ~wrong & ~listed_good(dataset, rows["run"], rows["burst"])
    good = mine & ~wrong & ~unlisted
    unknown = ~np.logical_or.reduce([in_periods(period, rows["run"]) for period in conditions().periods])

    runs = tuple(np.unique(rows["run"][unknown & (rows["events"] > 0)]).tolist())
    bursts, bad_bursts, unlisted_bursts = (int(np.count_nonzero(mask)) for mask in (good, wrong, unlisted))
    return Used(sample, dataset, bursts, bad_bursts, unlisted_bursts, runs)


def _runs(runs: Sequence[int]) -> str:
    rest = f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else ""
    named = ", ".join(map(str, runs[:SHOWN]))
    return f"run {named} is" if len(runs) == 1 else f"runs {named}{rest} are"


def _nearest(runs: Sequence[int]) -> str:
    def distance(name: str) -> int:
        first, last = conditions().periods[name].runs
        return min(max(first - run, run - last) for run in runs)

    name = min(conditions().periods, key=distance)
    first, last = conditions().periods[name].runs
    return f"the nearest is {name}, runs {first} to {last} (datasets/conditions.yaml)"
