"""What changes with the number of events: time per event and peak memory, and what Dask and two processes change."""

from __future__ import annotations

import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from coffea.processor.executor import ExecutorBase

from analysis.blinding import Sealed
from analysis.channels import searches
from analysis.execution import Backend
from analysis.execution.chunks import process_chunk
from analysis.execution.clusters import open_cluster
from analysis.execution.executors import DaskExecutor, SerialExecutor
from analysis.execution.runner import inspect_fileset, plan
from analysis.processor import SearchProcessor
from tests.bench import _sample
from tests.bench._measure import in_a_process, medians
from tests.bench._ours import CHUNK_SIZE, OPEN

Row = dict[str, Any]
NAME, SAMPLE, RUN = "pi_ee", "data_2016_2018", 8000


def benchmarks(events: int = 200_000, times: tuple[int, ...] = (10, 100), repeats: int = 3) -> list[Row]:
    """A file of `events` events in one chunk, processed `times` over, against once."""
    with tempfile.TemporaryDirectory() as place:
        path = _sample.write(
            Path(place) / "events.root", events, _sample.pool(searches()[NAME], min(events, 100_000)), run=RUN
        )
        runs = sorted((processed(path, 1) for _ in range(repeats)), key=lambda run: run["seconds"])
        first = runs[len(runs) // 2]  # the median, as everywhere: the smallest would make all others look slow
        rows = [row for n in times for row in grown(first, processed(path, n))]
        return [*rows, *workers(path, 20, repeats)]


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


def workers(path: Path, times: int, repeats: int) -> list[Row]:
    """Wall times: one Dask worker over this process, and over two workers, which needs two cores that are free."""
    items = [(item,) for item in plan(inspect_fileset({SAMPLE: [str(path)]}), CHUNK_SIZE)] * times
    work = partial(process_chunk, processor=Sealed(SearchProcessor((NAME,)), OPEN))

    def wall(executor: ExecutorBase) -> float:
        before = time.perf_counter()
        executor(items, work, None)
        return time.perf_counter() - before

    with open_cluster(Backend("local", 1)) as one, open_cluster(Backend("local", 2)) as two:
        executors = (SerialExecutor(), DaskExecutor(client=one), DaskExecutor(client=two))
        here, alone, together = medians([partial(wall, executor) for executor in executors], repeats)
    return [
        {"name": "one Dask worker", "ratio": alone / here, "to": "this process, wall time", "goal": "<= 1.1"},
        {"name": "one worker", "ratio": alone / together, "to": "two workers, wall time", "goal": ">= 1.8"},
    ]
