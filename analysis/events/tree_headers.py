"""Where the columns of a TTree lie in its file, read from the tree's header without building objects for its branches.

A general reader makes some twenty objects a branch, which for the hundred branches of the event contract takes as long
as reading ten thousand events: too long for small files.  Here the header is walked through once, for seven numbers a
branch.  It is known as ROOT 6 and uproot write it (TTree version 20, TBranch 13, TLeaf 2) for branches of one number or
of a counted array of numbers; of anything else `read_header` says that it does not know it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

HAS_COUNT = 0x40000000
"""Set in the byte count that stands before an object."""
NEW_CLASS = 0xFFFFFFFF
"""Stands before the name of a class that is met for the first time."""
KNOWN_CLASS = 0x80000000
"""Set in the place of a class name that was met before."""
PLACE_OFFSET = 2
"""Places of class names are counted from here."""
OBJECT_BYTES = 10
"""A TObject: version, identity and flags."""

TREE = struct.Struct(">qqqqqdiiiiIqqqqqq")
BRANCH_BASKETS = struct.Struct(">iiiiq")
BRANCH_SIZES = struct.Struct(">iIiqqqq")
LEAF = struct.Struct(">iii??")
LEAVES = {"TLeafO": "?", "TLeafB": "i1", "TLeafS": "i2", "TLeafI": "i4", "TLeafL": "i8", "TLeafF": "f4", "TLeafD": "f8"}


class UnknownHeaderError(ValueError):
    """A tree that is written in another way."""


@dataclass(frozen=True)
class StoredBranch:
    """Where a branch of numbers lies in its file."""

    dtype: np.dtype[Any]
    """Type of the values in native byte order; they are big-endian on disk."""
    jagged: bool
    """Whether an event has a counted array of them."""
    entries: int
    first: Index
    """First event of each basket, and the number of events at the end."""
    seek: Index
    """Byte at which each basket begins."""
    size: Index
    """Bytes of each basket."""


@dataclass(frozen=True)
class TreeHeader:
    """What a tree's header says."""

    entries: int
    """Number of events."""
    branches: dict[str, StoredBranch]
    """Branches by name."""


class _Cursor:
    """A place in the bytes of a header.  `origin` is what places of class names are counted from."""

    def __init__(self, data: bytes, origin: int) -> None:
        self.data, self.at = data, 0
        self._origin, self._classes = origin, dict[int, str]()

    def numbers(self, form: struct.Struct) -> tuple[Any, ...]:
        values = form.unpack_from(self.data, self.at)
        self.at += form.size
        return values

    def number(self) -> int:
        self.at += 4
        return int.from_bytes(self.data[self.at - 4 : self.at])

    def text(self) -> str:
        length = self.data[self.at]
        self.at += 1
        if length == 255:
            length = self.number()
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def array(self, count: int, dtype: str) -> Index:
        """An array after the byte that announces it."""
        values = np.frombuffer(self.data, dtype, count, self.at + 1)
        self.at += 1 + values.nbytes
        return values.astype(np.int64)

    def begin(self, *versions: int) -> int:
        """Goes into an object and gives the place of its end; UnknownHeaderError for another version."""
        count = self.number()
        end = self.at + (count & ~HAS_COUNT)
        self.at += 2
        version = int.from_bytes(self.data[self.at - 2 : self.at])
        if not count & HAS_COUNT or (versions and version not in versions):
            raise UnknownHeaderError(f"an object of version {version} at byte {self.at}")
        return end

    def skip(self, objects: int = 1) -> None:
        for _ in range(objects):
            self.at = self.begin()

    def name(self) -> str:
        """The name of a TNamed."""
        end = self.begin()
        self.at += OBJECT_BYTES
        name, self.at = self.text(), end
        return name

    def objects(self) -> Iterator[str]:
        """The class of each object of a TObjArray, "" for an empty place; whoever asks reads the object before he asks
        for the next."""
        end = self.begin()
        self.at += OBJECT_BYTES
        self.text()
        for _ in range(self.numbers(struct.Struct(">ii"))[0]):
            yield self._class()
        if self.at != end:
            raise UnknownHeaderError(f"an array ends at byte {self.at} and not at {end}")

    def _class(self) -> str:
        if not self.number():
            return ""
        place = self._origin + self.at + PLACE_OFFSET
        tag = self.number()
        if tag == NEW_CLASS:
            stop = self.data.index(b"\0", self.at)
            self._classes[place] = self.data[self.at : stop].decode()
            self.at = stop + 1
            return self._classes[place]
        return self._classes[tag & ~KNOWN_CLASS]


def read_header(data: bytes, origin: int) -> TreeHeader:
    """The header of a TTree from its uncompressed bytes; `origin` is the length of its key.

    UnknownHeaderError for a tree that is written in another way.
    """
    try:
        return _tree(_Cursor(data, origin))
    except (struct.error, LookupError, UnicodeDecodeError, ValueError) as error:
        raise UnknownHeaderError(str(error)) from error


def _tree(cursor: _Cursor) -> TreeHeader:
    cursor.begin(20)
    cursor.skip(4)  # name and attributes of its drawing
    entries, *_, ranges = cursor.numbers(TREE)[:11]
    cursor.at += 2 * (1 + 8 * ranges)
    cursor.skip()
    branches = {}
    for kind in cursor.objects():
        if kind != "TBranch":
            raise UnknownHeaderError(f"a branch is a {kind}")
        name, branch = _branch(cursor)
        branches[name] = branch
    return TreeHeader(entries, branches)


def _branch(cursor: _Cursor) -> tuple[str, StoredBranch]:
    end = cursor.begin(13)
    name = cursor.name()
    cursor.skip()
    written = cursor.numbers(BRANCH_BASKETS)[3]
    cursor.skip()
    ways_of_writing = cursor.data[cursor.at - 1]
    _, room, _, entries, *_ = cursor.numbers(BRANCH_SIZES)
    inner = list(cursor.objects())
    leaves = [_leaf(cursor, kind) for kind in cursor.objects()]
    in_the_header = any(cursor.objects())
    size, first, seek = cursor.array(room, ">i4"), cursor.array(room, ">i8"), cursor.array(room, ">i8")
    first = np.append(first[:written], entries)
    cursor.at = end
    if ways_of_writing or inner or in_the_header or len(leaves) != 1 or not (seek[:written] > 0).all():
        raise UnknownHeaderError(f"branch {name} is more than numbers in baskets")
    if written and first[0] != 0:
        raise UnknownHeaderError(f"branch {name} does not begin with event 0")
    return name, StoredBranch(*leaves[0], entries, first, seek[:written], size[:written])


def _leaf(cursor: _Cursor, kind: str) -> tuple[np.dtype[Any], bool]:
    """Type of a leaf, and whether there is a counter for it."""
    end = cursor.begin(1)
    cursor.begin(2)
    cursor.name()
    length, _, _, _, unsigned = cursor.numbers(LEAF)
    jagged = cursor.number() != 0
    cursor.at = end
    if kind not in LEAVES or length != 1:
        raise UnknownHeaderError(f"a leaf is {length} times {kind}")
    code = LEAVES[kind]
    return np.dtype(code.replace("i", "u") if unsigned else code), jagged
