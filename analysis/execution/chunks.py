"""One chunk: its files opened, its events handed to the processor, what that cost counted.

A processor that takes columns (`process_columns`) gets them straight from the file, and those of small files together:
booking histograms costs the same for ten events as for many thousand.  Any other coffea processor gets NanoEvents.
The last file stays open, because a worker is mostly given chunks of one file after the other.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from coffea.nanoevents import NanoEventsFactory
from coffea.processor.executor import WorkItem

from rarekaon.analysis.events.baskets import BasketSource
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.fitted import FittedTree
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.nano_schema import KaonSchema
from rarekaon.analysis.events.remote import Access, explaining, is_local, passes
from rarekaon.analysis.events.sources import ColumnSource, JoinedSource, UnfitEventsError
from rarekaon.analysis.events.trees import Tree, open_file
from rarekaon.analysis.execution.identity import stretches
from rarekaon.analysis.execution.layouts import open_events, tree_of
from rarekaon.analysis.execution.quality import FlaggedBursts
from rarekaon.analysis.processing.blinding import BlindedProcessor
from rarekaon.analysis.processing.quality import QUALITY

OBJECTS = 100
"""Objects of a file that uproot keeps for NanoEvents: its trees, so that a tree is parsed once."""


Chunk = tuple[WorkItem, ...]
"""What is handed to a processor at once: events of one file, or of several of the same sample."""

FILES = 64
"""Most files of a chunk: all of them are open at once."""


def joined(items: Sequence[WorkItem], most: int) -> list[Chunk]:
    """Neighbours of one sample together as long as they have no more than `most` events."""
    chunks: list[list[WorkItem]] = []
    room = 0
    for item in items:
        if not chunks or chunks[-1][0].dataset != item.dataset or len(item) > room or len(chunks[-1]) == FILES:
            chunks.append([])
            room = most
        chunks[-1].append(item)
        room -= len(item)
    return [tuple(chunk) for chunk in chunks]


@dataclass(frozen=True)
class OpenFile:
    """An open file."""

    file: Any
    """The file as uproot has it."""
    events: Tree
    """Its tree of events."""


class _Open:
    """The files of the last chunk, and the branches of each sample that were read last."""

    files: ClassVar[dict[tuple[str, bytes], OpenFile]] = {}
    branches: ClassVar[dict[str, set[str]]] = {}


def opened(chunk: Chunk, places: Callable[[str], str] = str) -> list[OpenFile]:
    """The files of a chunk, those of other chunks closed; ValueError for one that was replaced since it was planned.

    `places` says where a file that is not open is looked for.
    """
    wanted = [(item.filename, item.fileuuid) for item in chunk]
    for place in _Open.files.keys() - set(wanted):
        _Open.files.pop(place).file.close()
    for item, place in zip(chunk, wanted, strict=True):
        if place not in _Open.files:
            _Open.files[place] = _open(places(item.filename), item.fileuuid, item.dataset)
    return [_Open.files[place] for place in wanted]


def _open(path: str, identity: bytes, sample: str) -> OpenFile:
    file = open_file(path, object_cache=OBJECTS, array_cache=None)
    if file.file.uuid.bytes != identity:
        file.close()
        raise ValueError(f"{path} was replaced while the run went on: its UUID is {file.file.uuid}; run again")
    try:
        with explaining(path):
            return OpenFile(file, open_events(file, path, sample))
    except Exception as error:
        file.close()
        if passes(error):
            raise
        raise UnfitEventsError(
            f"{path} cannot be read any more ({error}): it was changed while the run went on"
        ) from error


def close() -> None:
    """Let go of all files."""
    opened(())


def process_chunk(
    chunk: Chunk,
    processor: BlindedProcessor,
    flagged: Mapping[str, FlaggedBursts] | None = None,
    access: Access = Access(),  # noqa: B008 (frozen)
) -> dict[str, Any]:
    """What the processor makes of a chunk ("out"), its parts ("processed"), the bursts of data that it saw
    ("stretches") and what it cost ("metrics").

    `flagged` are by sample the bursts in which something was wrong.  Files that cannot be read for a reason that passes
    are tried again, where `access` says.
    """

    def attempt(number: int) -> dict[str, Any]:
        if number:
            close()
        return _process_once(chunk, processor, flagged or {}, lambda path: access.place(path, number))

    result, retries = access.tried(attempt, [item.filename for item in chunk])
    result["metrics"]["retries"] = retries
    return result


def _process_once(
    chunk: Chunk, processor: BlindedProcessor, flagged: Mapping[str, FlaggedBursts], places: Callable[[str], str]
) -> dict[str, Any]:
    files = opened(chunk, places)
    requested = _requested(files)
    start = time.perf_counter()
    columns = Columns(_source(chunk, files))
    seen = set() if columns.simulated else stretches(columns, [(i.filename, i.entrystart, i.entrystop) for i in chunk])
    if processor.takes_columns:
        if chunk[0].dataset in flagged:
            columns = columns.replaced(QUALITY, flagged[chunk[0].dataset].of(columns))
        out = processor.process_columns(columns, chunk[0].dataset)
        read = _Open.branches[chunk[0].dataset] = columns.read
    else:
        ((file, item),) = zip(files, chunk, strict=True)
        if isinstance(file.events, FittedTree | MappedTree):
            raise UnfitEventsError(
                f"{item.filename} is read through a branch map, or its whole numbers are of other types than the "
                f"contract's: a processor of NanoEvents cannot have that; convert it first (`kaon convert`)"
            )
        out, read = _process_nano_events(file.file, item, processor, columns)
    metrics = {
        "bytesread": _requested(files) - requested,
        "columns": read,
        "entries": sum(len(item) for item in chunk),
        "processtime": time.perf_counter() - start,
    }
    return {"out": out, "processed": set(chunk), "stretches": seen, "metrics": metrics}


def _requested(files: list[OpenFile]) -> int:
    """Bytes that were asked of files so far."""
    return sum(f.file.file.source.num_requested_bytes for f in files)


def _source(chunk: Chunk, files: list[OpenFile]) -> ColumnSource:
    parts = [
        (item.filename, f.events.source(item.entrystart, item.entrystop)) for item, f in zip(chunk, files, strict=True)
    ]
    for name, part in parts:
        if not is_local(name) and isinstance(part, BasketSource):  # one request for what the last chunk wanted
            part.fetch(_Open.branches.get(chunk[0].dataset, ()))
    return parts[0][1] if len(parts) == 1 else JoinedSource(parts)


def _process_nano_events(
    file: Any, item: WorkItem, processor: BlindedProcessor, columns: Columns
) -> tuple[Any, set[str]]:
    """What a processor makes of NanoEvents, which nobody checks: what it read is looked at in `columns` afterwards."""
    log: list[Any] = []
    try:
        events = _nano_events(file, item, log)
    except Exception as error:  # whatever a reader finds in the bytes of a file
        if passes(error):
            raise
        raise UnfitEventsError(
            f"{item.filename} cannot be read as NanoEvents ({error}): it is damaged; make or copy it again"
        ) from error
    try:
        out = processor.process(events)
    except Exception as error:
        columns.check({str(access.branch) for access in log})  # an error has its reason in what was read
        if passes(error) or not while_reading(error):
            raise
        raise UnfitEventsError(
            f"{item.filename} cannot be read as NanoEvents ({error}): it is damaged; make or copy it again"
        ) from error
    read = {str(access.branch) for access in log}
    columns.check(read)
    return out, read


def while_reading(error: BaseException) -> bool:
    """Whether an error arose where a column is read for NanoEvents, and not in what is made of it."""
    tried = [error]
    while cause := tried[-1].__cause__ or tried[-1].__context__:
        tried.append(cause)
    frames = (frame for one in tried for frame, _ in traceback.walk_tb(one.__traceback__))
    return any(str(f.f_globals.get("__name__")).startswith("coffea.nanoevents.mapping") for f in frames)


def _nano_events(file: Any, item: WorkItem, log: list[Any]) -> Any:
    return NanoEventsFactory.from_root(
        file,
        treepath=tree_of(item.dataset),
        schemaclass=KaonSchema,
        mode="virtual",
        entry_start=item.entrystart,
        entry_stop=item.entrystop,
        access_log=log,
        metadata={
            "dataset": item.dataset,
            "filename": item.filename,
            "treename": item.treename,
            "entrystart": item.entrystart,
            "entrystop": item.entrystop,
            "fileuuid": str(UUID(bytes=item.fileuuid)),
        },
    ).events()
