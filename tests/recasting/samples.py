"""Small simulated samples of any mode, also of modes that no catalogue has, and their acceptance."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.catalogue import RareResponses, conditions
from analysis.events.columns import Columns
from analysis.processor import book, start
from analysis.search import Search
from analysis.simulation.beam import Exposure, fiducial_fraction
from analysis.simulation.blocks import SIZE, Source
from analysis.simulation.decays import Mode
from analysis.simulation.generation import generator
from analysis.simulation.response import Bias
from analysis.simulation.streams import stream
from analysis.simulation.writer import SampleWriter
from tests.reading import columns_of


def write_sample(path: Path, mode: Mode, blocks: int = 1, seed: int = 77) -> Path:
    """Blocks of `SIZE` decays of a mode, events with three tracks stored; without radiation, like forbidden decays."""
    exposure = Exposure.of(conditions().of("2016-2018"), downscaled=False)
    three = stream("three_tracks")
    source = Source(generator(mode, three, exposure, seed), three, Bias(**RareResponses().model_dump()), exposure, seed)
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
    regions = book(search.signal, start(search.signal, search.dataset, columns))["regions"]["signal"]
    generated = blocks * SIZE * fiducial_fraction()
    return regions.value / generated, np.sqrt(regions.variance) / generated
