"""Trees that keep the event contract in all but how whole numbers are stored, which other tools do otherwise.

Older ntuples have signed run numbers, flags of type `Char_t` and counters of 64 bits, and so have RNTuples that ROOT
makes of TTrees; an array that uproot writes by assignment has no counter at all.  Values that fit into the contract's
type are turned into it, exactly; of one that does not fit, file and entry are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import COLLECTIONS, collection
from rarekaon.analysis.events.sources import Offsets, StoredColumns, UnfitEventsError, native
from rarekaon.analysis.events.trees import Tree

Array = NDArray[Any]


def fitted(tree: Tree, wanted: Mapping[str, str]) -> Tree:
    """The tree as if its whole numbers were of the `wanted` types (`schema.stored_types`), and its arrays counted.

    It is the tree itself where that is so already; a branch that holds no whole numbers stays what it is.
    """
    stored = tree.types()
    others = {
        name: np.dtype(type_.removesuffix("[]"))
        for name, type_ in wanted.items()
        if stored.get(name, type_) != type_ and _are_whole_numbers(stored[name], type_)
    }
    uncounted = {}
    for c in COLLECTIONS:
        arrays = [c.branch(field.name) for field in c.fields if stored.get(c.branch(field.name), "").endswith("[]")]
        if c.counter in wanted and c.counter not in stored and arrays:
            uncounted[c.counter] = arrays[0]
    return FittedTree(tree, others, uncounted) if others or uncounted else tree


def _are_whole_numbers(stored: str, wanted: str) -> bool:
    """Whether both are types of whole numbers, flags included, and jagged alike."""
    names = [text.removesuffix("[]") for text in (stored, wanted)]
    known = all(name == "bool" or name.lstrip("u").startswith("int") for name in names)
    return known and stored.endswith("[]") == wanted.endswith("[]")


class FittedTree:
    """A tree in which branches of whole numbers get `others` as their types, and `uncounted` counters, each from the
    array that it should count."""

    def __init__(self, tree: Tree, others: Mapping[str, np.dtype[Any]], uncounted: Mapping[str, str]) -> None:
        self._tree, self._others, self._uncounted = tree, others, uncounted

    @property
    def entries(self) -> int:
        return self._tree.entries

    def types(self) -> Mapping[str, str]:
        stored = self._tree.types()
        changed = {name: dtype.name + "[]" * stored[name].endswith("[]") for name, dtype in self._others.items()}
        return {**stored, **changed, **dict.fromkeys(self._uncounted, "int32")}

    def lengths(self) -> Mapping[str, int]:
        stored = self._tree.lengths()
        return {**stored, **{counter: stored[array] for counter, array in self._uncounted.items()}}

    def clusters(self) -> tuple[int, ...]:
        return self._tree.clusters()

    def source(self, start: int, stop: int) -> StoredColumns:
        return FittedSource(self._tree.source(start, stop), self._others, self._uncounted)


class FittedSource:
    """Columns of a source in the types of the contract; UnfitEventsError for a value that is not of its type."""

    def __init__(
        self, source: StoredColumns, others: Mapping[str, np.dtype[Any]], uncounted: Mapping[str, str]
    ) -> None:
        self._source, self._others, self._uncounted = source, others, uncounted
        self.fields = frozenset(source.fields | uncounted.keys())

    def __len__(self) -> int:
        return len(self._source)

    def place(self, row: int) -> str:
        return self._source.place(row)

    def event(self, name: str) -> Array:
        return self._fitted(name, self._source.event(name))

    def counts(self, collection_name: str) -> Array:
        counter = collection(collection_name).counter
        if counter in self._uncounted:
            return np.asarray(self._source.sizes(self._uncounted[counter]), np.int32)
        return self._fitted(counter, self._source.counts(collection_name))

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        return self.objects(collection(collection_name).branch(field), offsets)

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        return self._fitted(branch, self._source.objects(branch, offsets), offsets)

    def sizes(self, branch: str) -> Array:
        return self._source.sizes(branch)

    def _fitted(self, name: str, values: Array, offsets: Offsets | None = None) -> Array:
        wanted = self._others.get(name)
        if wanted is None:
            return values
        values = native(values)
        found, n = into(values, wanted)
        if n >= 0:
            row = n if offsets is None else int(np.searchsorted(offsets - offsets[0], n, "right")) - 1
            raise UnfitEventsError(
                f"{self.place(row)}: {name} is {values[n]}, which is no {wanted}: write it as `kaon schema` says"
            )
        return found


def into(values: Array, wanted: np.dtype[Any]) -> tuple[Array, int]:
    """Whole numbers as another type, and the place of the first that is another number there; -1 if all are equal.

    >>> into(np.array([1, -1]), np.dtype("uint8"))[1]
    1
    """
    if values.dtype == wanted:
        return values, -1
    with np.errstate(invalid="ignore"):
        found = values.astype(wanted)
    different = found != values
    return found, int(np.argmax(different)) if different.any() else -1
