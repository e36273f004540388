"""What the execution layer adds to the work itself, in processor time."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
from coffea.processor import ProcessorABC

from analysis import schema
from analysis.execution import Backend, run
from analysis.execution.clusters import open_cluster
from tests.toy_events import write_toy_file

EVENTS = 400_000
CHUNK_SIZE = 100_000
ALL_COLUMNS = tuple(field.name for field in schema.TRACK.fields)
REPEATS = 3
FILES = 40


class ReadingProcessor(ProcessorABC):
    """Reads columns of the tracks and computes a little; says how much processor time that took."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def process(self, events: Any) -> dict[str, Any]:
        start = time.process_time()
        total = sum(float(ak.sum(events.Track[name] * 2.0)) for name in self.columns)
        return {"total": total, "cpu": time.process_time() - start}

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def benchmarks() -> list[dict[str, Any]]:
    """A Dask worker against serial execution, and the cost of a small file."""
    with tempfile.TemporaryDirectory() as place:
        large = write_toy_file(Path(place) / "large.root", EVENTS, truth=True)
        small = [write_toy_file(Path(place) / f"{i}.root", 10, seed=i + 2, truth=True) for i in range(FILES)]
        return [_worker(large), _small_file(small)]


def _process(paths: Sequence[Path], backend: Backend, columns: Sequence[str] = ALL_COLUMNS) -> float:
    """Processor seconds spent in the processor."""
    fileset = {"toy": [str(path) for path in paths]}
    result = run(ReadingProcessor(columns), fileset, backend=backend, chunk_size=CHUNK_SIZE, progress=False)
    return float(result.output["cpu"])


def _worker(path: Path) -> dict[str, Any]:
    """The same chunks in this process and in a Dask worker that has already imported everything."""
    with open_cluster(Backend("local", 1)) as client:
        place = Backend(client.scheduler.address)
        serial, dask = _medians(lambda: _process([path], Backend("iterative")), lambda: _process([path], place))
    return {
        "name": "reading in a Dask worker",
        "ratio": dask / serial,
        "to": "reading in this process",
        "goal": "<= 1.1",
        "events": EVENTS,
        "user_seconds_per_million": dask / EVENTS * 1e6,
    }


def _small_file(paths: Sequence[Path]) -> dict[str, Any]:
    """What each of many small files costs: looking into it, opening it, and an almost empty chunk."""
    one, many = _medians(lambda: _cost(paths[:1]), lambda: _cost(paths))
    each = (many - one) / (len(paths) - 1)
    return {
        "name": f"each of {len(paths)} small files",
        "ratio": each / 0.020,
        "to": "20 ms",
        "goal": "<= 1",
        "events": 10 * len(paths),
        "milliseconds": 1000 * each,
    }


def _cost(paths: Sequence[Path]) -> float:
    start = time.process_time()
    _process(paths, Backend("iterative"), ALL_COLUMNS[:1])
    return time.process_time() - start


def _medians(first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float]:
    """Medians of two costs measured in turns, after a first round that warms the caches."""
    first(), second()
    pairs = [(first(), second()) for _ in range(REPEATS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)
