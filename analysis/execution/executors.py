"""Executors that sum the outputs of chunks in a fixed order and say which events a failure is about.

Coffea's own would do the work, but sum in another order under every backend, run a deterministic bug four times,
and lose the name of the file on the way back from a worker.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from coffea.processor.executor import ExecutorBase

from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.execution.chunks import Chunk, close
from rarekaon.analysis.execution.errors import BackendError, ChunkError, UnfitEventsInChunkError
from rarekaon.analysis.execution.memory import is_new, prepare, release_chunk, thaw
from rarekaon.analysis.execution.reduction import combine, reduce_in_order, reduce_tree

Function = Callable[[Any], Any]
Advance = Callable[[int], None]


def no_report(events: int) -> None:
    """Progress goes nowhere."""


@dataclass
class SerialExecutor(ExecutorBase):
    """One chunk after the other in this process."""

    report: Advance = field(default=no_report)
    """Called with the number of events done."""

    def __call__(self, items: Sequence[Chunk], function: Function, accumulator: Any) -> tuple[Any, int]:
        try:
            samples = [reduce_in_order(self._outputs(group, function)) for group in by_sample(items)]
        finally:
            close()
            thaw()
        return combine(samples), 0

    def _outputs(self, items: Sequence[Chunk], function: Function) -> Iterator[Any]:
        for chunk in items:
            yield run_chunk(chunk, function)
            self.report(event_count(chunk))


@dataclass
class DaskExecutor(ExecutorBase):
    """Chunks as tasks of Dask, summed by a tree of tasks per sample.

    A chunk whose processing fails is not tried again. One whose worker dies is, as often as the scheduler's
    `allowed-failures` says.
    """

    client: Any = None
    """The Dask client."""
    report: Advance = field(default=no_report)
    """Called with the number of events done."""

    def __call__(self, items: Sequence[Chunk], function: Function, accumulator: Any) -> tuple[Any, int]:
        # One task holds the processor, so that it travels once per worker and not once per chunk.
        shared = self.client.submit(_identity, function, pure=False)
        tasks = self.client.map(run_chunk, list(items), function=shared, pure=False)
        chunks = dict(zip((task.key for task in tasks), items, strict=True))
        waiting = list(tasks)
        totals = []
        for group in by_sample(items):
            totals.append(reduce_tree(tasks[: len(group)], self._submit_sum))
            del tasks[: len(group)]
        del shared
        try:
            self._follow(waiting, chunks)
            return combine(self.client.gather(totals)), 0
        except BaseException:
            self.client.cancel(totals, force=True)
            raise

    def _submit_sum(self, group: list[Any]) -> Any:
        return self.client.submit(combine, group, pure=False)

    def _follow(self, waiting: list[Any], chunks: dict[str, Chunk]) -> None:
        """Report chunks as they finish and raise for the first that fails; keeps no output alive."""
        from distributed import as_completed

        finished = as_completed(waiting)
        waiting.clear()
        for task in finished:
            chunk = chunks[task.key]
            if task.status != "finished":
                raise _failure(task, chunk)
            self.report(event_count(chunk))


def by_sample(items: Sequence[Chunk]) -> list[list[Chunk]]:
    """Chunks grouped by sample: the sum of one does not depend on which others are processed with it."""
    return [list(group) for _, group in groupby(items, key=lambda chunk: chunk[0].dataset)]


def event_count(chunk: Chunk) -> int:
    return sum(len(item) for item in chunk)


def run_chunk(chunk: Chunk, function: Function) -> Any:
    """Process one chunk; ChunkError names file, events and cause, and can travel between processes."""
    prepare()
    try:
        return function(chunk)
    except UnfitEventsError as error:
        raise UnfitEventsInChunkError(f"{describe(chunk)} failed: {error}", traceback.format_exc()) from None
    except Exception as error:
        # What the user needs is the first cause.
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        message = f"{type(cause).__name__}: {cause}"
        raise ChunkError(f"{describe(chunk)} failed: {message}", traceback.format_exc()) from None
    finally:
        kind = function, chunk[0].dataset
        if is_new(kind):
            close()
        release_chunk(kind)


def describe(chunk: Chunk) -> str:
    """Where a chunk is, for people."""
    first, last = chunk[0], chunk[-1]
    if len(chunk) == 1:
        return f"events {first.entrystart} to {first.entrystop} of {first.filename} (sample {first.dataset})"
    return f"{len(chunk)} files from {first.filename} to {last.filename} (sample {first.dataset})"


def _failure(task: Any, chunk: Chunk) -> Exception:
    from distributed.scheduler import KilledWorker

    if task.status != "error":
        return BackendError(f"the scheduler went away while {describe(chunk)} was processed; look at its log")
    error = task.exception()
    if isinstance(error, KilledWorker):
        return ChunkError(
            f"workers died {error.allowed_failures + 1} times, the last on {describe(chunk)}: most likely out of "
            f"memory; use fewer workers or a smaller --chunk-size, or look for a crash with --backend iterative"
        )
    return error if isinstance(error, Exception) else ChunkError(f"{describe(chunk)} failed: {error!r}")


def _identity(value: Any) -> Any:
    return value
