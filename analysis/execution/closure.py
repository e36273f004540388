"""The closure check: every event range of every file was processed exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coffea.processor.executor import WorkItem

from rarekaon.analysis.execution.errors import ClosureError
from rarekaon.analysis.execution.inputs import InputFile


@dataclass(frozen=True)
class Closure:
    """What was processed, after it was found to be all there is.

    Events of data are not counted: with what a selection read their number says how many are in masked boxes.
    """

    files: int
    """Number of files."""
    chunks: int
    """Number of chunks."""
    events: int
    """Number of simulated events."""
    sample_events: Mapping[str, int]
    """The same by sample, of simulated ones."""


def check_closure(
    files: Sequence[InputFile],
    planned: Sequence[WorkItem],
    processed: Iterable[WorkItem],
    events_seen: int,
    *,
    part: bool = False,
) -> Closure:
    """Compare what was processed with what was planned and with what the files hold.

    `events_seen` is the sum of the chunk lengths counted where they were processed: a set of work items alone
    cannot show that one was added up twice.  Raises ClosureError naming the chunks that are missing, unknown or
    overlap.  With `part`, no more was planned than a part of the files, as for a trial.
    """
    if not part:
        _check_plan(files, planned)
    done = set(processed)
    missing = [item for item in planned if item not in done]
    unknown = done - set(planned)
    if missing or unknown:
        raise ClosureError(
            f"{len(missing)} chunks were not processed{_first(missing)} and {len(unknown)} were that nobody asked "
            f"for{_first(unknown)}: the output is incomplete, run again"
        )
    expected = sum(len(item) for item in planned)
    if events_seen != expected:
        raise ClosureError(
            f"{events_seen} events were processed but the files hold {expected}: "
            f"some were counted twice or lost, run again"
        )
    by_sample = {f.sample: 0 for f in files if f.simulated}
    for item in planned:
        if item.dataset in by_sample:
            by_sample[item.dataset] += len(item)
    return Closure(len(files), len(planned), sum(by_sample.values()), by_sample)


def _check_plan(files: Sequence[InputFile], planned: Sequence[WorkItem]) -> None:
    """The planned chunks tile every file: from event 0 to its last, without gap or overlap."""
    reached = {(f.sample, f.path): 0 for f in files}
    for item in planned:
        place = (item.dataset, item.filename)
        if place not in reached:
            raise ClosureError(f"a chunk of {item.filename} was planned, which is no input file of {item.dataset}")
        if item.entrystart != reached[place]:
            raise ClosureError(
                f"chunks of {item.filename} leave a gap or overlap: "
                f"one starts at event {item.entrystart} instead of {reached[place]}"
            )
        reached[place] = item.entrystop
    for f in files:
        if reached[f.sample, f.path] != f.events:
            raise ClosureError(f"chunks cover {reached[f.sample, f.path]} of the {f.events} events of {f.path}")


def _first(items: Iterable[WorkItem]) -> str:
    for item in items:
        return f" (first: {item.filename}, events {item.entrystart} to {item.entrystop})"
    return ""
