"""Simulated samples: weighted decays of one mode with truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from rarekaon.analysis.facts.models import SimulatedSample, conditions
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.ground.buffers import EventBuffers
from rarekaon.analysis.simulation.samples.blocks import SIZE, DecaySimulation, Workers, in_order, weighted_decays
from rarekaon.analysis.simulation.samples.writer import Format, SampleWriter

Progress = Callable[[int, int], None]
"""Called with (decays done, decays in all)."""

CONDITIONS = "2016-2018"
"""The data set whose running conditions simulated samples share."""

TURNS = {1: (0,), 2: (0, 1), 3: (0, 1, 0, 2)}
"""Strata in the order they take turns, by their number. Of three, the first holds what most searches select."""


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote."""

    sample: str
    """Name of the sample."""
    path: Path
    """The file."""
    generated: int
    """Decays generated."""
    events: int
    """Events stored."""
    seconds: float
    """Wall time."""


def simulate_sample(
    name: str,
    sample: SimulatedSample,
    output: Path,
    *,
    quick: bool,
    workers: Workers,
    file_format: Format,
    progress: Progress | None,
) -> SimulationSummary:
    """Write one simulated sample to the file `output`."""
    started = time.perf_counter()
    running = RunningConditions.of(conditions().of(CONDITIONS), downscaled=False)
    works = weighted_decays(sample, running)
    decays = sample.quick if quick else sample.decays
    # the strata take turns, in blocks small enough for all of them, and the decays of each stand for all
    order = TURNS[len(works)]
    size = min(SIZE, -(-decays // len(order)))
    sizes = [min(size, decays - start) for start in range(0, decays, size)]
    turns = [order[number % len(order)] for number in range(len(sizes))]
    made = np.bincount(turns, sizes, len(works))
    works = [replace(work, scale=decays / part) for work, part in zip(works, made, strict=True)]
    identity = f"{name} {sample.model_dump_json()} {decays}"
    stored: list[int] = []
    done = 0
    with SampleWriter(output, truth=True, identity=identity, file_format=file_format) as writer:
        for block in in_order(partial(_block, works, turns, sizes), range(len(sizes)), workers):
            writer.write(block)
            done += sizes[len(stored)]
            stored.append(len(block.event))
            if progress:
                progress(done, decays)
        n = np.array(sizes)
        writer.write_side(
            {
                "decay": np.full(len(n), works[0].code),
                "seed": np.full(len(n), sample.seed),
                "block": np.arange(len(n)),
                "generated": n,
                "weight": n,
                "weight_in_fv": n * fiducial_fraction(),
                "events": np.array(stored),
            }
        )
    return SimulationSummary(name, Path(output), decays, sum(stored), time.perf_counter() - started)


def _block(works: Sequence[DecaySimulation], turns: Sequence[int], sizes: Sequence[int], number: int) -> EventBuffers:
    return works[turns[number]].block(number, sizes[number])
