"""Small simulated samples of any mode, also of modes that no catalogue has, and their acceptance."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rarekaon.analysis.decays import Mode
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.processing.processor import apply_cuts, book_cuts, trigger_stage
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.samples.blocks import SIZE, DecaySimulation
from rarekaon.analysis.simulation.samples.writer import SampleWriter
from rarekaon.analysis.simulation.sampling.generator import generator
from rarekaon.analysis.simulation.streams.requirements import stream
from tests.reading import columns_of


def write_sample(path: Path, mode: Mode, blocks: int = 1, seed: int = 77) -> Path:
    """Blocks of `SIZE` decays of a mode, events with three tracks stored; without radiation, like forbidden decays."""
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    three = stream("three_tracks")
    source = DecaySimulation(generator(mode, three, running, seed), three, RareResponses(), running, seed)
    written = []
    with SampleWriter(path, truth=True, identity=f"{mode.descriptor} {seed}") as writer:
        for number in range(blocks):
            block = source.block(number)
            writer.write(block)
            written.append(len(block.event))
        size = np.full(blocks, SIZE)
        writer.write_side(
            {
                "decay": np.full(blocks, mode.code), "seed": np.full(blocks, seed), "block": np.arange(blocks),
                "generated": size, "weight": size, "weight_in_fv": size * fiducial_fraction(),
                "events": np.array(written),
            }
        )  # fmt: skip
    return path


def acceptance(search: Search, path: Path, blocks: int = 1) -> tuple[float, float]:
    """Acceptance of the signal region and its statistical error, from the events of a file."""
    columns: Columns = columns_of(path)
    stage = trigger_stage(search.signal, search.dataset, columns)
    regions = book_cuts(search.signal, apply_cuts(search.signal, stage))["regions"]["signal"]
    generated = blocks * SIZE * fiducial_fraction()
    return regions.value / generated, np.sqrt(regions.variance) / generated
