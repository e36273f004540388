"""Columns that were looked at before anything works on them: lengths, counters, references, ranges and units.

Kernels index arrays by offsets and references without looking; what they get comes from here, whatever it was read
from, so that no length, counter or index in a file can lead them outside an array.  A column is gone over once, block
by block, while it is turned to the byte order of this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.ranges import ANY, range_of
from rarekaon.analysis.contract.schema import COLLECTIONS, branches, collection
from rarekaon.analysis.events.remote import passes
from rarekaon.analysis.events.sources import (
    AbsentBranchError,
    ColumnSource,
    NanoSource,
    Offsets,
    UnfitEventsError,
    native,
    offsets_of,
)
from rarekaon.analysis.kernels.compiled import compiled

Array = NDArray[Any]

BLOCK = 4096
"""Values that are turned around and compared before the next: they stay in the fastest cache."""
MOST_OBJECTS = 2**31 - 1
"""Objects of one collection in a chunk."""

UNITS = {name: branch.unit for name, branch in branches(truth=True).items()}
REFERENCES = {(c.name, field): target for c in COLLECTIONS for field, target in c.references}


@compiled
def _bounded(values: Array, low: float, high: float) -> bool:
    """Whether all values lie between `low` and `high`; NaN does not."""
    outside = 0
    for value in values:
        outside += not (value >= low and value <= high)
    return outside == 0


@compiled
def _turned_and_bounded(bits: Array, values: Array, low: float, high: float) -> bool:
    """Turn 4-byte words around in place; `values` are the same bytes as numbers, compared while they are near."""
    outside = 0
    for begin in range(0, len(bits), BLOCK):
        block = bits[begin : begin + BLOCK]
        for i in range(len(block)):
            b = block[i]
            block[i] = (b >> 24) | ((b >> 8) & 0xFF00) | ((b << 8) & 0xFF0000) | (b << 24)
        for value in values[begin : begin + BLOCK]:
            outside += not (value >= low and value <= high)
    return outside == 0


@compiled
def _least(counts: Array) -> int:
    least = 0
    for count in counts:
        least = min(least, count)
    return least


@compiled
def _astray(index: Array, offsets: NDArray[np.int64], targets: NDArray[np.int64]) -> int:
    """The first object whose reference is neither -1 nor one of the objects of its event; -1 if there is none."""
    for event in range(len(offsets) - 1):
        room = targets[event + 1] - targets[event]
        for n in range(offsets[event], offsets[event + 1]):
            if index[n] < -1 or index[n] >= room:
                return n
    return -1


class CheckedSource:
    """Columns of another source in native byte order, each of them checked; UnfitEventsError for what is unfit.

    It keeps the offsets of the collections that were asked for.
    """

    def __init__(self, source: ColumnSource) -> None:
        self._source = source
        self._offsets: dict[str, NDArray[np.int64]] = {}
        self.fields = source.fields

    def __len__(self) -> int:
        return len(self._source)

    def event(self, name: str) -> Array:
        return self._checked(name, len(self), lambda: self._source.event(name), lambda row: row)

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        offsets = self.offsets(collection_name)
        values = self._checked(
            collection(collection_name).branch(field),
            int(offsets[-1]),
            lambda: self._source.flat(collection_name, field, offsets),
            lambda n: int(np.searchsorted(offsets, n, "right")) - 1,
        )
        if (collection_name, field) in REFERENCES:
            self._check_references(collection_name, field, values)
        return values

    def counts(self, collection_name: str) -> Array:
        return np.diff(self.offsets(collection_name))

    def place(self, row: int) -> str:
        return self._source.place(row)

    def offsets(self, collection_name: str) -> NDArray[np.int64]:
        """Offsets (events + 1,) of the objects of a collection; its counters are not negative."""
        if collection_name not in self._offsets:
            name = collection(collection_name).counter
            counts = native(self._read(name, len(self), lambda: self._source.counts(collection_name)))
            if _least(counts) < 0:
                row = int(np.argmax(counts < 0))
                self._refuse(row, f"counter {name} is {counts[row]}")
            offsets = offsets_of(counts)
            if offsets[-1] > MOST_OBJECTS:
                row = int(np.argmax(counts))
                self._refuse(row, f"counter {name} is {counts[row]}")
            self._offsets[collection_name] = offsets
        return self._offsets[collection_name]

    def _read(self, name: str, length: int, read: Callable[[], Array]) -> Array:
        """A column of that length, in native byte order unless it is of floating numbers."""
        try:
            values = read()
        except UnfitEventsError:
            raise
        except Exception as error:
            if passes(error):
                raise
            if not isinstance(self._source, NanoSource) and name not in self._source.fields:
                raise AbsentBranchError(
                    f"{self.place(0)}: the events have no {name}, which is asked for: `kaon data check` says which "
                    f"searches can be run without it"
                ) from error
            raise UnfitEventsError(
                f"{self.place(0)}: branch {name} cannot be read ({error}): the file is damaged or not written to its "
                f"end; make or copy it again"
            ) from error
        if len(values) != length:
            raise UnfitEventsError(
                f"{self.place(0)}: branch {name} has {len(values)} values where {length} belong to the events; "
                f"write all branches of a collection together with their counter"
            )
        return values

    def _checked(self, name: str, length: int, read: Callable[[], Array], row_of: Callable[[int], int]) -> Array:
        values = self._read(name, length, read)
        known = range_of(name)
        if values.dtype.kind == "b":
            bits = values.view(np.uint8)
            if not _bounded(bits, 0, 1):
                n = int(np.argmax(bits > 1))
                self._refuse(row_of(n), f"{name} is {bits[n]}, neither true (1) nor false (0)")
            return values
        if values.dtype == ">f4" and not values.dtype.isnative:
            bits, values = values.view(np.uint32), values.view(np.float32)
            fine = _turned_and_bounded(bits, values, known.low, known.high)
        else:
            values = _turned(values)
            fine = known is ANY or _bounded(values, known.low, known.high)
        if not fine:
            n = int(np.argmin((values >= known.low) & (values <= known.high)))
            guess = known.guess(values, UNITS[name])
            self._refuse(
                row_of(n),
                f"{name} is {values[n]}, not between {known.low:g} and {known.high:g}"
                + f" {UNITS[name]}" * (UNITS[name] != "1")
                + f" ({guess})" * bool(guess),
            )
        if not known.has_middle(values):
            seen = known.guess(values, UNITS[name]) or "they have another size"
            raise UnfitEventsError(
                f"{self.place(0)}: {name} should be in {UNITS[name]} ({seen}): write it in the units that "
                f"`kaon schema` says"
            )
        return values

    def _check_references(self, collection_name: str, field: str, index: Array) -> None:
        target = REFERENCES[collection_name, field]
        offsets = self.offsets(collection_name)
        n = _astray(index, offsets, self.offsets(target))
        if n >= 0:
            row = int(np.searchsorted(offsets, n, "right")) - 1
            room = int(np.diff(self.offsets(target)[row : row + 2])[0])
            self._refuse(
                row, f"{collection_name}_{field} is {index[n]} where the event has {room} {target} objects (-1: none)"
            )

    def _refuse(self, row: int, what: str) -> None:
        raise UnfitEventsError(f"{self.place(row)}: {what}: the file is damaged or breaks the event contract")


def _turned(values: Array) -> Array:
    """The same array with its bytes turned around in place, if need be."""
    if values.dtype.isnative:
        return values
    return values.byteswap(inplace=True).view(values.dtype.newbyteorder("="))
