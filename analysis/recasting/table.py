"""A density given as a table on the Dalitz plane, from a file of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, permutations
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.facts.models import Facts, read_facts
from rarekaon.analysis.recasting.density import Density, Floats, Pair, Products, RecastError, pairs_named


class Axis(Facts):
    """Squared mass of a pair of products, e.g. "pi- e+", with the edges of its bins in MeV2."""

    pair: str
    edges: tuple[float, ...]

    @model_validator(mode="after")
    def _ascending(self) -> Axis:
        if len(self.edges) < 2 or any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError("edges must be two or more, in ascending order")
        return self


class Table(Facts):
    """The file: a decay of three products, two axes and `density[row of x][row of y]`, zero or positive."""

    decay: str
    x: Axis
    y: Axis
    density: tuple[tuple[Annotated[float, Field(ge=0)], ...], ...]

    @model_validator(mode="after")
    def _consistent(self) -> Table:
        shape = (len(self.x.edges) - 1, len(self.y.edges) - 1)
        if len(self.density) != shape[0] or any(len(row) != shape[1] for row in self.density):
            raise ValueError(f"density must have {shape[0]} rows of {shape[1]} numbers, as the edges say")
        if len(Decay(self.decay).products) != 3:
            raise ValueError(f"{self.decay!r} has no Dalitz plane: it needs three products")
        return self


@dataclass(frozen=True)
class DalitzTable(Density):
    """A density that is constant in the bins of a table. Identical products are symmetrised.

    Raises RecastError for products of another decay, and where the table does not reach the border of the Dalitz plane:
    a table says everywhere what it means.
    """

    table: Table
    """The table."""
    name: str
    """What records call it."""

    @classmethod
    def read(cls, path: Path | str) -> DalitzTable:
        """A YAML file with the keys of `Table`; ValueError names the file and what is wrong in it."""
        return cls(read_facts(Table, Path(path)), Path(path).name)

    @property
    def description(self) -> str:
        return f"table {self.name}"

    @cached_property
    def _numbers(self) -> Floats:
        return np.array(self.table.density)

    def axes(self, names: tuple[str, ...]) -> tuple[Pair, Pair]:
        """Two different pairs of products for x and y."""
        wanted = tuple(p.name for p in Decay(self.table.decay).products)
        if sorted(names) != sorted(wanted):
            raise RecastError(f"{self.description} is for {self.table.decay}, not for a decay to {' '.join(names)}")
        x = pairs_named(self.table.x.pair, names)[0]
        others = [pair for pair in pairs_named(self.table.y.pair, names) if pair != x]
        if not others:
            raise RecastError(f"{self.description}: both axes are the mass of the same pair")
        return x, others[0]

    def value(self, products: Products) -> Floats:
        names = products.names
        axes = self.axes(names)
        same = [order for order in permutations(range(3)) if tuple(names[k] for k in order) == names]
        return np.asarray(sum(self._looked_up(products.taken(order), axes) for order in same) / len(same))

    def _looked_up(self, products: Products, axes: tuple[Pair, Pair]) -> Floats:
        rows = [
            self._bin(products.mass2(pair), axis) for pair, axis in zip(axes, (self.table.x, self.table.y), strict=True)
        ]
        return np.asarray(self._numbers[rows[0], rows[1]])

    def _bin(self, values: Floats, axis: Axis) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
        edges = np.array(axis.edges)
        slack = ROUNDING * edges[-1]
        if values.size and not (edges[0] - slack <= values.min() and values.max() <= edges[-1] + slack):
            raise RecastError(
                f"{self.description}: m2({axis.pair}) reaches from {values.min():.6g} to {values.max():.6g} MeV2, the "
                f"table from {edges[0]:.6g} to {edges[-1]:.6g}; give it all of the Dalitz plane, with zeros where "
                "there is nothing"
            )
        return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


ROUNDING = 1e-6
"""Relative distance by which a mass may lie outside the table: momenta of events are stored in single precision."""
