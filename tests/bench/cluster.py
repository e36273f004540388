"""What many tasks and files cost where the work is given out, and what keeping finished pieces costs."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from coffea.processor.executor import WorkItem

from rarekaon.analysis.events.remote import Access
from rarekaon.analysis.execution import Backend
from rarekaon.analysis.execution.chunks import Chunk, process_chunk
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.execution.executors import DaskExecutor, SerialExecutor
from rarekaon.analysis.execution.pieces import KeptProcess, Pieces, keys
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.processing.blinding import BlindedProcessor
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import searches
from tests.bench import _sample
from tests.bench._measure import in_a_process, peak_megabytes
from tests.bench._ours import CHUNK_SIZE, OPEN

Row = dict[str, Any]
NAME, SAMPLE, RUN = "pi_ee", "data_2016_2018", 8000
TASKS = (1_000, 10_000)
EACH = 1.5
"""Milliseconds that a task may cost the scheduler."""


def benchmarks() -> list[Row]:
    """Tasks, memory and pieces."""
    few, many = (json.loads(in_a_process("tests.bench.cluster", str(n))) for n in TASKS)
    each = 1000 * (many["seconds"] - few["seconds"]) / (TASKS[1] - TASKS[0])
    grown = (many["peak_mb"] - few["peak_mb"]) / (TASKS[1] - TASKS[0]) * 1000
    return [
        {
            "name": f"each of {TASKS[1]} tasks, CPU of client and scheduler",
            "ratio": each / EACH,
            "to": f"{EACH} ms",
            "goal": "<= 1",
            "milliseconds": each,
        },
        {"name": "memory of client and scheduler", "ratio": grown / 20, "to": "20 kB a task", "goal": "<= 1"} | many,
        kept(),
    ]


def nothing(chunk: Chunk) -> dict[str, Any]:
    """What an artificial chunk gives."""
    return {"out": {"events": len(chunk[0])}}


def artificial(tasks: int) -> dict[str, float]:
    """Processor seconds and peak memory (MB) of this process, which gives tasks to one worker."""
    chunks = [(WorkItem("toy", f"{n // 10}.root", "Events", n % 10, n % 10 + 1, bytes(16), {}),) for n in range(tasks)]
    with connect(Backend("local", 1)) as watch:
        assert watch is not None
        executor = DaskExecutor(watch=watch)
        executor(chunks[:100], nothing, None)
        before = time.process_time()
        executor(chunks, nothing, None)
        used = time.process_time() - before
    return {"seconds": used, "peak_mb": peak_megabytes()}


def kept(events: int = 200_000, times: int = 10, repeats: int = 5) -> Row:
    """Chunks whose pieces are kept, over the same without, in turn."""
    with tempfile.TemporaryDirectory() as place:
        pool = _sample.pool(searches()[NAME], min(events, 100_000))
        path = _sample.write(Path(place) / "events.root", events, pool, run=RUN)
        chunks = [(item,) for item in plan(inspect_fileset({SAMPLE: [str(path)]})[0], CHUNK_SIZE)] * times
        processor = BlindedProcessor(SearchProcessor((NAME,)), OPEN)
        pieces = Pieces(str(Path(place) / "pieces"))
        keeping = KeptProcess(processor, {}, Access(), pieces, keys(processor.processor, OPEN), frozenset())
        ratios = []
        for _ in range(repeats):
            used = []
            for work in (partial(process_chunk, processor=processor), keeping):
                spent = 0.0
                for chunk in chunks:
                    pieces.clear()
                    before = time.process_time()
                    SerialExecutor()([chunk], work, None)
                    spent += time.process_time() - before
                used.append(spent)
            ratios.append(used[1] / used[0])
    ratio = statistics.median(ratios)
    return {"name": "keeping pieces", "ratio": ratio, "to": "not keeping them, CPU", "goal": "<= 1.03"}


if __name__ == "__main__":
    print(json.dumps(artificial(int(sys.argv[1]))))
