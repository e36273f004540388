"""Files of the event contract: record buffers in, a TTree or RNTuple out.

Branches, dtypes and their order come from `contract.schema` alone.  A file appears under its name only when it is
complete, with a checksum of itself.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from rarekaon.analysis.contract import checksum
from rarekaon.analysis.contract.schema import BURSTS, COLLECTIONS, EVENT, EVENTS_TREE, GENERATION, TRUTH, SideTree
from rarekaon.analysis.simulation.ground.buffers import EventBuffers, concatenated, record_dtype

Format = Literal["ttree", "rntuple"]
COMPRESSION = uproot.ZSTD(3)
ROWS = 100_000
"""Least number of events written at a time: small baskets cost reading time."""


class SampleWriter:
    """Writes one sample; a context manager that leaves no file behind when an exception passes through.

    `truth` says whether the truth branches and `Generation` are written, or (data) `Bursts`.  `identity` is what fixes
    the sample's content (name, seed, size): equal samples get equal file UUIDs.
    """

    def __init__(self, path: Path, *, truth: bool, identity: str, file_format: Format = "ttree") -> None:
        if file_format not in ("ttree", "rntuple"):
            raise ValueError(f"format must be 'ttree' or 'rntuple', not {file_format!r}")
        self.path, self.truth, self.format = Path(path), truth, file_format
        self._uuid = uuid5(NAMESPACE_URL, f"rarekaon:{identity}")
        self._scalars = (*EVENT, *(TRUTH if truth else ()))
        self._collections = tuple(c for c in COLLECTIONS if truth or not c.truth)
        self._waiting: list[EventBuffers] = []
        self.events = 0

    def __enter__(self) -> SampleWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for left_behind in _abandoned(self.path):
            left_behind.unlink(missing_ok=True)
        self._temporary = self.path.with_name(f"{_temporary(self.path)}{os.getpid()}")
        self._handle = self._temporary.open("w+b")  # of a path, uproot writes the name into the file
        self._file = uproot.recreate(self._handle, compression=None, uuid_function=lambda: self._uuid)
        self._file[checksum.NAME] = checksum.BLANK
        self._file.compression = COMPRESSION
        self._tree: Any = self._declare() if self.format == "ttree" else None
        return self

    def _declare(self) -> Any:
        types: dict[str, Any] = {b.name: np.dtype(b.dtype) for b in self._scalars}
        for c in self._collections:
            fields = {f.name: ak.types.NumpyType(f.dtype) for f in c.fields}
            record = ak.types.RecordType(list(fields.values()), list(fields))
            types[c.name] = ak.types.ArrayType(ak.types.ListType(record), 0).content
        return self._file.mktree(
            EVENTS_TREE,
            types,
            counter_name=lambda counted: f"n{counted}",
            field_name=lambda outer, inner: f"{outer}_{inner}" if inner else outer,
        )

    def write(self, output: EventBuffers) -> None:
        """Add events; they reach the disk in chunks of at least `ROWS`."""
        self._waiting.append(output)
        self.events += len(output.event)
        if sum(len(o.event) for o in self._waiting) >= ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        output = concatenated(self._waiting)
        self._waiting = []
        if len(output.event):
            self._extend(output)

    def _extend(self, output: EventBuffers) -> None:
        """An RNTuple is made with its first events: ROOT does not read one that begins with an empty cluster."""
        if self.format == "ttree":
            self._tree.extend(self._columns(output))
        elif self._tree is None:
            self._tree = self._file.mkrntuple(EVENTS_TREE, self._flat(output))
        else:
            self._tree.extend(self._flat(output))

    def _columns(self, output: EventBuffers) -> dict[str, Any]:
        """Columns of a TTree: one array of records per collection."""
        columns: dict[str, Any] = {
            b.name: np.ascontiguousarray(output.event[b.name]) for b in self._scalars
        }  # fmt: skip
        for c in self._collections:
            objects = getattr(output, c.name)
            fields = {f.name: np.ascontiguousarray(objects[f.name]) for f in c.fields}
            columns[c.name] = ak.unflatten(ak.zip(fields), output.event[c.counter])
        return columns

    def _flat(self, output: EventBuffers) -> dict[str, Any]:
        """Columns of an RNTuple: every field its own collection, so that a reader fetches only what it asks for."""
        columns: dict[str, Any] = {
            b.name: np.ascontiguousarray(output.event[b.name]) for b in self._scalars
        }  # fmt: skip
        for c in self._collections:
            counts = output.event[c.counter]
            columns[c.counter] = np.ascontiguousarray(counts)
            for f in c.fields:
                column = np.ascontiguousarray(getattr(output, c.name)[f.name])
                columns[c.branch(f.name)] = ak.unflatten(column, counts)
        return columns

    def write_side(self, rows: dict[str, npt.NDArray[Any]]) -> None:
        """Write the side tree: `Generation` of a simulated sample or `Bursts` of data."""
        side: SideTree = GENERATION if self.truth else BURSTS
        typed = {f.name: np.asarray(rows[f.name], dtype=f.dtype) for f in side.fields}
        self._file.mktree(side.name, {name: column.dtype for name, column in typed.items()}).extend(typed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            try:
                if kind is None:
                    self._flush()
                    if self._tree is None:
                        self._extend(EventBuffers(*_empty()))
            finally:
                self._file.close()
                self._handle.close()
            if kind is None:
                checksum.write_checksum(self._temporary)
                os.replace(self._temporary, self.path)
        finally:
            self._temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> str:
    """What the names of unfinished files of this machine begin with; the process follows."""
    return f".{path.name}.{socket.gethostname()}."


def _abandoned(path: Path) -> Iterator[Path]:
    """Unfinished files of processes of this machine that are no more."""
    for found in path.parent.iterdir():
        process = found.name.removeprefix(_temporary(path))
        if process != found.name and process.isdigit() and not _alive(int(process)):
            yield found


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of somebody else
        return True
    return True


def _empty() -> list[npt.NDArray[np.void]]:
    from rarekaon.analysis.simulation.ground.buffers import EVENT_DTYPE

    return [np.zeros(0, EVENT_DTYPE), *(np.zeros(0, record_dtype(c.name)) for c in COLLECTIONS)]
