"""Executors that sum the outputs of chunks in a fixed order and say which events a failure is about.

Coffea's own would do the work, but sum in another order under every backend, run a deterministic bug four times,
and lose the name of the file on the way back from a worker.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from coffea.processor.executor import ExecutorBase

from rarekaon.analysis.events.remote import RemoteError, is_local, passes, place_lacks_it
from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.execution.chunks import Chunk, close
from rarekaon.analysis.execution.errors import BackendError, ChunkError, LostFileError, UnfitEventsInChunkError
from rarekaon.analysis.execution.memory import is_new, prepare, release_chunk, thaw
from rarekaon.analysis.execution.reduction import combine, reduce_in_order, reduce_tree
from rarekaon.analysis.execution.watch import Watch

Function = Callable[[Any], Any]
Advance = Callable[[int], None]

TICK = 0.02
"""Seconds between two looks for finished tasks."""


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
    """Chunks as tasks of the workers that a `watch` looks after, summed by a tree of tasks per sample.

    A chunk whose processing fails is not tried again. One whose worker dies is, as often as the scheduler's
    `allowed-failures` says.
    """

    watch: Watch | None = None
    """Looks after the workers, and has their client."""
    report: Advance = field(default=no_report)
    """Called with the number of events done."""

    def __call__(self, items: Sequence[Chunk], function: Function, accumulator: Any) -> tuple[Any, int]:
        watch = self.watch
        assert watch is not None
        client = watch.client
        # One task holds the processor, so that it travels once per worker and not once per chunk.
        shared = client.submit(held, function, pure=False)
        tasks = client.map(run_chunk, list(items), function=shared, pure=False)
        chunks = dict(zip((task.key for task in tasks), items, strict=True))
        waiting = list(tasks)
        totals = []
        for group in by_sample(items):
            totals.append(reduce_tree(tasks[: len(group)], lambda g: client.submit(combine, g, pure=False)))
            del tasks[: len(group)]
        try:
            for task in finished(waiting, watch):
                chunk = chunks[task.key]
                if task.status != "finished":
                    raise _failure(task, chunk)
                self.report(event_count(chunk))
            return combine(gathered(totals, watch)), 0
        except BaseException:
            client.cancel(totals, force=True)
            raise
        finally:
            del shared


def finished(tasks: list[Any], watch: Watch) -> Iterator[Any]:
    """Tasks as they finish or fail, with an eye on the workers; the list is emptied, so that no output stays alive."""
    from distributed import as_completed

    coming = as_completed(tasks)
    tasks.clear()
    while not coming.is_empty():
        watch.left = coming.count()
        watch()
        if coming.has_ready():
            yield from coming.next_batch(block=False)
        else:
            time.sleep(TICK)


def gathered(tasks: list[Any], watch: Watch) -> list[Any]:
    """Results in the order of the tasks, with an eye on the workers; raises what the first that fails has raised."""
    for task in finished(list(tasks), watch):
        if task.status == "error":
            task.result()
    results: list[Any] = watch.client.gather(tasks)
    return results


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
    except BackendError:
        raise
    except UnfitEventsError as error:
        raise UnfitEventsInChunkError(f"{describe(chunk)} failed: {error}", traceback.format_exc()) from None
    except Exception as error:
        # What the user needs is the first cause.
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        message = f"{describe(chunk)} failed: {type(cause).__name__}: {cause}"
        lost = _lost(chunk, error) if passes(error) or place_lacks_it(error) else None
        if lost is not None:
            raise LostFileError(message, traceback.format_exc(), lost) from None
        raise ChunkError(message, traceback.format_exc()) from None
    finally:
        kind = function, chunk[0].dataset
        if is_new(kind):
            close()
        release_chunk(kind)


def _lost(chunk: Chunk, error: BaseException | None) -> str | None:
    """The file of a chunk that an error is about, if it has the name of one."""
    names = [str(item.filename) for item in chunk]
    while error is not None:
        url = error.url if isinstance(error, RemoteError) else str(getattr(error, "filename", ""))
        for name in names:
            if url and (url == name or (not is_local(name) and url.rpartition("/")[2] == name.rpartition("/")[2])):
                return name
        error = error.__cause__ or error.__context__
    return None


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


def held(value: Any) -> Any:
    """The value as a task: it then stays with the workers."""
    return value
