"""Speed of the fast simulation: decays per second and core, as ratios to a fixed numeric kernel in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.samples.blocks import PIECE, SIZE, DecaySimulation, decay_simulation
from rarekaon.analysis.simulation.samples.writer import SampleWriter
from rarekaon.analysis.simulation.streams.requirements import Requirement

THREE_TRACKS = ("K+ -> pi+ e+ e-", "K+ -> pi- e+ e+", "K+ -> pi+ pi+ pi-", "K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma")
ONE_TRACK = ("K+ -> mu+ nu_mu", "K+ -> mu+ nu nu nu")
NUMPY_RATES = {"three_tracks": 65_000, "single_track": 200_000}
"""Decays per second and core of a vectorised NumPy simulation, by stream, to be beaten threefold."""
REFERENCE_RATE = 20e6
"""Steps per second and core of the reference kernel where this benchmark was written (measured: 19.9e6).

The machine of the NumPy rates is not known: the ratio assumes that it was as fast as this one.
"""


@njit
def _reference(steps: int) -> float:
    """A fixed amount of floating-point work: square roots and divisions that depend on each other."""
    x = 1.0
    for i in range(steps):
        x = np.sqrt(x + i) / (1.0 + 1e-3 * x)
        x += np.sin(x) * np.exp(-x)
    return x


def benchmarks(repeats: int = 5) -> list[dict[str, Any]]:
    """One record a mode, with the shares of generation, tracking and response, and one for writing."""
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    _reference(10)
    rows = []
    for stream, modes in (("three_tracks", THREE_TRACKS), ("single_track", ONE_TRACK)):
        for decay in modes:
            work = decay_simulation(decay, stream, RareResponses(), running, 1)
            rows.append(_mode(decay, work, NUMPY_RATES[stream], repeats))
    return [*rows, _writing(decay_simulation(THREE_TRACKS[0], "three_tracks", RareResponses(), running, 1), repeats)]


def _tracked_only(work: DecaySimulation) -> DecaySimulation:
    """The same decays, all rejected once their tracks are fitted and in the calorimeter."""
    nothing = replace(work.stream, requirement=Requirement(work.stream.requirement.tracks, electrons=99))
    return replace(work, stream=nothing)


def _mode(decay: str, work: DecaySimulation, numpy_rate: float, repeats: int) -> dict[str, Any]:
    tracking = _tracked_only(work)
    work.block(0)
    tracking.block(0)
    rng = np.random.default_rng(1)
    steps = int(REFERENCE_RATE)
    whole, tracked, generation, reference = _interleaved(
        repeats,
        lambda: work.block(1),
        lambda: tracking.block(1),
        lambda: [work.generator.block(rng, work.running, PIECE) for _ in range(SIZE // PIECE)],
        lambda: _reference(steps),
    )
    rate = SIZE / whole
    return {
        "name": f"{decay}: decays per second and core",
        "ratio": rate * reference / numpy_rate,
        "to": "a NumPy simulation, both in units of a fixed numeric kernel",
        "goal": ">= 3",
        "events": SIZE,
        "decays_per_second": rate,
        "share_generation": generation / whole,
        "share_tracking": (tracked - generation) / whole,
        "share_response_and_record": 1 - tracked / whole,
        "user_seconds_per_million": whole / SIZE * 1e6,
    }


def _writing(work: DecaySimulation, repeats: int) -> dict[str, Any]:
    block = work.block(0)

    def write() -> None:
        with (
            tempfile.TemporaryDirectory() as directory,
            SampleWriter(Path(directory) / "x.root", truth=True, identity="bench") as writer,
        ):
            writer.write(block)

    simulating, writing = _interleaved(repeats, lambda: work.block(0), write)
    return {
        "name": "writing the events of a block",
        "ratio": writing / simulating,
        "to": "simulating them",
        "goal": "<= 3",
        "events": len(block.event),
        "user_seconds_per_million": writing / len(block.event) * 1e6,
    }


def _interleaved(repeats: int, *actions: Callable[[], Any]) -> list[float]:
    """Median CPU seconds of each action, taken in turns."""
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for times, action in zip(seconds, actions, strict=True):
            start = time.process_time()
            action()
            times.append(time.process_time() - start)
    return [statistics.median(times) for times in seconds]
