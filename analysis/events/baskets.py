"""Columns of a TTree straight from its baskets.

A basket holds the values of a branch and, for a jagged one, behind them the place of each event.  All fields of a
collection have the same places, those that the counter gives, and it is the counter that is worked with: that a
branch's own places are the same is looked at here, in numbers that cost little to unpack because they pack well.
Values stay in the byte order of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from queue import Queue
from typing import Any

import numpy as np
import pyarrow as pa
import uproot
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import collection
from rarekaon.analysis.events.remote import explaining
from rarekaon.analysis.events.sources import Offsets, misplaced
from rarekaon.analysis.events.tree_headers import StoredBranch, TreeHeader
from rarekaon.analysis.kernels.compiled import compiled

Array = NDArray[Any]
Bytes = NDArray[np.uint8]

KEY = struct.Struct(">ihiIhh")
"""Key of a basket: size, version, uncompressed size, date, length of the key, cycle."""
BASKET = struct.Struct(">HiiiiB")
"""End of the key: version, size of the buffer, of an event's place, number of events, end of the values, flag."""

BLOCK = 9
"""Bytes before a compressed block: two letters, a method, sizes of three bytes before and after unpacking."""
PLACE = 4
"""Bytes of an event's place; their number stands before the first."""
ZSTD = pa.Codec("zstd")


@compiled
def _agree(places: NDArray[np.uint32], counted: Offsets, size: int) -> bool:
    """Whether events whose objects have `size` bytes begin at these places, big-endian and counted from the beginning
    of the key, as their counter says."""
    wrong = 0
    moved = size * counted[0]
    if len(places):
        p = places[0]
        moved -= np.int64((p >> 24) | ((p >> 8) & 0xFF00) | ((p << 8) & 0xFF0000) | ((p & 0xFF) << 24))
    for i in range(len(places)):
        p = places[i]
        place = np.int64((p >> 24) | ((p >> 8) & 0xFF00) | ((p << 8) & 0xFF0000) | ((p & 0xFF) << 24))
        wrong += place + moved != size * counted[i]
    return wrong == 0


@dataclass(frozen=True)
class Basket:
    """A basket as it is in the file. Unpacked it holds values, and behind them the place of each event if the branch
    is jagged."""

    chunk: Any
    """Bytes of the file that contain it."""
    seek: int
    """Place in the file where `chunk` begins."""
    key: int
    """Bytes of the key in front of the basket."""
    full: int
    """Bytes of the unpacked basket."""
    border: int
    """Byte behind the last value."""

    def unpack(self) -> Bytes:
        """The bytes of the basket; ValueError if it is damaged."""
        packed = self.chunk.raw_data[self.key :]
        if len(packed) == self.full:
            return np.asarray(packed)
        try:
            whole = self._unpacked(packed)
        except Exception as error:
            raise ValueError(f"the basket at byte {self.seek} is damaged: {error}") from error
        if len(whole) != self.full:
            raise ValueError(f"the basket at byte {self.seek} is damaged: {len(whole)} bytes instead of {self.full}")
        return whole

    def _unpacked(self, packed: Bytes) -> Bytes:
        if packed[:2].tobytes() == b"ZS" and len(packed) == BLOCK + int.from_bytes(packed[3:6], "little"):
            return np.frombuffer(ZSTD.decompress(pa.py_buffer(packed[BLOCK:]), self.full), np.uint8)
        cursor = uproot.source.cursor.Cursor(self.seek + self.key)
        return np.asarray(uproot.compression.decompress(self.chunk, cursor, {}, len(packed), self.full).raw_data)


class BasketSource:
    """Columns of the events `start` to `stop` of a tree in an open uproot file; keeps nothing it has read.

    ValueError for a branch that is not there, or is jagged where a number per event is asked for, and for damage.
    """

    def __init__(self, file: Any, header: TreeHeader, start: int, stop: int) -> None:
        self._file, self._header = file, header  # uproot closes a file that nobody holds
        self._start, self._stop = start, stop
        self._fetched: dict[int, Any] = {}
        self.fields = frozenset(header.branches)

    def __len__(self) -> int:
        return self._stop - self._start

    def event(self, name: str) -> Array:
        return self._values(name, jagged=False)

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        return self.objects(_branch_name(collection_name, field), offsets)

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        return self._values(branch, jagged=True, offsets=offsets)

    def sizes(self, branch: str) -> Array:
        raise ValueError(f"{branch} is an array with a counter: count its elements by that")

    def counts(self, collection_name: str) -> Array:
        return self.event(collection(collection_name).counter)

    def place(self, row: int) -> str:
        return f"{self._file.file_path}, entry {self._start + row}"

    def _values(self, name: str, *, jagged: bool, offsets: Offsets | None = None) -> Array:
        branch = self._header.branches.get(name)
        if branch is None or branch.jagged != jagged:
            raise ValueError(f"the tree has no {'jagged ' * jagged}branch {name!r}")
        on_disk = branch.dtype.newbyteorder(">")
        if not len(self):
            return np.empty(0, on_disk)
        pieces = [self._piece(name, branch, number, offsets) for number in self._numbers(branch)]
        values = pieces[0] if len(pieces) == 1 and pieces[0].flags.writeable else np.concatenate(pieces)
        return values.view(on_disk)

    def _piece(self, name: str, branch: StoredBranch, number: int, offsets: Offsets | None) -> Bytes:
        """The bytes of the values that one basket has of the events."""
        first, stop = int(branch.first[number]), int(branch.first[number + 1])
        basket = self._basket(branch, number)
        data = basket.unpack()
        begin, end = max(self._start, first), min(self._stop, stop)
        if not branch.jagged:
            size = branch.dtype.itemsize
            return data[(begin - first) * size : (end - first) * size]
        places = data[basket.border + PLACE * (begin - first + 1) : basket.border + PLACE * (end - first + 1)]
        places = places.copy().view(np.uint32)  # aligned
        last = basket.border
        if end < stop:
            last = int(data[basket.border :][PLACE * (end - first + 1) :][:PLACE].copy().view(">u4")[0]) - basket.key
        start = int(places[:1].byteswap()[0]) - basket.key if end > begin else last
        if offsets is not None:
            counted, size = offsets[begin - self._start : end - self._start + 1], branch.dtype.itemsize
            if last - start != size * (counted[-1] - counted[0]) or not _agree(places, counted, size):
                edges = np.append(places.byteswap().astype(np.int64) - basket.key, last) // size
                row = int(np.argmax(np.diff(edges) != np.diff(counted)))
                found, said = int(edges[row + 1] - edges[row]), int(counted[row + 1] - counted[row])
                raise misplaced(self.place(begin - self._start + row), name, found, said)
        if not 0 <= start <= last <= basket.border:
            raise ValueError(f"the basket at byte {basket.seek} is damaged: its events lie outside it")
        return data[start:last]

    def _basket(self, branch: StoredBranch, number: int) -> Basket:
        """A basket whose key fits to what the tree says of it."""
        seek, size = int(branch.seek[number]), int(branch.size[number])
        events = int(branch.first[number + 1] - branch.first[number])
        chunk = self._chunk(seek, size)
        raw, item = chunk.raw_data, branch.dtype.itemsize
        if size >= KEY.size + BASKET.size:
            stored, _, full, _, key, _ = KEY.unpack_from(raw)
            if stored == size and KEY.size + BASKET.size <= key <= size:
                *_, counted, last, _ = BASKET.unpack_from(raw, key - BASKET.size)
                border, places = last - key, PLACE * (events + 1) if branch.jagged else 0
                values = border % item == 0 if branch.jagged else border == events * item
                if counted == events and values and 0 <= border <= full - places:
                    return Basket(chunk, seek, key, full, border)
        raise ValueError(f"the basket at byte {seek} is damaged: its key does not fit to the tree's header")

    def fetch(self, names: Iterable[str]) -> None:
        """Ask for all baskets of some branches at once; they stay until they are read."""
        branches = [self._header.branches[name] for name in names if name in self._header.branches]
        places = [(int(b.seek[n]), int(b.size[n])) for b in branches for n in self._numbers(b)] if len(self) else []
        ranges = [(seek, seek + size) for seek, size in places]
        if ranges:
            with explaining(self._file.file_path):
                chunks = self._file.file.source.chunks(ranges, Queue())
            self._fetched = {seek: chunk for (seek, _), chunk in zip(places, chunks, strict=True)}

    def _numbers(self, branch: StoredBranch) -> range:
        """The baskets of a branch that hold events of this source."""
        low, high = np.searchsorted(branch.first, (self._start, self._stop - 1), "right") - 1
        return range(int(low), min(int(high), len(branch.seek) - 1) + 1)

    def _chunk(self, seek: int, size: int) -> Any:
        with explaining(self._file.file_path):
            chunk = self._fetched.pop(seek, None) or self._file.file.source.chunk(seek, seek + size)
            chunk.wait()
        return chunk


@cache
def _branch_name(collection_name: str, field: str) -> str:
    return collection(collection_name).branch(field)
