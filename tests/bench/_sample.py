"""Files for the benchmarks: data as an experiment's three-track stream looks, most of it not what is searched for.

The events are simulated; some get the tracks, clusters and veto signals of a second decay, as pileup does, so that
there are triplets to try.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from rarekaon.analysis.contract.schema import COLLECTIONS, EVENTS_TREE, TRIGGER_LINES
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.buffers import EventBuffers, concatenated, taken
from rarekaon.analysis.simulation.samples.blocks import decay_simulation
from rarekaon.analysis.simulation.samples.writer import COMPRESSION, SampleWriter

BULK = "K+ -> pi+ pi+ pi-"
BULK_SHARE = 0.96
PILEUP = "K+ -> mu+ nu_mu"
OVERLAID = 0.3
"""Part of the events that get the objects of a second decay."""
BASKET = 100_000
"""Events written at a time: one basket a branch."""


@dataclass(frozen=True)
class Pool:
    """Different simulated events to draw from, and those to lay over them."""

    events: EventBuffers
    pileup: EventBuffers


def single_tracks(events: int) -> Pool:
    """About `events` events of one track: what searches for K+ -> mu+ N select is their bulk."""
    return Pool(_simulated(PILEUP, "all", events), _simulated(PILEUP, "all", events // 10))


def pool(searches: tuple[Search, ...], events: int, *, bulk: float = BULK_SHARE) -> Pool:
    """About `events` events: a part `bulk` of the bulk, and what the searches look for and normalise to."""
    wanted = dict.fromkeys(s.decay for search in searches for s in (search.normalisation, search.signal))
    shares = {BULK: bulk} | {decay: (1 - bulk) / len(wanted) for decay in wanted if decay != BULK}
    parts = [_simulated(decay, "three_tracks", round(share * events)) for decay, share in shares.items()]
    return Pool(concatenated(parts), _simulated(PILEUP, "all", events // 10))


def _simulated(decay: str, stream: str, events: int) -> EventBuffers:
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    work = decay_simulation(decay, stream, RareResponses(), running, 1)
    blocks: list[EventBuffers] = []
    while sum(len(b.event) for b in blocks) < events:
        blocks.append(work.block(len(blocks), min(100_000, 4 * events)))
    return taken(concatenated(blocks), np.arange(events))


def write(
    path: Path, events: int, of: Pool, *, seed: int = 1, run: int, lines: tuple[str, ...] = TRIGGER_LINES
) -> Path:
    """A data file of `events` events drawn from a pool, of one run; each is there because one of `lines` fired."""
    rng = np.random.default_rng(seed)
    bursts: dict[str, Any] = {"run": [], "burst": [], "events": [], "quality": []}
    with SampleWriter(path, truth=False, identity=f"benchmark {seed} {events} {run}") as writer:
        for number, start in enumerate(range(0, events, BASKET), start=1):
            size = min(BASKET, events - start)
            output = _overlaid(of, rng, size)
            _fire(output, rng, lines)
            output.event["run"], output.event["burst"] = run, number
            output.event["event"] = np.arange(1, size + 1)
            writer.write(output)
            for key, value in zip(bursts, (run, number, size, 0), strict=True):
                bursts[key].append(value)
        writer.write_side(bursts)
    return path


def as_rntuple(path: Path, columns: Iterable[str]) -> Path:
    """Some columns of a file of `write` as an RNTuple beside it, with clusters of the same events."""
    there = path.with_suffix(".rntuple.root")
    with uproot.open(path) as file, uproot.recreate(there, compression=COMPRESSION) as copy:
        events = None
        for arrays in file[EVENTS_TREE].iterate(sorted(columns), step_size=BASKET):
            content = {name: arrays[name] for name in arrays.fields}
            if events is None:
                events = copy.mkrntuple(EVENTS_TREE, content)
            else:
                events.extend(content)
    return there


def _overlaid(of: Pool, rng: np.random.Generator, size: int) -> EventBuffers:
    """Events drawn from the pool; the objects of a second one are appended to some, out of time like pileup."""
    first = taken(of.events, rng.integers(0, len(of.events.event), size))
    with_second = rng.random(size) < OVERLAID
    second = taken(of.pileup, rng.integers(0, len(of.pileup.event), size))
    event = first.event.copy()
    shift = rng.normal(0, 5, size)
    parts = []
    for c in COLLECTIONS:
        ours, theirs = getattr(first, c.name), getattr(second, c.name).copy()
        n_ours, n_theirs = first.event[c.counter].astype(np.int64), second.event[c.counter].astype(np.int64)
        for field, target in c.references:
            offset = np.repeat(first.event[f"n{target}"], n_theirs)
            theirs[field] = np.where(theirs[field] >= 0, theirs[field] + offset, -1)
        for name in (n for n in theirs.dtype.names if n.endswith("time")):
            theirs[name] += np.repeat(shift, n_theirs).astype(np.float32)
        keep = np.repeat(with_second, n_theirs)
        rows = np.concatenate([np.repeat(np.arange(size), n_ours), np.repeat(np.arange(size), n_theirs)[keep]])
        order = np.argsort(rows, kind="stable")
        parts.append(np.concatenate([ours, theirs[keep]])[order])
        event[c.counter] = n_ours + np.where(with_second, n_theirs, 0)
    return EventBuffers(event, *parts)


def _fire(output: EventBuffers, rng: np.random.Generator, lines: tuple[str, ...]) -> None:
    """At least one of the lines fires for each event, and none of the others."""
    fired = {line: rng.random(len(output.event)) < 0.6 for line in lines}
    fired[lines[-1]] |= ~np.logical_or.reduce(list(fired.values()))
    for line in TRIGGER_LINES:
        output.event[f"trigger_{line}"] = fired.get(line, False)
