"""From paths to chunks: files are looked into, and cut where nothing has to be read twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np
from coffea.processor.executor import WorkItem

from rarekaon.analysis.contract.schema import EVENTS_TREE
from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.events.remote import Access
from rarekaon.analysis.execution.errors import InputFileError, UnreadableFileError
from rarekaon.analysis.execution.executors import gathered
from rarekaon.analysis.execution.identity import first_look
from rarekaon.analysis.execution.inputs import InputFile, bursts_by_path, check_accounted, check_distinct, inspect_file
from rarekaon.analysis.execution.pieces import work_item
from rarekaon.analysis.execution.quality import FlaggedBursts
from rarekaon.analysis.execution.slots import check_slots
from rarekaon.analysis.execution.watch import Watch

Fileset = Mapping[str, Sequence[str]]
USUAL = Access()
NOTHING_WRONG: Mapping[str, FlaggedBursts] = {}


class Missing(NamedTuple):
    """A file that is left out because it cannot be read, and why."""

    sample: str
    path: str
    reason: str


def inspect_fileset(
    fileset: Fileset, watch: Watch | None = None, access: Access = USUAL, *, allow_missing: bool = False
) -> tuple[tuple[InputFile, ...], tuple[Missing, ...]]:
    """Look into all files, on the workers if there are any; InputFileError for the first that is unfit.

    With `allow_missing` those that cannot be read are told apart, unless a sample has no others.
    """
    places = [(sample, str(path)) for sample, paths in fileset.items() for path in paths]
    empty = [sample for sample, paths in fileset.items() if not paths]
    if empty or not places:
        raise InputFileError(f"no files given{' for sample ' + empty[0] if empty else ''}: name at least one")
    look = partial(_look, access=access)
    looked = (
        [look(place) for place in places]
        if watch is None
        else gathered(watch.client.map(look, places, pure=False), watch)
    )
    files = tuple(found for found in looked if isinstance(found, InputFile))
    lost = [(place, found) for place, found in zip(places, looked, strict=True) if not isinstance(found, InputFile)]
    if lost and not allow_missing:
        raise lost[0][1]
    missing = tuple(Missing(*place, str(error)) for place, error in lost)
    check_some_left(fileset, files, missing)
    check_distinct(files)
    check_slots(files)
    check_accounted(files)
    for sample, bursts in bursts_by_path(files).items():
        first_look(sample, bursts)
    return files, missing


def _look(place: tuple[str, str], access: Access) -> InputFile | UnreadableFileError:
    try:
        return inspect_file(place, access)
    except UnreadableFileError as error:
        return error


def check_some_left(fileset: Fileset, files: Sequence[InputFile], missing: Sequence[Missing]) -> None:
    """InputFileError for a sample of which nothing can be read."""
    gone = fileset.keys() - {f.sample for f in files}
    if gone:
        sample = next(name for name in fileset if name in gone)
        reason = next(m.reason for m in missing if m.sample == sample)
        raise InputFileError(f"no file of sample {sample} can be read: {reason}")


def plan(
    files: Sequence[InputFile], chunk_size: int, wrong: Mapping[str, FlaggedBursts] = NOTHING_WRONG
) -> list[WorkItem]:
    """Work items that tile the files in order, in chunks of at most `chunk_size` events that end where clusters do.

    What is `wrong` with bursts, by sample, tells files apart as their content does.

    A file without events gets one empty chunk: the processor then books its empty histograms.
    """
    return [
        work_item(f.sample, f.path, EVENTS_TREE, start, stop, UUID(f.uuid).bytes, f.content + _wrong(f, wrong))
        for f in files
        for start, stop in pairwise(edges(f.events, f.clusters, chunk_size))
    ]


def _wrong(file: InputFile, wrong: Mapping[str, FlaggedBursts]) -> str:
    """What is wrong with the bursts of a file, also where only another file says so."""
    if file.sample not in wrong:
        return ""
    known, mine = wrong[file.sample], burst_key(file.bursts["run"], file.bursts["burst"])
    rows = np.flatnonzero(np.isin(known.keys, mine))
    found = known.keys[rows].tobytes() + known.quality[rows].tobytes()
    return f" {hashlib.sha256(found).hexdigest()}" if len(rows) else ""


def edges(events: int, clusters: Sequence[int], chunk_size: int) -> list[int]:
    """Where the chunks of a file begin and end: nearly equal, whole clusters where these are no larger than a chunk.

    >>> edges(100, (), 40), edges(600, (0, 100, 200, 300, 400, 500, 600), 500), edges(90, (0, 60, 90), 40)
    ([0, 33, 66, 100], [0, 300, 600], [0, 30, 60, 90])
    """
    parts = list(_parts(events, clusters, chunk_size))
    wanted = -(-events // max(1, -(-events // chunk_size)))
    found = [0]
    for start, stop in pairwise([0, *parts]):
        if stop - found[-1] > chunk_size or (start > found[-1] and start - found[-1] >= wanted):
            found.append(start)
    return [*found, events]


def _parts(events: int, clusters: Sequence[int], chunk_size: int) -> Iterator[int]:
    """Ends of the clusters, and of the parts of those that are larger than a chunk."""
    for start, stop in pairwise([0, *(c for c in clusters if 0 < c < events), events]):
        number = max(1, -(-(stop - start) // chunk_size))
        yield from (start + (stop - start) * i // number for i in range(1, number + 1))
