"""Simulation of other programs, which has of the truth what its files say: what a sample was declared as fills in.

The weight of an event is one where the files have none; the decay is that of the sample.  Any other truth is missing
unless the files have it, and what asks for it is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import COLLECTIONS, TRUTH, stored_types
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.sources import AbsentBranchError, Offsets, StoredColumns, UnfitEventsError
from rarekaon.analysis.events.trees import Tree

Array = NDArray[Any]
TRUTH_TYPES = stored_types({b.name: b for b in TRUTH})


class DeclaredSimulation:
    """A tree whose events are simulated decays of one code; UnfitEventsError where nothing in the tree says so.

    Data that are named as simulation would show what is masked: at least one branch of the truth has to come from a
    column of the tree, or the file has to have a tree `Generation` (`generation`).
    """

    def __init__(self, tree: Tree, code: int, path: str, *, generation: bool) -> None:
        self._tree, self._code = tree, code
        self._types = tree.types()
        counters = {c.counter for c in COLLECTIONS if c.truth}
        says = {name for name in self._types if name in TRUTH_TYPES or name in counters}
        if isinstance(tree, MappedTree):
            says &= {name for name, given in tree.given.items() if given.names} | counters
        if not says and not generation:
            raise UnfitEventsError(
                f"{path}: nothing in it says that it is simulated, and data that are taken for simulation are not "
                f"masked: map truth_weight, or another branch of the truth, to a column of it"
            )

    @property
    def entries(self) -> int:
        return self._tree.entries

    def types(self) -> Mapping[str, str]:
        filled_in = {name: TRUTH_TYPES[name] for name in ("truth_weight", "truth_decay")}
        return {**filled_in, **self._types}

    def lengths(self) -> Mapping[str, int]:
        return {**dict.fromkeys(("truth_weight", "truth_decay"), self.entries), **self._tree.lengths()}

    def clusters(self) -> tuple[int, ...]:
        return self._tree.clusters()

    def source(self, start: int, stop: int) -> StoredColumns:
        return DeclaredSource(self._tree.source(start, stop), self._code)


class DeclaredSource:
    """The columns of such a tree; AbsentBranchError for truth that it does not have."""

    def __init__(self, source: StoredColumns, code: int) -> None:
        self._source, self._code = source, code
        self.fields = frozenset(source.fields | TRUTH_TYPES.keys())

    def __len__(self) -> int:
        return len(self._source)

    def place(self, row: int) -> str:
        return self._source.place(row)

    def event(self, name: str) -> Array:
        if name in TRUTH_TYPES and name not in self._source.fields:
            if name == "truth_weight":
                return np.ones(len(self))
            if name == "truth_decay":
                return np.full(len(self), self._code, TRUTH_TYPES[name])
            raise AbsentBranchError(f"{self.place(0)}: this simulation has no {name}")
        return self._source.event(name)

    def counts(self, collection_name: str) -> Array:
        return self._source.counts(collection_name)

    def flat(self, collection_name: str, field: str, offsets: Offsets | None = None) -> Array:
        return self._source.flat(collection_name, field, offsets)

    def objects(self, branch: str, offsets: Offsets | None = None) -> Array:
        return self._source.objects(branch, offsets)

    def sizes(self, branch: str) -> Array:
        return self._source.sizes(branch)
