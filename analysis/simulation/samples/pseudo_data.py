"""Pseudo-data: an unweighted sample with the statistics of an exposure, drawn from weighted simulation.

1e12 decays cannot be made one by one, so each mode is importance sampled. A simulated event of weight w stands for
N_K B w / n data events, before the trigger's downscaling and the common efficiency. It becomes a data event with
this probability. The probability must not exceed 1, so blocks are added (n grows) until it does not. Every event
keeps one uniform number from the start, so that a larger n only removes some of what was accepted before.

Modes are then mixed, spread over the runs and bursts of their periods and stripped of their truth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.schema import TRIGGER_LINES
from rarekaon.analysis.contract.triggers import OFF, kept_fraction
from rarekaon.analysis.contract.units import GeV2
from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.models import (
    Period,
    PrescaledClass,
    PseudoData,
    conditions,
)
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.ground.buffers import EventBuffers, concatenated, taken
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.samples.blocks import SIZE, DecaySimulation, Workers, decays_to_unweight, in_order
from rarekaon.analysis.simulation.samples.prescale import apply_prescale
from rarekaon.analysis.simulation.samples.weighted import Progress, SimulationSummary
from rarekaon.analysis.simulation.samples.writer import ROWS, Format, SampleWriter

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SMEARED = 0.01 * GeV2
"""Decays whose true squared missing mass lies this far inside the prescaled class never leave it: seven standard
deviations."""
QUICK = 0.1
"""Part of the exposure that a quick sample has."""
TOLERATED_EXCESS = 0.02
"""Part of a mode's events that may be lost because single simulated events stand for more than one."""
TOLERATED_EVENTS = 0.5
"""Events of a mode that may be lost so, whatever their part."""
FIRST_BLOCKS, MOST_BLOCKS, GROWTH = 2, 4000, 4
UNIFORM_KEY = 1 << 35
"""Key of the uniform numbers of a block, beyond that of any block."""


class ImpossibleExposureError(ValueError):
    """A mode cannot be unweighted to the exposure with a reasonable number of simulated decays."""


@dataclass(frozen=True)
class Proposals:
    """Simulated events of a block that may become data."""

    output: EventBuffers
    """The events."""
    uniform: Floats
    """The number that each expectation is compared with, (n,)."""
    expectation: Floats
    """Data events that each stands for, times the decays simulated, (n,)."""
    total: float
    """Sum of the expectations of all events of the block."""
    large: Floats
    """Expectations that may exceed 1."""

    def accepted(self, n: int) -> EventBuffers:
        """The data events if n decays are simulated in all."""
        return taken(self.output, np.flatnonzero(self.uniform * n < self.expectation))

    def among(self, n: int) -> Proposals:
        """The same without events that n decays leave no chance: there will be no fewer."""
        rows = np.flatnonzero(self.uniform * n < self.expectation)
        kept = taken(self.output, rows), self.uniform[rows], self.expectation[rows]
        return Proposals(*kept, self.total, self.large[self.large > n])


def downscaled(fired: Flags, downscaling: Ints, rng: np.random.Generator) -> Flags:
    """Lines (events, lines) that keep an event, drawn independently under the condition that one does."""
    keep = np.where(fired, 1 / downscaling, 0.0)
    result = np.zeros_like(fired)
    any_so_far = np.zeros(len(fired), bool)
    for line in range(fired.shape[1]):
        rest = 1 - np.prod(1 - keep[:, line:], axis=1)
        conditional = np.divide(keep[:, line], rest, out=np.zeros(len(fired)), where=rest > 0)
        result[:, line] = rng.random(len(fired)) < np.where(any_so_far, keep[:, line], conditional)
        any_so_far |= result[:, line]
    return result


def _lines(output: EventBuffers, prefix: str) -> npt.NDArray[np.int64]:
    columns = [output.event[f"{prefix}_{line}"].astype(np.int64) for line in TRIGGER_LINES]
    return np.stack(columns, axis=1)


def _event_efficiency(periods: tuple[Period, ...], run: Ints) -> Floats:
    efficiency = np.zeros(len(run))
    for period in periods:
        efficiency[(run >= period.runs[0]) & (run <= period.runs[1])] = period.event_efficiency
    return efficiency


@dataclass(frozen=True)
class Unweighting:
    """One mode on its way to data."""

    work: DecaySimulation
    """The simulation of the mode."""
    decays: float
    """Decays of it that happen in the exposure, wherever the kaon decays."""
    periods: tuple[Period, ...]
    """Periods of the data."""
    lines: tuple[str, ...]
    """Trigger lines that take events."""
    prescaled_class: PrescaledClass | None = None
    """A class of frequent events that is prescaled in addition."""

    @property
    def first(self) -> int:
        """Blocks to begin with: no more than a thousand times the decays that happen need."""
        return min(FIRST_BLOCKS, 1 + int(1000 * self.decays / SIZE))

    def block(self, number: int, blocks: int | None = None) -> Proposals:
        """The candidates of one block of at least `blocks` (by default those to begin with); events that fail with so
        many are dropped.
        """
        output = self.work.block(number)
        for line in set(TRIGGER_LINES) - set(self.lines):
            output.event[f"trigger_{line}"] = False
        drawn = (
            apply_prescale(self.prescaled_class, self.work.generator.mode.descriptor, output)
            if self.prescaled_class
            else 1.0
        )
        uniform = random_stream(*self.work.key(UNIFORM_KEY + number)).random(len(output.event))
        fired, factors = _lines(output, "trigger") > 0, _lines(output, "downscaling")
        kept = kept_fraction(list(np.where(fired, factors, OFF).T))
        common = _event_efficiency(self.periods, output.event["run"])
        expectation = self.decays * output.event["truth_weight"] * common * kept * drawn
        made = Proposals(output, uniform, expectation, float(expectation.sum()), expectation)
        return made.among(SIZE * (blocks or self.first))

    def more(self, made: list[Proposals], wanted: int, workers: Workers, report: Callable[[int, int], None]) -> None:
        """Make blocks until there are as many as wanted."""
        made[:] = [part.among(SIZE * wanted) for part in made]
        for part in in_order(partial(self.block, blocks=wanted), range(len(made), wanted), workers):
            made.append(part)
            report(len(made), wanted)

    def run(
        self, made: list[Proposals], tolerated: float, workers: Workers, report: Callable[[int, int], None]
    ) -> Unweighted:
        """The data events, the first blocks being made; no more than `tolerated` are expected to be lost.

        Raises `ImpossibleExposureError`.
        """
        wanted = len(made)
        while True:
            needed = blocks_needed([part.large for part in made], len(made), tolerated)
            # A few blocks may hold one event of an exceptional weight: estimate again before believing it.
            wanted = min(needed, GROWTH * len(made))
            if wanted > MOST_BLOCKS:
                raise ImpossibleExposureError(
                    f"{self.work.generator.mode.descriptor}: more than {MOST_BLOCKS * SIZE} decays would be needed "
                    "for an unweighted sample; sharpen the importance sampling or ask for a smaller exposure"
                )
            if wanted == len(made):
                break
            self.more(made, wanted, workers, report)
        decays = len(made) * SIZE
        excess = sum(float(np.maximum(part.large - decays, 0).sum()) for part in made) / decays
        return Unweighted(concatenated([part.accepted(decays) for part in made]), len(made), expected(made), excess)


@dataclass(frozen=True)
class Unweighted:
    """The data events of a stratum of a mode."""

    output: EventBuffers
    """The events."""
    blocks: int
    """Blocks simulated."""
    expected: float
    """Events that were expected."""
    excess: float
    """Events lost where a simulated event stands for more than one."""


def expected(made: list[Proposals]) -> float:
    """Data events that the candidates stand for."""
    return sum(part.total for part in made) / (len(made) * SIZE)


def blocks_needed(large: list[Floats], blocks: int, tolerated: float) -> int:
    """Blocks after which events that stand for more than one data event lose no more than `tolerated` events.

    `large` are the expectations above the first blocks' number of decays, from `blocks` blocks.
    """
    values = np.concatenate(large) if large else np.empty(0)
    count = blocks
    while count <= MOST_BLOCKS and np.maximum(values - count * SIZE, 0).sum() > tolerated * blocks * SIZE:
        count = int(count * 1.1) + 1
    return count


def unweighted(
    strata: list[Unweighting], excess: float, workers: Workers, report: Callable[[int, int], None]
) -> list[Unweighted]:
    """The data events of a mode, stratum by stratum; the strata share what may be lost of the mode."""
    first: list[list[Proposals]] = [[] for _ in strata]
    for stratum, made in zip(strata, first, strict=True):
        stratum.more(made, stratum.first, workers, report)
    total = sum(expected(made) for made in first)
    tolerated = max(excess * total, TOLERATED_EVENTS) / len(strata)
    return [stratum.run(made, tolerated, workers, report) for stratum, made in zip(strata, first, strict=True)]


def _finished(output: EventBuffers, seed: int) -> EventBuffers:
    """Events in the order of data taking, numbered, with the lines that fired after downscaling."""
    rng = random_stream(seed, 2**50)
    event = output.event
    order = np.lexsort((rng.random(len(event)), event["burst"], event["run"]))
    output = taken(output, order)
    event = output.event
    lines = downscaled(_lines(output, "trigger") > 0, _lines(output, "downscaling"), rng)
    for k, line in enumerate(TRIGGER_LINES):
        event[f"trigger_{line}"] = lines[:, k]
    first = np.flatnonzero((np.diff(event["run"], prepend=0) != 0) | (np.diff(event["burst"], prepend=0) != 0))
    starts = np.repeat(first, np.diff(np.append(first, len(event))))
    event["event"] = np.arange(len(event)) - starts + 1
    return output


def _bursts(periods: tuple[Period, ...], output: EventBuffers) -> dict[str, npt.NDArray[np.int64]]:
    """All bursts of the exposure with their numbers of events, empty ones included."""
    run = np.concatenate([np.repeat(np.arange(p.runs[0], p.runs[1] + 1), p.bursts_per_run) for p in periods])
    burst = np.concatenate([np.tile(np.arange(1, p.bursts_per_run + 1), p.runs[1] - p.runs[0] + 1) for p in periods])
    key = run.astype(np.int64) << 32 | burst
    order = np.argsort(key)
    found, counts = np.unique(
        output.event["run"].astype(np.int64) << 32 | output.event["burst"].astype(np.int64), return_counts=True
    )
    events = np.zeros(len(key), np.int64)
    events[np.searchsorted(key[order], found)] = counts
    zero = np.zeros(len(key), np.int64)
    return {"run": run[order], "burst": burst[order], "events": events, "quality": zero}


def shortened(period: Period) -> Period:
    """A tenth of a period: fewer bursts in every run, and their share of the kaon decays."""
    bursts = max(1, round(QUICK * period.bursts_per_run))
    decays = period.kaon_decays * bursts / period.bursts_per_run
    return period.model_copy(update={"bursts_per_run": bursts, "kaon_decays": decays})


def _rare_responses(decay: str, stream: str) -> RareResponses:
    """The sampling of rare responses that the simulated sample of the same decay and stream uses."""
    for sample in catalogue().simulation.values():
        if (sample.decay, sample.stream) == (decay, stream):
            return sample.rare_responses
    return RareResponses()


def simulate_pseudo_data(
    name: str,
    sample: PseudoData,
    output: Path,
    *,
    quick: bool,
    workers: Workers,
    file_format: Format,
    inject: dict[str, float],
    progress: Progress | None,
) -> SimulationSummary:
    """Write a pseudo-data sample to the file `output`; `inject` adds decays with their branching fraction."""
    started = time.perf_counter()
    periods = tuple(conditions().periods[p] for p in sample.periods)
    if quick:
        periods = tuple(shortened(p) for p in periods)
    running = RunningConditions.of(periods, downscaled=True).prescaled(sample.prescale)
    kaons = sample.exposure * sum(p.kaon_decays for p in periods) / fiducial_fraction()
    fractions = {decay: branching_fractions()[decay].value for decay in sample.modes}
    for decay, value in (*sample.inject.items(), *sample.stand_ins.items(), *inject.items()):
        fractions[decay] = fractions.get(decay, 0.0) + value
    blocks = 0
    parts: list[EventBuffers] = []

    def report(done: int, wanted: int) -> None:
        if progress:
            progress(len(parts) * wanted + done, len(fractions) * wanted)

    for decay, fraction in fractions.items():
        tail = sample.prescaled_class is not None and decay in sample.prescaled_class.outside_only
        rare = _rare_responses(decay, sample.stream)
        invisible = (
            sample.prescaled_class.squared_missing_mass[1] - SMEARED if sample.prescaled_class and tail else -np.inf
        )
        roulette = decay not in sample.drawn_in_full
        sources = decays_to_unweight(
            decay,
            sample.stream,
            rare,
            running,
            sample.seed,
            invisible=invisible,
            roulette=roulette,
        )
        strata = [
            Unweighting(work, kaons * fraction, periods, sample.lines, sample.prescaled_class) for work in sources
        ]
        made = unweighted(strata, TOLERATED_EXCESS, workers, report)
        parts.append(concatenated([stratum.output for stratum in made]))
        blocks += sum(stratum.blocks for stratum in made)
    events = _finished(concatenated(parts), sample.seed)
    identity = f"{name} {sample.model_dump_json()} {fractions} {kaons}"
    with SampleWriter(output, truth=False, identity=identity, file_format=file_format) as writer:
        for start in range(0, len(events.event), ROWS):
            writer.write(taken(events, np.arange(start, min(start + ROWS, len(events.event)))))
        writer.write_side(_bursts(periods, events))
    seconds = time.perf_counter() - started
    return SimulationSummary(name, Path(output), blocks * SIZE, len(events.event), seconds)
