"""Where columns come from: NanoEvents, a tree (`events.trees`), or other sources in part or together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.kernels.compiled import compiled

Array = NDArray[Any]
Offsets = NDArray[np.int64]


class UnfitEventsError(ValueError):
    """Events of a file that cannot be what they say: the message names file, entry, branch, and what to do."""


class AbsentBranchError(UnfitEventsError):
    """A branch that somebody asks for and the events do not have."""


def misplaced(place: str, branch: str, found: int, counted: int) -> UnfitEventsError:
    """What to say where a branch holds another number of objects of an event than its counter says."""
    return UnfitEventsError(
        f"{place}: {branch} holds {found} objects where its counter says {counted}: the two were not written together, "
        f"or the file is damaged; cut a collection as a whole, or make the file again"
    )


def native(values: Array) -> Array:
    """The same values in the byte order of this machine."""
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


@compiled
def _running_sums(counts: Array) -> NDArray[np.int64]:
    sums = np.zeros(len(counts) + 1, np.int64)
    for n in range(len(counts)):
        sums[n + 1] = sums[n] + counts[n]
    return sums


def offsets_of(counts: Array) -> NDArray[np.int64]:
    """Offsets (events + 1,) of the objects of events with these counts."""
    offsets: NDArray[np.int64] = _running_sums(native(counts))
    return offsets


class ColumnSource(Protocol):
    """Where columns come from: reads one each time it is asked and keeps none.

    What it gives is new and in either byte order.
    """

    def __len__(self) -> int:
        """Number of events."""
        ...

    @property
    def fields(self) -> frozenset[str]:
        """Names of the event-level branches."""
        ...

    def event(self, name: str) -> Array:
        """An event-level branch, shape (events,)."""
        ...

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> Array:
        """A field of all objects of a collection, shape (objects,).

        UnfitEventsError where the objects of an event are not where the `offsets` (events + 1,) of the counter say, if
        these are given.
        """
        ...

    def counts(self, collection: str) -> Array:
        """Objects of a collection per event, shape (events,)."""
        ...

    def place(self, row: int) -> str:
        """Where an event is, for people: file and entry."""
        ...


class StoredColumns(ColumnSource, Protocol):
    """The columns of a tree, which have names of their own, too."""

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        """A jagged branch by its full name, shape (objects,), in its places as `flat` has them."""
        ...

    def sizes(self, branch: str) -> Array:
        """How many elements a jagged branch has in each event, shape (events,)."""
        ...


class NanoSource:
    """Columns of a chunk of NanoEvents."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self.fields = frozenset(events.fields)

    def __len__(self) -> int:
        return len(self._events)

    def event(self, name: str) -> Array:
        return np.asarray(ak.to_numpy(self._events[name]))

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> Array:
        return np.asarray(ak.to_numpy(self._events[collection].layout.content[field]))

    def counts(self, collection: str) -> Array:
        return np.diff(ak.to_numpy(self._events[collection].layout.offsets))

    def place(self, row: int) -> str:
        where = self._events.metadata or {}
        return f"{where.get('filename', 'events')}, entry {where.get('entrystart', 0) + row}"


@compiled
def _joined(values: Array, starts: NDArray[np.int64], stops: NDArray[np.int64]):  # type: ignore[no-untyped-def]
    """The stretches of values from `starts` to `stops`, one after the other."""
    joined = np.empty((stops - starts).sum(), values.dtype)
    place = 0
    for n in range(len(starts)):
        stretch = values[starts[n] : stops[n]]
        into = joined[place : place + len(stretch)]
        for i in range(len(stretch)):  # assigned as a whole it would be looked at for overlaps, at twice the time
            into[i] = stretch[i]
        place += len(stretch)
    return joined


class KeptEvents:
    """The events that are left when some are taken out: few, so that what is left are long stretches.

    `kept` is a mask (events,).  `of(values, offsets)` gives what belongs to them: of values per event, or with the
    offsets (events + 1,) of a collection of values per object.
    """

    def __init__(self, kept: NDArray[np.bool_]) -> None:
        edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))
        self.events = int(np.count_nonzero(kept))
        self.starts, self.stops = edges[::2], edges[1::2]

    def of(self, values: Array, offsets: NDArray[np.int64] | None = None) -> Array:
        ends = (self.starts, self.stops) if offsets is None else (offsets[self.starts], offsets[self.stops])
        as_stored = values.view(f"u{values.itemsize}")  # whatever they are, in whatever byte order
        joined: Array = _joined(as_stored, *ends)
        return joined.view(values.dtype)


class KeptSource:
    """Columns of another source without some of its events.  It keeps offsets, but no columns."""

    def __init__(self, source: ColumnSource, stretches: KeptEvents) -> None:
        self._source = source
        self._stretches = stretches
        self._offsets: dict[str, NDArray[np.int64]] = {}
        self.fields = source.fields

    def __len__(self) -> int:
        return self._stretches.events

    def event(self, name: str) -> Array:
        return self._stretches.of(self._source.event(name))

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> Array:
        if collection not in self._offsets:
            self.counts(collection)
        return self._stretches.of(self._source.flat(collection, field), self._offsets[collection])

    def counts(self, collection: str) -> Array:
        counts = self._source.counts(collection)
        self._offsets[collection] = offsets_of(counts)
        return self._stretches.of(counts)

    def offsets(self, collection: str) -> Offsets:
        return offsets_of(self.counts(collection))

    def place(self, row: int) -> str:
        return self._source.place(int(self._stretches.of(np.arange(len(self._source)))[row]))


class JoinedSource:
    """The events of several sources, one after the other, with the fields that all have.

    `parts` are (name, source); ValueError with its name for one that cannot be read.
    """

    def __init__(self, parts: Sequence[tuple[str, ColumnSource]]) -> None:
        self._parts = parts
        self.fields = frozenset.intersection(*(source.fields for _, source in parts))

    def __len__(self) -> int:
        return sum(len(source) for _, source in self._parts)

    def event(self, name: str) -> Array:
        return self._joined(lambda source, _: source.event(name))

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> Array:
        def read(source: ColumnSource, rows: slice) -> Array:
            return source.flat(collection, field, None if offsets is None else offsets[rows.start : rows.stop + 1])

        return self._joined(read)

    def counts(self, collection: str) -> Array:
        return self._joined(lambda source, _: source.counts(collection))

    def place(self, row: int) -> str:
        for _, source in self._parts:
            if row < len(source):
                return source.place(row)
            row -= len(source)
        raise IndexError(f"there are {len(self)} events")

    def _joined(self, read: Callable[[ColumnSource, slice], Array]) -> Array:
        pieces, start = [], 0
        for name, source in self._parts:
            try:
                pieces.append(read(source, slice(start, start + len(source))))
            except UnfitEventsError:
                raise
            except Exception as error:
                raise ValueError(f"{name}: {error}") from None
            start += len(source)
        return np.concatenate(pieces)
