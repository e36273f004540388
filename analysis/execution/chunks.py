"""One chunk: its file opened, its events handed to the processor, what that cost counted.

A processor that takes columns (`process_columns`) gets them straight from the file; any other coffea processor gets
NanoEvents.  The last file stays open: parsing its header costs as much as reading a few thousand events, and a worker
is mostly given chunks of one file after the other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uproot
from coffea.nanoevents import NanoEventsFactory
from coffea.processor.executor import WorkItem

from analysis.blinding import Sealed
from analysis.events.columns import Columns
from analysis.events.schema import KaonSchema
from analysis.events.trees import Tree, open_tree
from analysis.schema import EVENTS_TREE

OBJECTS = 100
"""Objects of a file that uproot keeps for NanoEvents: its trees, so that a tree is parsed once."""


@dataclass(frozen=True)
class OpenFile:
    """An open file with the UUID `identity` and its tree of events."""

    path: str
    identity: bytes
    file: Any
    events: Tree


class _Last:
    """The file of the last chunk."""

    opened: OpenFile | None = None


def opened(path: str, identity: bytes) -> OpenFile:
    """The file at `path`, which must carry the UUID `identity`; ValueError if it was replaced meanwhile."""
    last = _Last.opened
    if last is None or (last.path, last.identity) != (path, identity):
        close()
        file = uproot.open(path, object_cache=OBJECTS, array_cache=None)
        if file.file.uuid.bytes != identity:
            file.close()
            raise ValueError(f"{path} was replaced while the run went on: its UUID is {file.file.uuid}; run again")
        last = _Last.opened = OpenFile(path, identity, file, open_tree(file, EVENTS_TREE))
    return last


def close() -> None:
    """Let go of the last file."""
    if _Last.opened is not None:
        _Last.opened.file.close()
    _Last.opened = None


def process_chunk(item: WorkItem, processor: Sealed) -> dict[str, Any]:
    """What the processor makes of a chunk ("out"), the chunk ("processed") and what it cost ("metrics")."""
    last = opened(item.filename, item.fileuuid)
    source = last.file.file.source
    requested = source.num_requested_bytes
    start = time.perf_counter()
    if processor.takes_columns:
        columns = Columns(last.events.source(item.entrystart, item.entrystop))
        out = processor.process_columns(columns, item.dataset)
        read = columns.read
    else:
        out, read = _process_nano_events(last.file, item, processor)
    metrics = {
        "bytesread": source.num_requested_bytes - requested,
        "columns": read,
        "entries": len(item),
        "processtime": time.perf_counter() - start,
    }
    return {"out": out, "processed": {item}, "metrics": metrics}


def _process_nano_events(file: Any, item: WorkItem, processor: Sealed) -> tuple[Any, set[str]]:
    log: list[Any] = []
    events = NanoEventsFactory.from_root(
        file,
        treepath=item.treename,
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
    return processor.process(events), {str(access.branch) for access in log}
