"""The events of one chunk as flat NumPy columns and offsets, read once each: what the kernels work on."""

from __future__ import annotations

from collections.abc import Callable, Container
from copy import copy
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import COLLECTIONS, EVENT, TRUTH, collection
from rarekaon.analysis.events.checked import CheckedSource
from rarekaon.analysis.events.sources import ColumnSource, KeptEvents, KeptSource, NanoSource, offsets_of

Array = NDArray[Any]
T = TypeVar("T")


class Columns:
    """Flat columns of a chunk of events, each read at the first request and never twice.

    `offsets("Track")` has shape (events + 1,), `flat("Track", "momentum")` shape (tracks,), `event("run")` shape
    (events,), `at("Track", "momentum", index)` that of `index`.  dtypes are those on disk, in native byte order;
    kinematics converts to float64.  Whatever is computed from the columns and shared between channels (candidates) is
    kept by `shared`.  `events` are NanoEvents or a source, whose columns are checked: UnfitEventsError is raised for
    one that the event contract does not allow.
    """

    def __init__(self, events: Any) -> None:
        self.source: ColumnSource = events if hasattr(events, "counts") else NanoSource(events)
        self._checked: CheckedSource | KeptSource = CheckedSource(self.source)
        self._columns: dict[tuple[str, str], Array] = {}
        self._shared: dict[Any, Any] = {}
        self.read: set[str] = set()
        """Names of the branches that were read so far."""

    def __len__(self) -> int:
        return len(self.source)

    @property
    def simulated(self) -> bool:
        """Whether the file carries all of the truth; one that does not is data."""
        return all(b.name in self.source.fields for b in TRUTH)

    def event(self, name: str) -> Array:
        return self._column("", name, lambda: self._checked.event(name))

    def flat(self, collection: str, field: str) -> Array:
        return self._column(collection, field, lambda: self._checked.flat(collection, field))

    def at(self, collection: str, field: str, index: NDArray[np.int64]) -> Array:
        """The values of some objects, in the shape of `index`."""
        return self.flat(collection, field).take(index)

    def offsets(self, collection: str) -> NDArray[np.int64]:
        return self._column(collection, "", lambda: self._checked.offsets(collection))

    def check(self, names: Container[str]) -> None:
        """Read the branches of these names, and with them their counters."""
        for branch in (*EVENT, *TRUTH):
            if branch.name in names:
                self.event(branch.name)
        for c in COLLECTIONS:
            if c.counter in names:
                self.offsets(c.name)
            for field in c.fields:
                if c.branch(field.name) in names:
                    self.flat(c.name, field.name)

    def replaced(self, name: str, values: NDArray[Any]) -> Columns:
        """The same events with other values (n_events,) of an event-level column; what is shared stays shared."""
        twin = copy(self)
        twin._columns = {**self._columns, ("", name): values}
        return twin

    def varied(self, collection: str, field: str, values: NDArray[Any]) -> Columns:
        """The same events with other values of an object-level column; nothing that was computed is shared."""
        twin = copy(self)
        twin._columns, twin._shared = {**self._columns, (collection, field): values}, {}
        return twin

    def given(self, name: str) -> NDArray[Any] | None:
        """An event-level column that was put here with `replaced`, or read; None if there is none."""
        return self._columns.get(("", name))

    def shared(self, build: Callable[[Columns], T]) -> T:
        """The result of `build(self)`, computed once per chunk."""
        if build not in self._shared:
            self._shared[build] = build(self)
        result: T = self._shared[build]
        return result

    def without(self, masked: NDArray[np.bool_], shared: Container[Any] | None = None) -> Columns:
        """New columns without the events of a mask (events,), as if these had never been in the file.

        What was read already is copied without them. A shared result comes along if it has a method
        `without(columns, kept)`; otherwise it is computed again when somebody asks for it. `shared` limits this to
        the builders that somebody will ask for.
        """
        kept = ~masked
        stretches = KeptEvents(kept)
        left = copy(self)
        left.source = left._checked = KeptSource(self._checked, stretches)
        left._columns, left._shared = {}, {}
        for (name, field), values in tuple(self._columns.items()):  # offsets may be read on the way
            if not name:
                left._columns[name, field] = stretches.of(values)
            elif field:
                left._columns[name, field] = stretches.of(values, self.offsets(name))
            else:
                left._columns[name, field] = offsets_of(stretches.of(np.diff(values)))
        for build, value in self._shared.items():
            if hasattr(value, "without") and (shared is None or build in shared):
                left._shared[build] = value.without(left, kept)
        return left

    def _column(self, collection: str, field: str, read: Callable[[], Array]) -> Array:
        key = (collection, field)
        if key not in self._columns:
            self._columns[key] = read()
            self.read.add(_branch(collection, field))
        return self._columns[key]


def _branch(name: str, field: str) -> str:
    if not name:
        return field
    return collection(name).branch(field) if field else collection(name).counter
