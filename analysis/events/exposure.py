"""Exposure: what the events of a sample stand for, from the side trees of exactly the files that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import uproot
from numpy.typing import NDArray

from analysis.schema import BURSTS_TREE, EVENTS_TREE, GENERATION_TREE


class ExposureError(ValueError):
    """The events of a file do not add up to what its side tree says."""


@dataclass(frozen=True)
class Exposure:
    """Of a sample: `events` stored in its files; for simulation the decays `generated` and the sums of their weights,
    for data the `bursts`.  The weight inside the fiducial volume is the denominator of every acceptance.
    """

    simulated: bool
    events: int
    generated: int = 0
    weight: float = 0.0
    weight_in_fv: float = 0.0
    bursts: int = 0

    def as_numbers(self) -> dict[str, float]:
        """Plain numbers, as the histogram store keeps them."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_numbers(cls, numbers: dict[str, float]) -> Exposure:
        return cls(
            simulated=bool(numbers["simulated"]),
            events=int(numbers["events"]),
            generated=int(numbers["generated"]),
            weight=numbers["weight"],
            weight_in_fv=numbers["weight_in_fv"],
            bursts=int(numbers["bursts"]),
        )


def exposure(files: Sequence[str]) -> Exposure:
    """The summed exposure of files, all of them simulation or all of them data.

    Raises ExposureError where events are missing or surplus, a block of a simulation occurs twice, or the files mix
    simulation and data.
    """
    parts = [_of_file(path) for path in files]
    if len({part.simulated for part in parts}) > 1:
        raise ExposureError("the sample mixes data files with simulated ones; give them different names")
    totals = {name: sum(getattr(p, name) for p in parts) for name in asdict(parts[0]) if name != "simulated"}
    _require_distinct_blocks(files, simulated=parts[0].simulated)
    return Exposure(simulated=parts[0].simulated, **totals)


def _of_file(path: str) -> Exposure:
    with uproot.open(path) as file:
        entries = file[EVENTS_TREE].num_entries
        simulated = GENERATION_TREE in file
        side = file[GENERATION_TREE if simulated else BURSTS_TREE].arrays(library="np")
    events = int(side["events"].sum())
    if events != entries:
        raise ExposureError(
            f"{path} holds {entries} events, its side tree says {events}: the file is incomplete; make it again"
        )
    if not simulated:
        return Exposure(simulated=False, events=events, bursts=len(side["events"]))
    return Exposure(
        simulated=True,
        events=events,
        generated=int(side["generated"].sum()),
        weight=float(side["weight"].sum()),
        weight_in_fv=float(side["weight_in_fv"].sum()),
    )


def _require_distinct_blocks(files: Sequence[str], *, simulated: bool) -> None:
    if not simulated:
        return
    rows = np.concatenate([_blocks(path) for path in files])
    if len(np.unique(rows, axis=0)) != len(rows):
        raise ExposureError("the same simulated block occurs twice in the sample; remove the duplicate file")


def _blocks(path: str) -> NDArray[np.uint64]:
    """(decay, seed, block) of every block in a file, shape (blocks, 3)."""
    names = ("decay", "seed", "block")
    with uproot.open(path) as file:
        columns = file[GENERATION_TREE].arrays(names, library="np")
    return np.stack([columns[name].astype(np.uint64) for name in names], axis=1)
