"""What changes with the number of events: time per event and peak memory, and what Dask and two processes change."""

from __future__ import annotations

import json
import math
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from coffea.processor.executor import ExecutorBase

from rarekaon.analysis.execution import Backend
from rarekaon.analysis.execution.chunks import Chunk, process_chunk
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.execution.executors import DaskExecutor, SerialExecutor
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.processing.blinding import BlindedProcessor
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import searches
from tests.bench import _sample
from tests.bench._measure import in_a_process
from tests.bench._ours import CHUNK_SIZE, OPEN

Row = dict[str, Any]
NAME, SAMPLE, RUN = "pi_ee", "data_2016_2018", 8000
WORK = 100.0
"""Seconds of work in this process that a Dask worker does, too."""


def benchmarks(events: int = 200_000, times: tuple[int, ...] = (10, 100), repeats: int = 3) -> list[Row]:
    """A file of `events` events in one chunk, processed `times` over, against once."""
    with tempfile.TemporaryDirectory() as place:
        path = _sample.write(
            Path(place) / "events.root", events, _sample.pool(searches()[NAME], min(events, 100_000)), run=RUN
        )
        runs = sorted((processed(path, 1) for _ in range(repeats)), key=lambda run: run["seconds"])
        first = runs[len(runs) // 2]  # the median, as everywhere: the smallest would make all others look slow
        rows = [row for n in times for row in grown(first, processed(path, n))]
        return [*rows, *workers(path)]


def processed(path: Path, times: int) -> dict[str, float]:
    """Events, user CPU seconds and peak memory (MB) of a process that goes over the file `times` times."""
    result: dict[str, float] = json.loads(in_a_process("tests.bench._ours", str(path), str(times), SAMPLE, NAME))
    return result


def grown(small: dict[str, float], large: dict[str, float]) -> list[Row]:
    """Time per event and peak memory of many events over those of few."""
    each = [run["seconds"] / run["events"] for run in (small, large)]
    name, to = f"{large['events'] / 1e6:g} M events", f"{small['events'] / 1e6:g} M"
    common = {
        "events": int(large["events"]), "user_seconds_per_million": each[1] * 1e6, "peak_memory_mb": large["peak_mb"],
    }  # fmt: skip
    memory = large["peak_mb"] / small["peak_mb"]
    return [
        {"name": f"peak memory, {name}", "ratio": memory, "to": to, "goal": "<= 1.1"} | common,
        {"name": f"time per event, {name}", "ratio": each[1] / each[0], "to": to, "goal": "<= 1.1"} | common,
    ]


def workers(path: Path, seconds: float = WORK) -> list[Row]:
    """One Dask worker over this process, and over two workers, which needs two cores that are free: on so much work
    that what a cluster costs once is little, as in a real run.

    Wall time is what a user waits for; processor time, that of the scheduler included, says the same on a machine with
    other work to do.
    """
    items = [(item,) for item in plan(inspect_fileset({SAMPLE: [str(path)]})[0], CHUNK_SIZE)]
    work = partial(process_chunk, processor=BlindedProcessor(SearchProcessor((NAME,)), OPEN))
    with connect(Backend("local", 1)) as one, connect(Backend("local", 2)) as two:
        assert one is not None
        assert two is not None
        ways = (SerialExecutor(), None), (DaskExecutor(watch=one), one.client), (DaskExecutor(watch=two), two.client)
        few = [spent(executor, items * 8, work, client) for executor, client in ways]  # compiled and imported
        times = math.ceil(seconds / (few[0][0] / 8))
        here, alone, together = (spent(executor, items * times, work, client) for executor, client in ways)
    common = {"seconds_of_work": here[0]}
    to = "this process"
    return [
        {"name": "one Dask worker", "ratio": alone[0] / here[0], "to": f"{to}, wall time", "goal": "<= 1.1"} | common,
        {"name": "one Dask worker", "ratio": alone[1] / here[1], "to": f"{to}, CPU", "goal": "<= 1.1"} | common,
        {"name": "one worker", "ratio": alone[0] / together[0], "to": "two workers, wall time", "goal": ">= 1.8"}
        | common,
    ]


def spent(executor: ExecutorBase, items: list[Chunk], work: Any, client: Any) -> tuple[float, float]:
    """Seconds on the clock and of processor time, that of a client's workers included."""
    before, used = time.perf_counter(), processor_seconds(client)
    executor(items, work, None)
    return time.perf_counter() - before, processor_seconds(client) - used


def processor_seconds(client: Any) -> float:
    return time.process_time() + (0.0 if client is None else sum(client.run(time.process_time).values()))
