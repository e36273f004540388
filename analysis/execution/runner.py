"""Run a processor over files: inspect, plan, process behind the blinding, check closure, report.

Nothing here depends on the backend: files are looked into, chunks are planned and outputs are checked the same way
whether the work is done in this process or on a cluster.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import PurePath
from typing import Any
from uuid import UUID

from coffea.processor import ProcessorABC
from coffea.processor.executor import WorkItem
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import EVENTS_TREE
from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.chunks import joined, process_chunk
from rarekaon.analysis.execution.closure import Closure, check_closure
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.execution.errors import ExecutionError, InputFileError
from rarekaon.analysis.execution.executors import DaskExecutor, SerialExecutor
from rarekaon.analysis.execution.identity import check_events, first_look
from rarekaon.analysis.execution.inputs import InputFile, check_distinct, inspect_file
from rarekaon.analysis.execution.progress import progress_bar
from rarekaon.analysis.execution.quality import flagged
from rarekaon.analysis.execution.slots import check_slots
from rarekaon.analysis.processing.blinding import BlindedProcessor, current_blinding
from rarekaon.analysis.results import provenance
from rarekaon.analysis.results.provenance import Provenance

Fileset = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Metrics:
    """What a run cost."""

    bytes_read: int
    """Bytes asked of the files."""
    columns: tuple[str, ...]
    """Columns touched."""
    process_seconds: float
    """Seconds in the processor, summed over workers."""
    wall_seconds: float
    """Seconds on the clock."""


@dataclass(frozen=True)
class RunResult:
    """What a run returns."""

    output: Any
    """The processor's output."""
    files: tuple[InputFile, ...]
    """The inputs, with what their events stand for."""
    closure: Closure
    """The events processed, checked to be all."""
    metrics: Metrics
    """What it cost."""
    provenance: Provenance
    """What it was computed from."""

    def exposure(self, sample: str) -> Exposure:
        """What the events of a sample stand for, summed over its files; KeyError for an unknown sample."""
        mine = [f.exposure for f in self.files if f.sample == sample]
        if not mine:
            raise KeyError(f"no sample {sample!r} in this run; it had {', '.join(self.closure.sample_events)}")
        return Exposure(
            simulated=mine[0].simulated,
            events=sum(e.events for e in mine),
            generated=sum(e.generated for e in mine),
            weight=sum(e.weight for e in mine),
            weight_in_fv=sum(e.weight_in_fv for e in mine),
            bursts=len(frozenset[object]().union(*(f.blocks for f in self.files if f.sample == sample)))
            if not mine[0].simulated
            else 0,
        )


def run(
    processor: ProcessorABC,
    fileset: Fileset,
    *,
    backend: Backend | None = None,
    chunk_size: int = 500_000,
    progress: bool = True,
) -> RunResult:
    """Process every event of every file of the fileset (sample -> paths) exactly once.

    The processor sees only what the blinding in force lets through (`processing.blinding`).  The output is the same bit
    for bit whatever the backend and the number of workers; it depends on the order of the files of a sample and on
    `chunk_size`, the largest number of events handed to the processor at once.

    Raises InputFileError, BackendError, ChunkError or ClosureError, all of them ExecutionErrors.
    """
    if chunk_size < 1:
        raise ExecutionError(f"chunk_size must be at least 1, not {chunk_size}")
    backend = backend or Backend()
    blinded = BlindedProcessor(processor, current_blinding())
    started = time.monotonic()
    with connect(backend) as client:
        files = inspect_fileset(fileset, client)
        items = plan(files, chunk_size)
        with progress_bar("processing", sum(f.events for f in files), shown=progress) as report:
            executor = SerialExecutor(report=report) if client is None else DaskExecutor(client=client, report=report)
            chunks = joined(items, chunk_size) if blinded.takes_columns else [(item,) for item in items]
            raw, _ = executor(chunks, partial(process_chunk, processor=blinded, flagged=flagged(files)), None)
    closure = check_closure(files, items, raw["processed"], int(raw["metrics"]["entries"]))
    for sample, bursts in _bursts(files).items():
        check_events(sample, [part for part in raw["stretches"] if part.path in bursts], bursts)
    wall = time.monotonic() - started
    return RunResult(
        output=raw["out"],
        files=files,
        closure=closure,
        metrics=_metrics(raw["metrics"], wall),
        provenance=_provenance(files, backend, chunk_size, wall),
    )


def inspect_fileset(fileset: Fileset, client: Any = None) -> tuple[InputFile, ...]:
    """Look into all files, on the workers if there are any; InputFileError for the first that is unfit."""
    places = [(sample, str(path)) for sample, paths in fileset.items() for path in paths]
    empty = [sample for sample, paths in fileset.items() if not paths]
    if empty or not places:
        raise InputFileError(f"no files given{' for sample ' + empty[0] if empty else ''}: name at least one")
    if client is None:
        files = tuple(inspect_file(place) for place in places)
    else:
        files = tuple(client.gather(client.map(inspect_file, places, pure=False)))
    check_distinct(files)
    check_slots(files)
    for sample, bursts in _bursts(files).items():
        first_look(sample, bursts)
    return files


def _bursts(files: Sequence[InputFile]) -> dict[str, dict[str, NDArray[Any]]]:
    """The rows of `Bursts` of data, by sample and path."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for f in files:
        if not f.simulated:
            found.setdefault(f.sample, {})[f.path] = f.bursts
    return found


def plan(files: Sequence[InputFile], chunk_size: int) -> list[WorkItem]:
    """Work items that tile the files in order, in nearly equal chunks of at most `chunk_size` events.

    A file without events gets one empty chunk: the processor then books its empty histograms.
    """
    items: list[WorkItem] = []
    for f in files:
        chunks = max(1, -(-f.events // chunk_size))
        edges = [f.events * i // chunks for i in range(chunks + 1)]
        items.extend(
            WorkItem(f.sample, f.path, EVENTS_TREE, start, stop, UUID(f.uuid).bytes, {})
            for start, stop in pairwise(edges)
        )
    return items


def _metrics(raw: Mapping[str, Any], wall: float) -> Metrics:
    return Metrics(int(raw["bytesread"]), tuple(sorted(raw["columns"])), float(raw["processtime"]), wall)


def _provenance(files: Sequence[InputFile], backend: Backend, chunk_size: int, wall: float) -> Provenance:
    inputs = (provenance.Input(f.sample, PurePath(f.path).name, f.uuid, f.size, f.events, f.seeds) for f in files)
    return provenance.collect(
        inputs,
        {"chunk_size": chunk_size},
        backend=backend.name,
        workers=backend.processes,
        wall_seconds=round(wall, 3),
    )
