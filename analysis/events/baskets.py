"""Columns of a TTree straight from its baskets.

The fields of a collection are read without their offsets, which are the same for all and come from the counter: they
stand at the end of each basket and are not even unpacked, which would cost as much as the values.  What is read stays
in the byte order of the file: many columns are looked at for a few candidates only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import uproot
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import collection
from rarekaon.analysis.events.tree_headers import StoredBranch, TreeHeader

Array = NDArray[Any]

KEY = struct.Struct(">ihiIhh")
"""Key of a basket: size, version, uncompressed size, date, length of the key, cycle."""
BASKET = struct.Struct(">HiiiiB")
"""End of the key: version, size of the buffer, of an event's place, number of events, end of the values, flag."""

BLOCK = 9
"""Bytes before a compressed block: two letters, a method, sizes of three bytes before and after unpacking."""


@dataclass(frozen=True)
class Basket:
    """A basket as it is in the file, in a `chunk` that begins at `seek` with a key of `key` bytes.

    Unpacked it has `full` bytes: values up to `border`, and behind them the place of each event, for a jagged branch.
    """

    chunk: Any
    seek: int
    key: int
    full: int
    border: int

    def unpack(self, into: NDArray[np.uint8]) -> None:
        """Write the basket, or the beginning of it, to an array of that many bytes."""
        packed = self.chunk.raw_data[self.key :]
        if len(packed) == self.full:
            into[:] = packed[: len(into)]
        elif packed[:2].tobytes() == b"ZS" and len(packed) == BLOCK + int.from_bytes(packed[3:6], "little"):
            self._unpack_zstd(packed[BLOCK:], into)
        else:
            cursor = uproot.source.cursor.Cursor(self.seek + self.key)
            whole = uproot.compression.decompress(self.chunk, cursor, {}, len(packed), self.full)
            into[:] = whole.raw_data[: len(into)]

    def _unpack_zstd(self, packed: NDArray[np.uint8], into: NDArray[np.uint8]) -> None:
        """What uproot does, but no farther than wanted and without an array of its own in between."""
        try:
            size = pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(packed)), "zstd").readinto(into)
        except OSError as error:
            raise ValueError(f"the basket at byte {self.seek} is damaged: {error}") from error
        if size != len(into):
            raise ValueError(f"the basket at byte {self.seek} is damaged: {size} bytes instead of {len(into)}")

    def start_of(self, event: int, events: int, branch: StoredBranch, data: NDArray[np.uint8]) -> int:
        """Byte at which the values of an event of the basket begin; of the one after the last, at which they end."""
        if event in (0, events):
            return self.border if event else 0
        if not branch.jagged:
            return event * branch.dtype.itemsize
        place: int = data[self.border :].view(">i4")[1 + event]
        return place - self.key


class BasketSource:
    """Columns of the events `start` to `stop` of a tree in an open uproot file; keeps nothing it has read.

    ValueError for a branch that is not there, or is jagged where a number per event is asked for.
    """

    def __init__(self, file: Any, header: TreeHeader, start: int, stop: int) -> None:
        self._file, self._header = file, header  # uproot closes a file that nobody holds
        self._start, self._stop = start, stop
        self.fields = frozenset(header.branches)

    def __len__(self) -> int:
        return self._stop - self._start

    def event(self, name: str) -> Array:
        return self._values(name, jagged=False)

    def flat(self, collection_name: str, field: str) -> Array:
        return self._values(_branch_name(collection_name, field), jagged=True)

    def counts(self, collection_name: str) -> Array:
        return self.event(collection(collection_name).counter)

    def _values(self, name: str, *, jagged: bool) -> Array:
        branch = self._header.branches.get(name)
        if branch is None or branch.jagged != jagged:
            raise ValueError(f"the tree has no {'jagged ' * jagged}branch {name!r}")
        on_disk = branch.dtype.newbyteorder(">")
        if not len(self):
            return np.empty(0, on_disk)
        low, high = np.searchsorted(branch.first, (self._start, self._stop), "right") - 1
        numbers = range(int(low), min(int(high), len(branch.seek) - 1) + 1)
        baskets = [self._basket(int(branch.seek[number]), int(branch.size[number])) for number in numbers]
        # One array for all: each basket is unpacked behind the values of the last, over the places of its events, which
        # are looked at only where the events begin or end inside a basket.
        room = np.empty(sum(b.border for b in baskets) + max(b.full - b.border for b in baskets), np.uint8)
        begin = end = place = 0
        for number, basket in zip(numbers, baskets, strict=True):
            first, stop = int(branch.first[number]), int(branch.first[number + 1])
            inside = self._start <= first and stop <= self._stop
            data = room[place : place + (basket.border if inside else basket.full)]
            basket.unpack(data)
            begin += basket.start_of(max(self._start - first, 0), stop - first, branch, data)
            end = place + basket.start_of(min(self._stop, stop) - first, stop - first, branch, data)
            place += basket.border
        return room[begin:end].view(on_disk)

    def _basket(self, seek: int, size: int) -> Basket:
        chunk = self._file.file.source.chunk(seek, seek + size)
        raw = chunk.raw_data
        _, _, full, _, key, _ = KEY.unpack_from(raw)
        return Basket(chunk, seek, key, full, BASKET.unpack_from(raw, key - BASKET.size)[4] - key)


@cache
def _branch_name(collection_name: str, field: str) -> str:
    return collection(collection_name).branch(field)
