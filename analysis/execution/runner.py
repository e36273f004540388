"""Run a processor over files: inspect, plan, process behind the blinding, check closure, report.

Nothing here depends on the backend: files are looked into, chunks are planned and outputs are checked the same way
whether the work is done in this process or on a cluster.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from coffea.processor import ProcessorABC

from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.events.remote import Access
from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.chunks import Chunk, joined, process_chunk
from rarekaon.analysis.execution.closure import Closure, check_closure
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.execution.errors import ExecutionError, LostFileError
from rarekaon.analysis.execution.executors import DaskExecutor, SerialExecutor, describe
from rarekaon.analysis.execution.fingerprint import UnknownDependencyError
from rarekaon.analysis.execution.identity import check_events
from rarekaon.analysis.execution.inputs import InputFile, bursts_by_path
from rarekaon.analysis.execution.pieces import KeptProcess, Keys, Pieces, chunk_name, keys, seen_by
from rarekaon.analysis.execution.planning import Fileset, Missing, check_some_left, inspect_fileset, plan
from rarekaon.analysis.execution.preflight import WhereFit, environment
from rarekaon.analysis.execution.progress import Bar, progress_bar
from rarekaon.analysis.execution.quality import FlaggedBursts, flagged
from rarekaon.analysis.execution.site import site
from rarekaon.analysis.execution.watch import Watch
from rarekaon.analysis.processing.blinding import BlindedProcessor, current_blinding
from rarekaon.analysis.processing.unblinding import open_boxes
from rarekaon.analysis.results import provenance
from rarekaon.analysis.results.provenance import Provenance


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
    retries: int = 0
    """Reads that were tried again."""
    reused: int = 0
    """Chunks of which every part was kept."""
    reused_parts: int = 0
    """Parts of chunks that were kept."""
    computed_parts: int = 0
    """Parts of chunks that were computed, where parts are kept."""
    keeping_seconds: float = 0.0
    """Seconds for looking for pieces and keeping them, summed over workers."""


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
    missing: tuple[Missing, ...] = ()
    """Files that were left out."""
    log: tuple[str, ...] = ()
    """A line for each chunk: "reused" or "computed", and where it is."""
    notes: tuple[str, ...] = ()
    """What went on beside, for people."""

    def exposure(self, sample: str) -> Exposure:
        """What the events of a sample stand for, summed over its files; their number is that of simulated ones, as in
        the closure.  KeyError for an unknown sample."""
        mine = [f.exposure for f in self.files if f.sample == sample]
        if not mine:
            known = dict.fromkeys(f.sample for f in self.files)
            raise KeyError(f"no sample {sample!r} in this run; it had {', '.join(known)}")
        return Exposure(
            simulated=mine[0].simulated,
            events=self.closure.sample_events.get(sample, 0),
            generated=sum(e.generated for e in mine),
            weight=sum(e.weight for e in mine),
            weight_in_fv=sum(e.weight_in_fv for e in mine),
            bursts=len(frozenset[object]().union(*(f.blocks for f in self.files if f.sample == sample)))
            if not mine[0].simulated
            else 0,
        )


@dataclass(frozen=True)
class Work:
    """What is done to every chunk, and where."""

    processor: BlindedProcessor
    chunk_size: int
    access: Access
    kept: tuple[Pieces, Keys] | None
    watch: Watch | None
    bar: Bar

    def __call__(self, files: Sequence[InputFile], most: int | None) -> tuple[dict[str, Any], list[Chunk], Closure]:
        """Process the files, of each sample `most` chunks or all: what comes out, the chunks and their closure."""
        wrong = flagged(files)
        items = plan(files, self.chunk_size, wrong)
        chunks = joined(items, self.chunk_size) if self.processor.takes_columns else [(item,) for item in items]
        if most is not None:
            chunks = [c for n, c in enumerate(chunks) if most > sum(c[0].dataset == d[0].dataset for d in chunks[:n])]
            items = [item for chunk in chunks for item in chunk]
        self.bar.total(sum(len(item) for item in items))
        process = self._process({f.sample for f in files if f.simulated}, wrong)
        if self.watch is None:
            raw, _ = SerialExecutor(report=self.bar.advance)(chunks, process, None)
        else:
            executor = DaskExecutor(watch=self.watch, report=self.bar.advance)
            raw, _ = executor(chunks, WhereFit(process, environment()), None)
        closure = check_closure(files, items, raw["processed"], int(raw["metrics"]["entries"]), part=most is not None)
        for sample, bursts in bursts_by_path(files).items() if most is None else ():
            check_events(sample, [part for part in raw["stretches"] if part.path in bursts], bursts)
        return raw, chunks, closure

    def _process(self, simulated: set[str], wrong: Mapping[str, FlaggedBursts]) -> Any:
        if self.kept is None:
            return partial(process_chunk, processor=self.processor, flagged=wrong, access=self.access)
        pieces, made_with = self.kept
        return KeptProcess(self.processor, wrong, self.access, pieces, made_with, frozenset(simulated))


def run(
    processor: ProcessorABC,
    fileset: Fileset,
    *,
    backend: Backend | None = None,
    chunk_size: int = 500_000,
    progress: bool = True,
    pieces: Pieces | None = None,
    allow_missing: bool = False,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
) -> RunResult:
    """Process every event of every file of the fileset (sample -> paths) exactly once.

    The processor sees only what the blinding in force lets through (`processing.blinding`).  The output is the same bit
    for bit whatever the backend and the number of workers; it depends on the order of the files of a sample and on
    `chunk_size`, the largest number of events handed to the processor at once.

    What is finished is kept in `pieces`, for a processor that has parts (`pieces.InParts`), and not computed again.
    Files that cannot be read stop the run, or with `allow_missing` are left out, with all they stand for.  For a trial,
    `limit_files` and `limit_chunks` say how much of each sample is looked at.

    Raises InputFileError, BackendError, ChunkError or ClosureError, all of them ExecutionErrors.
    """
    if chunk_size < 1:
        raise ExecutionError(f"chunk_size must be at least 1, not {chunk_size}")
    backend, here = backend or Backend(), site()
    blinded = BlindedProcessor(processor, current_blinding())
    started = time.monotonic()
    notes: list[str] = []
    chosen = {sample: tuple(paths)[:limit_files] for sample, paths in fileset.items()}
    with progress_bar("processing", shown=progress) as bar, connect(backend, bar.say) as watch:
        kept = None if pieces is None else _kept(pieces, blinded, watch, notes)
        files, missing = inspect_fileset(chosen, watch, here.access, allow_missing=allow_missing)
        work = Work(blinded, chunk_size, here.access, kept, watch, bar)
        while True:
            try:
                raw, chunks, closure = work(files, limit_chunks)
                break
            except LostFileError as error:
                if not allow_missing:
                    raise
                missing += tuple(Missing(f.sample, f.path, str(error)) for f in files if f.path == error.path)
                files = tuple(f for f in files if f.path != error.path)
                check_some_left(chosen, files, missing)
    wall = time.monotonic() - started
    limits = {n: v for n, v in (("limit_files", limit_files), ("limit_chunks", limit_chunks)) if v is not None}
    names = [chunk_name(chunk) for chunk in chunks]
    reused = raw["metrics"].get("reused", set())
    if kept is not None:
        try:
            kept[0].prune(here.limit, names)
        except OSError as error:
            notes.append(f"{kept[0].place} could not be kept below {here.limit / 1e9:.0f} GB ({error})")
    notes += sorted(f"not kept: {problem}" for problem in raw["metrics"].get("not_kept", ()))
    return RunResult(
        output=raw["out"],
        files=files,
        closure=closure,
        metrics=_metrics(raw["metrics"], wall, sum(f.retries for f in files)),
        provenance=_provenance(files, missing, backend, {"chunk_size": chunk_size, **limits}, wall),
        missing=missing,
        log=tuple(
            f"{'reused' if name in reused else 'computed'} {describe(chunk)}"
            for name, chunk in zip(names, chunks, strict=True)
        ),
        notes=tuple(notes),
    )


def _kept(
    pieces: Pieces, blinded: BlindedProcessor, watch: Watch | None, notes: list[str]
) -> tuple[Pieces, Keys] | None:
    """Where to keep pieces and under which keys; None, with a note, where that cannot be done."""
    if not hasattr(blinded.processor, "parts"):
        return None
    try:
        made_with = keys(blinded.processor, blinded.blinding)
    except UnknownDependencyError as error:
        notes.append(f"nothing is kept: {error}")
        return None
    return (pieces, made_with) if seen_by(watch, pieces, notes) else None


def _metrics(raw: Mapping[str, Any], wall: float, retries: int) -> Metrics:
    return Metrics(
        int(raw["bytesread"]),
        tuple(sorted(raw["columns"])),
        float(raw["processtime"]),
        wall,
        retries + int(raw["retries"]),
        len(raw.get("reused", ())),
        int(raw.get("reused_parts", 0)),
        int(raw.get("computed_parts", 0)),
        float(raw.get("keepingtime", 0.0)),
    )


def _provenance(
    files: Sequence[InputFile], missing: Sequence[Missing], backend: Backend, options: Mapping[str, int], wall: float
) -> Provenance:
    inputs = (
        provenance.Input(f.sample, PurePath(f.path).name, f.uuid, f.size, f.events if f.simulated else None, f.seeds)
        for f in files
    )
    left_out = {"missing_files": [f"{m.sample}: {PurePath(m.path).name}" for m in missing]} if missing else {}
    return provenance.collect(
        inputs,
        {**options, **left_out},
        open_boxes=open_boxes(),
        backend=backend.name,
        workers=backend.processes,
        wall_seconds=round(wall, 3),
    )
