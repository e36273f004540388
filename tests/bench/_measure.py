"""Measuring: user CPU of interleaved repeats, so that whatever else the machine does hits all versions alike."""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Cost = Callable[[], float]


def user_seconds() -> float:
    """User CPU of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def peak_megabytes() -> float:
    """Peak memory of this program (Linux): unlike `ru_maxrss`, not that of the process it was started from."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def cost(work: Callable[[], object]) -> Cost:
    """The user CPU that a piece of work takes in this process."""

    def measured() -> float:
        gc.collect()  # what another version left in reference cycles is no cost of this one
        before = user_seconds()
        work()
        return user_seconds() - before

    return measured


def medians(costs: Sequence[Cost], repeats: int) -> list[float]:
    """Medians of costs measured in turns, after a first round that fills caches and compiles."""
    for measure in costs:
        measure()
    rounds = [[measure() for measure in costs] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def in_a_process(module: str, *arguments: str) -> str:
    """Standard output of `python -m module arguments`; CalledProcessError where it fails."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
