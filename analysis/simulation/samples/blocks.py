"""Blocks: the unit of work and of reproducibility.

The random numbers of a block are those of a key of (seed, decay, block), so that a sample has the same
bits however its blocks are spread over threads.  The kernels release the interpreter's lock: threads suffice,
nothing is copied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from rarekaon.analysis.contract.schema import COLLECTIONS
from rarekaon.analysis.decays import mode
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.geometry import in_fiducial_volume
from rarekaon.analysis.simulation.detector.scratch import Scratch, scratch
from rarekaon.analysis.simulation.event.loop import simulate_events
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.buffers import EventBuffers, allocate, concatenated, trimmed
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.sampling.generator import Generator, generator
from rarekaon.analysis.simulation.sampling.roulette_generator import RouletteGenerator, roulette_generator
from rarekaon.analysis.simulation.streams.requirements import Stream, stream
from rarekaon.analysis.simulation.streams.strata import strata

T = TypeVar("T")
Elsewhere = Callable[[Callable[[int], Any], Iterable[int]], Iterator[Any]]
"""Computes a function of a number for all numbers and gives the results in their order, wherever that is done."""
Workers = int | Elsewhere
"""Who makes blocks: a number of threads here, or somebody elsewhere."""

SIZE = 100_000
"""Decays of a block."""
PIECE = 5_000
"""Decays of a block that are simulated at a time: what is made of them stays in the processor's cache."""


@dataclass(frozen=True)
class DecaySimulation:
    """Everything that fixes the events of a decay mode in a sample but the block's number.

    Weights are multiplied by `scale`: those of one stratum in a sample of several, which is made in a part of the
    decays only.
    """

    generator: Generator | RouletteGenerator
    """Generates the decays."""
    stream: Stream
    """Says which events are stored."""
    bias: RareResponses
    """How rare responses are drawn."""
    running: RunningConditions
    """Running conditions."""
    seed: int
    """Of the sample."""
    stratum: int = 0
    """Number of the stratum of the stream."""
    scale: float = 1.0
    """Factor of the weights: that of a stratum which is made in a part of the decays of a sample."""

    @property
    def code(self) -> int:
        return self.generator.mode.code

    def key(self, number: int) -> list[int]:
        """The key of the random numbers of block `number`: every stratum of a decay has blocks of its own."""
        return [self.seed, (self.code << 40) + (self.stratum << 36) + number]

    def block(self, number: int, decays: int = SIZE) -> EventBuffers:
        """The events of block `number`; deterministic."""
        rng = random_stream(*self.key(number))
        buffers, event = allocate(min(PIECE, decays)), scratch()
        pieces = [min(PIECE, decays - start) for start in range(0, decays, PIECE)]
        output = concatenated([self._piece(rng, n, event, buffers) for n in pieces])
        output.event["event"] = number * SIZE + np.arange(1, len(output.event) + 1)
        output.event["truth_decay"] = self.code
        if self.scale != 1.0:
            output.event["truth_weight"] *= self.scale
        output.event["truth_in_fv"] = in_fiducial_volume(output.event["truth_z"])
        return output

    def _piece(self, rng: np.random.Generator, decays: int, event: Scratch, buffers: EventBuffers) -> EventBuffers:
        """The events of the next decays of a block, which go through the buffers."""
        used = np.zeros(1 + len(COLLECTIONS), np.int64)
        simulate_events(
            rng,
            constants(),
            self.stream.requirement,
            self.bias,
            self.generator.block(rng, self.running, decays),
            self.running.beam,
            self.running.downscaling,
            event,
            buffers,
            used,
        )
        return trimmed(buffers, used)


def decay_simulation(
    decay: str,
    stream_name: str,
    rare: RareResponses,
    running: RunningConditions,
    seed: int,
    *,
    mass: float | None = None,
    upstream: bool = False,
) -> DecaySimulation:
    """Prepare a decay mode (with the mass of its N or X, MeV): its normalisation and the grids for the stream, or for
    that of the decays upstream of GTK3.
    """
    kept = stream(stream_name).upstream if upstream else stream(stream_name)
    return DecaySimulation(generator(mode(decay, mass), kept, running, seed), kept, rare, running, seed)


def weighted_decays(sample: SimulatedSample, running: RunningConditions) -> list[DecaySimulation]:
    """Prepare the decays of a sample of weighted events, one simulation for every stratum of the stream.

    Russian roulette is played for streams of electron pairs. All others are simulated as `decay_simulation` does.
    """
    seed, rare, kept = sample.seed, sample.rare_responses, stream(sample.stream)
    kept = kept.upstream if sample.upstream else kept
    if kept.requirement.electrons < 2:
        return [
            decay_simulation(
                sample.decay, sample.stream, rare, running, seed, mass=sample.mass, upstream=sample.upstream
            )
        ]
    wanted, sources, made = mode(sample.decay, sample.mass), [], None
    for number, (part, bias) in enumerate(strata(kept, rare, tuple(wanted.pdg))):
        made = roulette_generator(wanted, part, running, seed, bias, weighted=True, like=made)
        sources.append(DecaySimulation(made, part, bias, running, seed, number))
    return sources


def decays_to_unweight(
    decay: str,
    stream_name: str,
    rare: RareResponses,
    running: RunningConditions,
    seed: int,
    *,
    mass: float | None = None,
    invisible: float = -np.inf,
    roulette: bool = True,
) -> list[DecaySimulation]:
    """Prepare a decay mode for samples that are unweighted afterwards, one source for every stratum of the stream.

    Decays whose invisible part has a squared mass below `invisible` (MeV2) are left out.  Without `roulette` the
    responses of all decays are drawn, as in a sample of their own.
    """
    if not roulette:
        return [decay_simulation(decay, stream_name, rare, running, seed, mass=mass)]
    wanted, sources, made = mode(decay, mass), [], None
    # roulette has been played before: twice makes heavy events
    drawn = rare._replace(roulette_below=0.0)
    for number, (kept, bias) in enumerate(strata(stream(stream_name), drawn, tuple(wanted.pdg))):
        made = roulette_generator(wanted, kept, running, seed, bias, invisible, like=made)
        sources.append(DecaySimulation(made, kept, bias, running, seed, number))
    return sources


def in_order(work: Callable[[int], T], numbers: Iterable[int], workers: Workers) -> Iterator[T]:
    """Results of `work` for all numbers, in their order, computed by that many threads a few blocks ahead."""
    if callable(workers):
        yield from workers(work, numbers)
        return
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if workers == 1:
        yield from map(work, numbers)
        return
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for number in numbers:
                waiting.append(pool.submit(work, number))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
