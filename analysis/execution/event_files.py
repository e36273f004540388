"""Events written again as files of the event contract: all of their branches or some, as TTree, RNTuple or Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import BURSTS, COLLECTIONS, EVENT, GENERATION, TRUTH, Branch
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import offsets_of
from rarekaon.analysis.simulation.ground.buffers import EVENT_DTYPE, EventBuffers, record_dtype
from rarekaon.analysis.simulation.samples.writer import SampleWriter

Array = NDArray[Any]
Stored = dict[str, Array]
"""Branches of some events by name: one number an event, or of all objects one after the other."""
Kind = Literal["ttree", "rntuple", "parquet"]
SUFFIX: dict[Kind, str] = {"ttree": ".root", "rntuple": ".root", "parquet": ".parquet"}


def read(columns: Columns, branches: Collection[str]) -> Stored:
    """Some branches of events, counters included."""
    found: Stored = {b.name: columns.event(b.name) for b in (*EVENT, *TRUTH) if b.name in branches}
    for c in COLLECTIONS:
        if c.counter in branches:
            found[c.counter] = np.diff(columns.offsets(c.name)).astype(np.int32)
            found |= {c.branch(f.name): columns.flat(c.name, f.name) for f in c.fields if c.branch(f.name) in branches}
    return found


class EventFile(Protocol):
    """A file that events are written to; with an exception it is not left behind."""

    def __enter__(self) -> EventFile: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, stored: Stored) -> None:
        """Write some events."""
        ...

    def write_side(self, rows: dict[str, Array]) -> None:
        """Write what the events stand for: the rows of `Generation` or `Bursts`."""
        ...


class RootFile(SampleWriter):
    """A ROOT file with some `branches`; `said` is the title of the tree beside the events."""

    def __init__(
        self, path: Path, branches: Collection[str], *, truth: bool, identity: str, kind: Literal["ttree", "rntuple"],
        said: str = "",
    ) -> None:  # fmt: skip
        super().__init__(path, truth=truth, identity=identity, file_format=kind)
        self._said = said
        some = [
            replace(c, fields=tuple(f for f in c.fields if c.branch(f.name) in branches))
            for c in COLLECTIONS
            if c.counter in branches
        ]
        counters = (Branch(c.counter, "int32", "1", c.meaning) for c in some if not c.fields)
        self._scalars = (*(b for b in (*EVENT, *TRUTH) if b.name in branches), *counters)
        self._collections = tuple(c for c in some if c.fields)

    def __enter__(self) -> RootFile:
        super().__enter__()
        return self

    def add(self, stored: Stored) -> None:
        event = np.zeros(len(next(iter(stored.values()))), EVENT_DTYPE)
        for name in event.dtype.names or ():
            if name in stored:
                event[name] = stored[name]
        objects = []
        for c in COLLECTIONS:
            records = np.zeros(int(event[c.counter].sum()), record_dtype(c.name))
            for f in c.fields:
                if (name := c.branch(f.name)) in stored:
                    records[f.name] = stored[name]
            objects.append(records)
        self.write(EventBuffers(event, *objects))

    def write_side(self, rows: dict[str, Array]) -> None:
        side = GENERATION if self.truth else BURSTS
        typed = {f.name: np.asarray(rows[f.name], dtype=f.dtype) for f in side.fields}
        types = {name: column.dtype for name, column in typed.items()}
        self._file.mktree(side.name, types, title=self._said).extend(typed)


class ParquetFile:
    """A Parquet file, a row an event and objects in lists; what the events stand for is in its metadata."""

    def __init__(self, path: Path, branches: Collection[str], *, truth: bool, said: str = "") -> None:
        self._path, self._branches = Path(path), branches
        self._side, self._said = (GENERATION if truth else BURSTS), said
        self._temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> ParquetFile:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def add(self, stored: Stored) -> None:
        table = ak.to_arrow_table(ak.Array(with_lists(stored)), extensionarray=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._temporary, table.schema, compression="zstd")
        self._writer.write_table(table)

    def write_side(self, rows: dict[str, Array]) -> None:
        if self._writer is None:
            self.add(_nothing(self._branches))
        content = {name: values.tolist() for name, values in rows.items()}
        assert self._writer is not None
        self._writer.add_key_value_metadata({self._side.name: json.dumps(content), "said": self._said})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._writer is not None:
                self._writer.close()
            if kind is None:
                self._temporary.replace(self._path)
        finally:
            self._temporary.unlink(missing_ok=True)


def with_lists(stored: Mapping[str, Array]) -> dict[str, Any]:
    """The same with the objects of each event in a list."""
    counters = {c.branch(f.name): c.counter for c in COLLECTIONS for f in c.fields}
    return {
        name: ak.unflatten(values, np.diff(offsets_of(stored[counters[name]]))) if name in counters else values
        for name, values in stored.items()
    }


def _nothing(branches: Collection[str]) -> Stored:
    """No events."""
    empty: Stored = {b.name: np.empty(0, b.dtype) for b in (*EVENT, *TRUTH) if b.name in branches}
    for c in COLLECTIONS:
        if c.counter in branches:
            empty[c.counter] = np.empty(0, np.int32)
            empty |= {c.branch(f.name): np.empty(0, f.dtype) for f in c.fields if c.branch(f.name) in branches}
    return empty


def event_file(
    path: Path, branches: Collection[str], kind: Kind, *, truth: bool, identity: str, said: str = ""
) -> RootFile | ParquetFile:
    """The file of a kind to write some branches of events to; equal `identity` gives an equal file."""
    if kind == "parquet":
        return ParquetFile(path, branches, truth=truth, said=said)
    return RootFile(path, branches, truth=truth, identity=identity, kind=kind, said=said)
