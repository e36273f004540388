"""Speed of the fast simulation: decays per second and core, as ratios to a fixed numeric kernel in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from analysis.catalogue import RareResponses, conditions
from analysis.simulation.beam import Exposure
from analysis.simulation.blocks import SIZE, Source, source
from analysis.simulation.writer import SampleWriter

MODES = ("K+ -> pi+ e+ e-", "K+ -> pi- e+ e+", "K+ -> pi+ pi+ pi-", "K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma")
PROTOTYPE = 65_000
"""Decays per second and core of a vectorised NumPy simulation with three tracks, to be beaten threefold."""
REFERENCE_RATE = 20e6
"""Steps per second and core of the reference kernel where this benchmark was written (measured: 19.9e6).

The prototype's own machine is not known: the ratio assumes that it was as fast as this one.
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
    """One record a mode, with the shares of generation and of detector and response, and one for writing."""
    exposure = Exposure.of(conditions().of("2016-2018"), downscaled=False)
    _reference(10)
    rows = []
    for decay in MODES:
        work = source(decay, "three_tracks", RareResponses(), exposure, 1)
        rows.append(_mode(decay, work, repeats))
    return [*rows, _writing(source(MODES[0], "three_tracks", RareResponses(), exposure, 1), repeats)]


def _mode(decay: str, work: Source, repeats: int) -> dict[str, Any]:
    work.block(0)
    rng = np.random.default_rng(1)
    steps = int(REFERENCE_RATE)
    whole, generation, reference = _interleaved(
        repeats,
        lambda: work.block(1),
        lambda: work.generator.block(rng, work.exposure, SIZE),
        lambda: _reference(steps),
    )
    rate = SIZE / whole
    return {
        "name": f"{decay}: decays per second and core",
        "ratio": rate * reference / PROTOTYPE,
        "to": "a NumPy simulation, both in units of a fixed numeric kernel",
        "goal": ">= 3",
        "events": SIZE,
        "decays_per_second": rate,
        "share_generation": generation / whole,
        "share_detector": 1 - generation / whole,
        "user_seconds_per_million": whole / SIZE * 1e6,
    }


def _writing(work: Source, repeats: int) -> dict[str, Any]:
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
