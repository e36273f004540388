"""Trees of a file and their columns: straight from the baskets of a local TTree, through uproot from anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray
from uproot.source.file import MultithreadedFileSource

from rarekaon.analysis.contract.schema import collection
from rarekaon.analysis.events.baskets import BasketSource
from rarekaon.analysis.events.remote import explaining, is_local, open_remote
from rarekaon.analysis.events.sources import Offsets, StoredColumns, misplaced
from rarekaon.analysis.events.tree_headers import TreeHeader, UnknownHeaderError, read_header

Array = NDArray[Any]

CXX_TYPES = {"float": "float32", "double": "float64", "bool": "bool", "char": "int8"} | {
    f"{sign}int{bits}_t": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class Tree(Protocol):
    """A tree of an open file."""

    @property
    def entries(self) -> int:
        """Number of events, or rows."""
        ...

    def types(self) -> Mapping[str, str]:
        """Types of the branches or fields by name: "float32", or "float32[]" if jagged; one that the event contract
        does not know as ROOT calls it."""
        ...

    def lengths(self) -> Mapping[str, int]:
        """Entries of each branch, which need not be those of the tree."""
        ...

    def clusters(self) -> tuple[int, ...]:
        """Events before which all branches begin something new in the file, and the number of events: what lies between
        two of them can be read without reading anything of the rest."""
        ...

    def source(self, start: int, stop: int) -> StoredColumns:
        """The columns of the events from `start` to `stop`."""
        ...


def open_file(path: str, **options: Any) -> Any:
    """The uproot file of a path or URL; one of this machine is opened once, and not for each basket anew."""
    if not is_local(path):
        return open_remote(path, **options)
    return uproot.open(path, handler=MultithreadedFileSource, use_threads=False, **options)


def open_tree(file: Any, name: str) -> Tree:
    """The tree `name` of an uproot file; KeyError where there is none."""
    key = file.key(name)
    if key.fClassName == "TTree":
        chunk, _ = key.get_uncompressed_chunk_cursor()
        try:
            return StoredTree(file, read_header(bytes(chunk.raw_data), key.fKeylen))
        except UnknownHeaderError:
            pass  # another way of writing is no fault: uproot knows many
    return UprootTree(file[name])


class StoredTree:
    """A TTree whose baskets are read here."""

    def __init__(self, file: Any, header: TreeHeader) -> None:
        self._file, self._header = file, header

    @property
    def entries(self) -> int:
        return self._header.entries

    def types(self) -> Mapping[str, str]:
        return {name: b.dtype.name + "[]" * b.jagged for name, b in self._header.branches.items()}

    def lengths(self) -> Mapping[str, int]:
        return {name: b.entries for name, b in self._header.branches.items()}

    def clusters(self) -> tuple[int, ...]:
        return _common([b.first for b in self._header.branches.values()], self.entries)

    def source(self, start: int, stop: int) -> StoredColumns:
        return BasketSource(self._file, self._header, start, stop)


class UprootTree:
    """A tree or RNTuple as uproot has it."""

    def __init__(self, tree: Any) -> None:
        self._tree = tree

    @property
    def entries(self) -> int:
        return int(self._tree.num_entries)

    def types(self) -> Mapping[str, str]:
        return {name.rsplit("/", 1)[-1]: _dtype(text) for name, text in self._tree.typenames().items()}

    def lengths(self) -> Mapping[str, int]:
        own = _field_lengths if isinstance(self._tree, uproot.behaviors.RNTuple.RNTuple) else _branch_lengths
        return {name.rsplit("/", 1)[-1]: length for name, length in own(self._tree).items()}

    def clusters(self) -> tuple[int, ...]:
        if isinstance(self._tree, uproot.TTree):
            return _common([b.entry_offsets for b in self._tree.branches if b.num_baskets], self.entries)
        first = [cluster.num_first_entry for cluster in self._tree.ntuple.cluster_summaries]
        return _common([first], self.entries)

    def source(self, start: int, stop: int) -> StoredColumns:
        return UprootSource(self._tree, start, stop)


def _branch_lengths(tree: Any) -> dict[str, int]:
    return {name: int(branch.num_entries) for name, branch in tree.iteritems()}


def _field_lengths(ntuple: Any) -> dict[str, int]:
    """Elements of the first column of each field: one added late has none for the entries before.

    A field of an RNTuple can be stored by another column from one cluster to the next.
    """
    model = ntuple.ntuple
    columns: dict[int, list[int]] = {}
    for column in model.column_records:
        columns.setdefault(column.field_id, []).append(column.idx)
    for alias in model.alias_column_records:  # of fields that show a part of others, as ROOT's importer makes them
        columns.setdefault(alias.field_id, []).append(alias.physical_id)
    clusters = model.page_link_list
    lengths = {}
    for name, field in ntuple.iteritems(recursive=False):
        own = columns.get(field.field_id, [])
        lengths[name] = sum(max((_elements(pages, index) for index in own), default=0) for pages in clusters)
    return lengths


def _elements(pages: Any, column: int) -> int:
    if column >= len(pages) or pages[column].suppressed:
        return 0
    return sum(page.num_elements for page in pages[column].pages)


def _common(firsts: Sequence[Iterable[int]], entries: int) -> tuple[int, ...]:
    """Events with which a basket of every branch begins, and the number of events."""
    shared = frozenset[int].intersection(*(frozenset(int(n) for n in first) for first in firsts)) if firsts else ()
    return tuple(sorted({0, *shared, entries}))


def _dtype(text: str) -> str:
    jagged = text.endswith("[]") or "vector<" in text or "RVec<" in text
    name = _element(text)
    return CXX_TYPES.get(name, name) + "[]" * jagged


def _element(text: str) -> str:
    """C++ name of what a branch or field of a C++ type holds."""
    inner = re.split(r"[<>]", text)[1] if "<" in text else text.removesuffix("[]")
    return inner.removeprefix("std::")


def _is_char(text: str) -> bool:
    return _element(text) == "char"


class UprootSource:
    """Columns of the events `start` to `stop` of an uproot tree; keeps nothing it has read."""

    def __init__(self, tree: Any, start: int, stop: int) -> None:
        self._tree, self._start, self._stop = tree, start, stop
        self._uncached = {"array_cache": None} if isinstance(tree, uproot.TTree) else {}
        self.fields = frozenset(tree.keys())

    def __len__(self) -> int:
        return self._stop - self._start

    def event(self, name: str) -> Array:
        return self._signed(name, np.asarray(self._read(name, "np")))

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        return self.objects(collection(collection_name).branch(field), offsets)

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        layout = ak.to_packed(self._read(branch, "ak")).layout
        if offsets is not None:
            found, counted = np.diff(np.asarray(layout.offsets)), np.diff(offsets)
            if len(found) == len(counted) and (found != counted).any():
                row = int(np.argmax(found != counted))
                raise misplaced(self.place(row), branch, int(found[row]), int(counted[row]))
        return self._signed(branch, np.asarray(ak.to_numpy(layout.content)))

    def sizes(self, branch: str) -> Array:
        return np.asarray(ak.num(self._read(branch, "ak"), axis=1))

    def place(self, row: int) -> str:
        return f"{self._tree.file.file_path}, entry {self._start + row}"

    def counts(self, collection_name: str) -> Array:
        return self.event(collection(collection_name).counter)

    def _signed(self, name: str, values: Array) -> Array:
        """The values as ROOT has them: its `char` has a sign, which uproot does not read in RNTuples."""
        return values.view(np.int8) if values.dtype == np.uint8 and _is_char(self._tree[name].typename) else values

    def _read(self, name: str, library: str) -> Any:
        window = {"entry_start": self._start, "entry_stop": self._stop}
        with explaining(self._tree.file.file_path):
            return self._tree[name].array(library=library, **self._uncached, **window)
