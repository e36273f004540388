"""Branch maps: how the columns of other people's trees become those of the event contract.

A map is a strict file.  It names the tree, and for each branch of the contract that the tree can give an expression in
its columns (`contract.expressions`), the unit that has, and the value that says "not measured".  Collections are stored
in slots, `track1_...` to `track3_...`, or in arrays of any length.  What a map leaves out is missing: nothing is
invented for it.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Annotated, Any

import hepunits
from pydantic import BeforeValidator, Field, model_validator

from rarekaon.analysis.contract.expressions import Expression
from rarekaon.analysis.contract.schema import COLLECTIONS, EVENT, TRUTH
from rarekaon.analysis.facts.models import Facts, read_facts
from rarekaon.analysis.facts.paths import datasets_path

IDENTITY = ("run", "burst", "event")
"""Branches by which events are told apart."""
SLOT = "{slot}"
"""Stands for the slot in the expressions of a collection that is stored in slots."""

KINDS = {
    "MeV": ("eV", "keV", "MeV", "GeV"),
    "mm": ("um", "mm", "cm", "m"),
    "ns": ("ps", "ns", "us", "ms", "s"),
    "1": ("rad", "mrad"),
}
"""Units that a branch of each unit of the contract can come in."""


class MappedColumn(Facts):
    """One branch of the contract: the expression `of` columns, in `unit` (that of the contract if it is not given).

    Of several expressions the first counts whose columns the tree has; a branch whose columns it lacks is not given.
    Where the expression is `absent`, which the tree writes for what was not measured, the branch gets `instead`.
    """

    of: tuple[str, ...]
    unit: str = ""
    absent: float | None = None
    instead: float = 0.0

    def expression(self, columns: Container[str], slot: str = "") -> Expression | None:
        """The expression that counts in a tree of these columns; None if there is none."""
        for text in self.of:
            expression = Expression(text.replace(SLOT, slot))
            if all(name in columns for name in expression.names):
                return expression
        return None

    def factor(self, unit: str) -> float:
        """What turns its values into those of the contract's unit; ValueError for a unit of another kind."""
        if not self.unit or self.unit == unit:
            return 1.0
        if self.unit not in KINDS.get(unit, ()):
            known = ", ".join(KINDS.get(unit, (unit,)))
            raise ValueError(f"{self.of} in {self.unit!r} for a branch in {unit}: it can be in {known}")
        return float(getattr(hepunits, self.unit) / (1.0 if unit == "1" else getattr(hepunits, unit)))


def _column(value: Any) -> Any:
    """`of` alone may stand for the whole, and one expression for a list of one."""
    whole = value if isinstance(value, dict) else {"of": value}
    of = whole.get("of", ())
    return {**whole, "of": of if isinstance(of, list) else [str(of)]}


Column = Annotated[MappedColumn, BeforeValidator(_column)]


class MappedCollection(Facts):
    """A collection, its `fields` by their names.

    It is stored in `slots`, of which one `exists` where that expression is true, or in arrays with a `counter`: the
    column that counts their elements, or one of the arrays where there is none.
    """

    slots: tuple[str, ...] = ()
    exists: str = "1"
    counter: str = ""
    fields: dict[str, Column]

    @model_validator(mode="after")
    def _is_stored_somehow(self) -> MappedCollection:
        if not self.fields or bool(self.slots) == bool(self.counter):
            raise ValueError("a collection needs fields, and either slots or a counter")
        Expression(self.exists.replace(SLOT, "slot"))
        return self

    def existing(self, slot: str) -> Expression:
        """Whether there is an object in a slot."""
        return Expression(self.exists.replace(SLOT, slot))

    @property
    def needed(self) -> frozenset[str]:
        """The columns that say how many objects there are."""
        return frozenset[str]({self.counter} - {""}).union(*(self.existing(slot).names for slot in self.slots))


class BranchMap(Facts):
    """A map of a `tree` onto the contract: `event` branches and `collections` by name."""

    name: str
    source: str
    tree: str
    event: dict[str, Column]
    collections: dict[str, MappedCollection] = Field(default_factory=dict)
    note: str = ""

    @model_validator(mode="after")
    def _keeps_the_contract(self) -> BranchMap:
        units = {b.name: b.unit for b in (*EVENT, *TRUTH)}
        known = {c.name: {b.name: b.unit for b in c.fields} for c in COLLECTIONS}
        unknown = sorted({*self.event} - {*units}) + sorted({*self.collections} - {*known})
        for name, mapped in self.collections.items():
            unknown += [f"{name}_{field}" for field in mapped.fields if field not in known.get(name, {})]
        if unknown:
            raise ValueError(f"the event contract has no {', '.join(unknown)} (`kaon schema`)")
        if missing := [name for name in IDENTITY if name not in self.event]:
            raise ValueError(f"an event needs {', '.join(missing)}: without them events cannot be told apart")
        columns = [(column, units[name], "") for name, column in self.event.items()]
        for name, mapped in self.collections.items():
            slot = mapped.slots[0] if mapped.slots else ""
            columns += [(column, known[name][field], slot) for field, column in mapped.fields.items()]
        for column, unit, slot in columns:
            column.factor(unit)
            for text in column.of:
                Expression(text.replace(SLOT, slot))
        return self


def branch_map(name: str) -> BranchMap:
    """A map that is shipped, by its name, or the one of a file; FileNotFoundError lists those that are shipped."""
    folder = datasets_path() / "branch_maps"
    shipped = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    path = shipped.get(name, Path(name))
    if not path.is_file():
        raise FileNotFoundError(f"no branch map {name!r}: name a file, or one of {', '.join(shipped)}")
    return read_facts(BranchMap, path)
