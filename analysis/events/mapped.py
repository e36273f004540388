"""Foreign trees read as if they kept the event contract, through a branch map (`facts.branch_maps`).

A column is read and turned into the contract's unit and type when somebody asks for it, and not before; one that is
taken as it stands costs what reading it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.expressions import Expression
from rarekaon.analysis.contract.schema import COLLECTIONS, EVENT, TRUTH, Branch, collection
from rarekaon.analysis.events.fitted import into
from rarekaon.analysis.events.sources import Offsets, StoredColumns, UnfitEventsError, native, offsets_of
from rarekaon.analysis.events.trees import Tree
from rarekaon.analysis.facts.branch_maps import IDENTITY, BranchMap, MappedCollection, MappedColumn

Array = NDArray[Any]
SHOWN = 12
"""Columns that are named before the rest is counted."""


@dataclass(frozen=True)
class MappedBranch:
    """A branch of the contract that a tree gives through its map."""

    branch: Branch
    """The branch, by its full name."""
    column: MappedColumn
    """What the map says of it."""
    expressions: tuple[Expression, ...]
    """What it is computed by, in each slot of its collection or in all events."""

    @property
    def names(self) -> frozenset[str]:
        """The columns that it is made of."""
        return frozenset[str]().union(*(e.names for e in self.expressions))

    @property
    def is_as_stored(self) -> bool:
        """Whether its values are those of one column: what is so already need not be gone over twice."""
        same = self.column.absent is None and self.column.factor(self.branch.unit) == 1.0
        return same and len(self.expressions) == 1 and self.expressions[0].is_a_name

    @property
    def stored_as(self) -> str:
        """The column of one that is as stored."""
        return self.expressions[0].text.strip()


class MappedTree:
    """A tree of an open file as its map shows it; UnfitEventsError if it lacks what makes events and objects.

    `given` are the branches of the contract that it has, but for the counters; other branches are missing.
    """

    def __init__(self, tree: Tree, branches: BranchMap, path: str) -> None:
        self._tree, self._types = tree, tree.types()
        needed = {name for key in IDENTITY for name in branches.event[key].of}
        self.given = _given(branches, self._types)
        missing = sorted(key for key in IDENTITY if key not in self.given)
        self.collections = {
            name: mapped for name, mapped in branches.collections.items() if mapped.needed <= self._types.keys()
        }
        if missing:
            raise UnfitEventsError(
                f"{path}: the tree {branches.tree} has no columns for {', '.join(missing)} of the branch map "
                f"{branches.name} ({', '.join(sorted(needed))}): is it the right map?"
            )

    @property
    def entries(self) -> int:
        return self._tree.entries

    @cached_property
    def _counters(self) -> dict[str, frozenset[str]]:
        return {collection(name).counter: mapped.needed for name, mapped in self.collections.items()}

    def types(self) -> Mapping[str, str]:
        """Those of the contract: whatever is stored is converted, or refused where it does not fit."""
        jagged = {collection(name).branch(f) for name, mapped in self.collections.items() for f in mapped.fields}
        types = {name: g.branch.dtype + "[]" * (name in jagged) for name, g in self.given.items()}
        return types | dict.fromkeys(self._counters, "int32")

    def losses(self) -> tuple[str, ...]:
        """What the tree has and its branches as the contract has them do not, in sentences."""
        said = []
        for name, given in self.given.items():
            if given.column.absent is not None:
                said.append(f"{name}: {given.column.absent:g}, which is not measured, becomes {given.column.instead:g}")
            stored = {self._types[column].removesuffix("[]") for column in given.names}
            if given.branch.dtype == "float32" and stored & {"float64", "int64", "uint64"}:
                said.append(f"{name}: {given.expressions[0].text} is rounded to 24 bits")
        used = frozenset[str]().union(
            *(given.names for given in self.given.values()), *(m.needed for m in self.collections.values())
        )
        if unused := sorted(self._types.keys() - used):
            rest = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
            said.append(f"columns without a branch: {', '.join(unused[:SHOWN])}{rest}")
        return tuple(said)

    def lengths(self) -> Mapping[str, int]:
        """The fewest entries of the columns that a branch is made of."""
        stored = self._tree.lengths()
        made_of = {name: g.names for name, g in self.given.items()} | self._counters
        return {name: min((stored[c] for c in names), default=self.entries) for name, names in made_of.items()}

    def clusters(self) -> tuple[int, ...]:
        return self._tree.clusters()

    def source(self, start: int, stop: int) -> StoredColumns:
        return MappedSource(self._tree.source(start, stop), self.given, self.collections, self._types)


def _given(branches: BranchMap, columns: Mapping[str, str]) -> dict[str, MappedBranch]:
    given = {}
    for branch in (*EVENT, *TRUTH):
        if branch.name in branches.event:
            column = branches.event[branch.name]
            if (expression := column.expression(columns)) is not None:
                given[branch.name] = MappedBranch(branch, column, (expression,))
    for c in COLLECTIONS:
        mapped = branches.collections.get(c.name)
        if mapped is None or not mapped.needed <= columns.keys():
            continue
        for field in c.fields:
            if field.name in mapped.fields:
                column = mapped.fields[field.name]
                found = [column.expression(columns, slot) for slot in mapped.slots or ("",)]
                expressions = tuple(e for e in found if e is not None)
                if len(expressions) == len(found):
                    name = c.branch(field.name)
                    given[name] = MappedBranch(
                        Branch(name, field.dtype, field.unit, field.meaning), column, expressions
                    )
    return given


class MappedSource:
    """Columns of a foreign source in the contract's names, units and types; ValueError for one that is not given."""

    def __init__(
        self,
        source: StoredColumns,
        given: Mapping[str, MappedBranch],
        collections: Mapping[str, MappedCollection],
        types: Mapping[str, str],
    ) -> None:
        self._source, self._given, self._collections, self._types = source, given, collections, types
        self._exist: dict[str, NDArray[np.bool_]] = {}
        self.fields = frozenset(given) | {collection(name).counter for name in collections}

    def __len__(self) -> int:
        return len(self._source)

    def place(self, row: int) -> str:
        return self._source.place(row)

    def event(self, name: str) -> Array:
        given = self._of(name)
        if given.is_as_stored:
            values = self._source.event(given.stored_as)
            return values if _is_of(values, given.branch) else self._converted(given, native(values), lambda n: n)
        return self._converted(given, self._per_event(given.expressions[0]), lambda n: n)

    def counts(self, collection_name: str) -> Array:
        mapped = self._collection(collection_name)
        if mapped.slots:
            return np.asarray(self._existing(collection_name, mapped).sum(axis=1, dtype=np.int32))
        if self._types[mapped.counter].endswith("[]"):
            return self._source.sizes(mapped.counter)
        counts = native(self._source.event(mapped.counter))
        if counts.dtype.kind not in "iu":
            raise UnfitEventsError(f"{self.place(0)}: {mapped.counter} counts objects, but its type is {counts.dtype}")
        return counts.astype(np.int64)

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        mapped = self._collection(collection_name)
        given = self._of(collection(collection_name).branch(field))
        if mapped.slots:
            exist = self._existing(collection_name, mapped)
            values = np.stack([self._per_event(e) for e in given.expressions], axis=1)[exist]
            return self._converted(given, values, lambda n: int(np.nonzero(exist)[0][n]))
        offsets = offsets_of(self.counts(collection_name)) if offsets is None else offsets - offsets[0]
        if given.is_as_stored and self._types[given.stored_as].endswith("[]"):
            stored = self._source.objects(given.stored_as, offsets)
            if _is_of(stored, given.branch):
                return stored
        columns = {name: self._per_object(name, offsets) for name in given.names}
        values = np.broadcast_to(given.expressions[0](columns), int(offsets[-1]))
        return self._converted(given, values, lambda n: int(np.searchsorted(offsets, n, "right")) - 1)

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        name, _, field = branch.partition("_")
        return self.flat(name, field, offsets)

    def sizes(self, branch: str) -> Array:
        return self.counts(branch.partition("_")[0])

    def _of(self, name: str) -> MappedBranch:
        if name not in self._given:
            raise ValueError(f"neither the tree nor its branch map gives {name}")
        return self._given[name]

    def _collection(self, name: str) -> MappedCollection:
        if name not in self._collections:
            raise ValueError(f"neither the tree nor its branch map gives {name}")
        return self._collections[name]

    def _per_event(self, expression: Expression) -> Array:
        if expression.is_a_name:
            return native(self._source.event(expression.text.strip()))
        columns = {name: _wide(native(self._source.event(name))) for name in expression.names}
        return np.broadcast_to(expression(columns), len(self))

    def _per_object(self, name: str, offsets: Offsets) -> Array:
        if self._types[name].endswith("[]"):
            return native(self._source.objects(name, offsets))
        return np.repeat(native(self._source.event(name)), np.diff(offsets))

    def _existing(self, name: str, mapped: MappedCollection) -> NDArray[np.bool_]:
        """Whether there is an object in each slot, (events, slots)."""
        if name not in self._exist:
            slots = [self._per_event(mapped.existing(slot)) != 0 for slot in mapped.slots]
            self._exist[name] = np.stack(slots, axis=1)
        return self._exist[name]

    def _converted(self, given: MappedBranch, values: Array, row_of: Callable[[int], int]) -> Array:
        """Values in the unit and type of a branch; UnfitEventsError for one that does not fit into the type."""
        column, branch = given.column, given.branch
        absent = None if column.absent is None else values == column.absent
        if (factor := column.factor(branch.unit)) != 1.0:
            values = values * factor
        if absent is not None:
            values = np.where(absent, column.instead, values)
        wanted = np.dtype(branch.dtype)
        if wanted.kind == "f" or values.dtype == wanted:
            return values.astype(wanted, copy=not values.flags.writeable)
        fits, n = into(values, wanted)
        if n >= 0:
            raise UnfitEventsError(
                f"{self.place(row_of(n))}: {given.expressions[0].text} is {values[n]}, which is no {branch.dtype}: "
                f"{branch.name} cannot hold it; correct the branch map"
            )
        return fits


def _is_of(values: Array, branch: Branch) -> bool:
    """Whether values have the type of a branch, in either byte order."""
    return values.dtype.newbyteorder("=") == np.dtype(branch.dtype)


def _wide(values: Array) -> Array:
    """Integers with room for what is computed of them."""
    return values.astype(np.int64) if values.dtype.kind in "iu" and values.dtype.itemsize < 8 else values
