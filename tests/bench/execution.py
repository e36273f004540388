"""What the execution layer adds to the work itself, in processor time."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
from coffea.processor import ProcessorABC

from rarekaon.analysis.contract import schema
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.dask_clusters import open_cluster
from rarekaon.analysis.processing.processor import SearchProcessor
from tests.bench._measure import in_a_process, medians
from tests.toy_events import write_toy_file

EVENTS = 400_000
CHUNK_SIZE = 100_000
ALL_COLUMNS = tuple(field.name for field in schema.TRACK.fields)
REPEATS = 3
FILES = (100, 1000)
CHANNEL, DATA = "pi_ee", "data_2016_2018"


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
    """A Dask worker against serial execution, the cost of small files, and the start of the program."""
    with tempfile.TemporaryDirectory() as place:
        large = write_toy_file(Path(place) / "large.root", EVENTS, truth=True)
        small = [write_toy_file(Path(place) / f"{i}.root", 10, seed=i + 2) for i in range(max(FILES))]
        return [_worker(large), *_small_files(small, FILES), _start()]


def _process(paths: Sequence[Path], backend: Backend) -> float:
    """Processor seconds spent in the processor."""
    fileset = {"toy": [str(path) for path in paths]}
    processor = ReadingProcessor(ALL_COLUMNS)
    return float(run(processor, fileset, backend=backend, chunk_size=CHUNK_SIZE, progress=False).output["cpu"])


def _worker(path: Path) -> dict[str, Any]:
    """The same chunks in this process and in a Dask worker that has already imported everything."""
    with open_cluster(Backend("local", 1)) as (client, _):
        place = Backend(client.scheduler.address)
        serial, dask = medians(
            [lambda: _process([path], Backend("iterative")), lambda: _process([path], place)], REPEATS
        )
    return {
        "name": "reading in a Dask worker",
        "ratio": dask / serial,
        "to": "reading in this process",
        "goal": "<= 1.1",
        "events": EVENTS,
        "user_seconds_per_million": dask / EVENTS * 1e6,
    }


def _small_files(paths: Sequence[Path], numbers: Sequence[int]) -> list[dict[str, Any]]:
    """What each of many small files costs a channel: looking into it, opening it, and an almost empty chunk."""
    rows = []
    for number in numbers:
        one, many = medians([partial(_cost, paths[:1]), partial(_cost, paths[:number])], REPEATS)
        each = (many - one) / (number - 1)
        rows.append({
            "name": f"each of {number} small files",
            "ratio": each / 0.020,
            "to": "20 ms",
            "goal": "<= 1",
            "events": 10 * number,
            "milliseconds": 1000 * each,
        })  # fmt: skip
    return rows


def _cost(paths: Sequence[Path]) -> float:
    """Processor seconds of a run over some files."""
    start = time.process_time()
    fileset = {DATA: [str(path) for path in paths]}
    run(SearchProcessor((CHANNEL,)), fileset, backend=Backend("iterative"), progress=False)
    return time.process_time() - start


def _start() -> dict[str, Any]:
    """Processor time of the program that only says what it can do."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        in_a_process("rarekaon.analysis.cli", "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    (seconds,) = medians([once], REPEATS)
    return {"name": "kaon --help", "ratio": seconds / 0.3, "to": "0.3 s of CPU", "goal": "<= 1", "seconds": seconds}
