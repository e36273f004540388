"""Columns of a TTree straight from its baskets.

The fields of a collection are read without their offsets, which are the same for all and come from the counter.  What
is read stays in the byte order of the file: many columns are looked at for a few candidates only.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import numpy as np
import uproot
from numpy.typing import NDArray

from analysis.events.tree_headers import StoredBranch, TreeHeader
from analysis.schema import collection

Array = NDArray[Any]

KEY = struct.Struct(">ihiIhh")
"""Key of a basket: size, version, uncompressed size, date, length of the key, cycle."""
BASKET = struct.Struct(">HiiiiB")
"""End of the key: version, size of the buffer, of an event's place, number of events, end of the values, flag."""


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
        low, high = np.searchsorted(branch.first, (self._start, self._stop), "right") - 1
        last = min(int(high), len(branch.seek) - 1)
        pieces = [self._piece(branch, number) for number in range(int(low), last + 1)] if len(self) else []
        return np.concatenate(pieces).view(on_disk) if pieces else np.empty(0, on_disk)

    def _piece(self, branch: StoredBranch, number: int) -> NDArray[np.uint8]:
        """Bytes of the values of the wanted events in one basket."""
        first, stop = branch.first[number], branch.first[number + 1]
        begin, end = max(self._start - first, 0), min(self._stop, stop) - first
        data, places = self._basket(int(branch.seek[number]), int(branch.size[number]))
        if begin == 0 and end == stop - first:
            return data
        if not branch.jagged:
            return data[begin * branch.dtype.itemsize : end * branch.dtype.itemsize]
        return data[places[begin] : places[end]]

    def _basket(self, seek: int, size: int) -> tuple[NDArray[np.uint8], Array]:
        """Bytes of a basket's values, and the place of each event among them (events + 1,) for a jagged branch."""
        chunk = self._file.file.source.chunk(seek, seek + size)
        raw = chunk.raw_data
        _, _, full, _, key, _ = KEY.unpack_from(raw)
        border = BASKET.unpack_from(raw, key - BASKET.size)[4] - key
        data = raw[key:]
        if len(data) != full:
            cursor = uproot.source.cursor.Cursor(seek + key)
            data = uproot.compression.decompress(chunk, cursor, {}, size - key, full).raw_data
        data = np.frombuffer(data, np.uint8)
        places = data[border:].view(">i4")[1:] - key
        places[-1:] = border
        return data[:border], places


@cache
def _branch_name(collection_name: str, field: str) -> str:
    return collection(collection_name).branch(field)
