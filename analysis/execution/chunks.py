"""One chunk: its file opened, its events handed to the processor, what that cost counted.

A processor that takes columns (`process_columns`) gets them straight from the file; any other coffea processor gets
NanoEvents.  The last file stays open: parsing its header costs as much as reading a few thousand events, and a worker
is mostly given chunks of one file after the other.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import uproot
from coffea.nanoevents import NanoEventsFactory
from coffea.processor.executor import WorkItem

from analysis.blinding import Sealed
from analysis.events.columns import Columns
from analysis.events.schema import KaonSchema
from analysis.events.trees import TreeSource

OBJECTS = 100
"""Objects of a file that uproot keeps: its trees, so that a tree is parsed once."""


class _Opened:
    """The file of the last chunk."""

    path: str = ""
    identity: bytes = b""
    file: Any = None


def opened(path: str, identity: bytes) -> Any:
    """The uproot file at `path`, which must carry the UUID `identity`; ValueError if it was replaced meanwhile."""
    if (path, identity) != (_Opened.path, _Opened.identity):
        close()
        file = uproot.open(path, object_cache=OBJECTS, array_cache=None)
        if file.file.uuid.bytes != identity:
            file.close()
            raise ValueError(f"{path} was replaced while the run went on: its UUID is {file.file.uuid}; run again")
        _Opened.path, _Opened.identity, _Opened.file = path, identity, file
    return _Opened.file


def close() -> None:
    """Let go of the last file."""
    if _Opened.file is not None:
        _Opened.file.close()
    _Opened.path, _Opened.identity, _Opened.file = "", b"", None


def process_chunk(item: WorkItem, processor: Sealed) -> dict[str, Any]:
    """What the processor makes of a chunk ("out"), the chunk ("processed") and what it cost ("metrics")."""
    file = opened(item.filename, item.fileuuid)
    requested = file.file.source.num_requested_bytes
    tree = file[item.treename]
    start = time.perf_counter()
    if processor.takes_columns:
        columns = Columns(TreeSource(tree, item.entrystart, item.entrystop))
        out = processor.process_columns(columns, item.dataset)
        read = columns.read
    else:
        out, read = _process_nano_events(file, item, processor)
    metrics = {
        "bytesread": file.file.source.num_requested_bytes - requested,
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
