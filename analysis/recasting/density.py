"""What a user assumes about the signal: a density on its phase space, up to a constant.

A density sees the momenta of the decay products in the kaon frame.  Nothing here knows a channel, a file or a
detector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.decays.mode import mass2

Floats = npt.NDArray[np.float64]
Pair = tuple[int, int]


class RecastError(ValueError):
    """A density that the simulated signal cannot be reweighted to; the message says why and what to do."""


@dataclass(frozen=True)
class Products:
    """Products of n decays."""

    names: tuple[str, ...]
    """What they are."""
    momenta: Floats
    """(px, py, pz, E) in MeV in the kaon frame, (products, 4, n)."""

    def __len__(self) -> int:
        return int(self.momenta.shape[-1])

    def mass2(self, pair: Pair) -> Floats:
        """Squared invariant mass (n,) of two products, MeV2."""
        return mass2(self.momenta[pair[0]], self.momenta[pair[1]])

    def taken(self, order: tuple[int, ...]) -> Products:
        """The products in another order."""
        return Products(tuple(self.names[k] for k in order), self.momenta[list(order)])


class Density(ABC):
    """A density on the signal's phase space, not normalised: what it integrates to is computed, never asked for."""

    @property
    @abstractmethod
    def description(self) -> str:
        """The model in one line, for tables and records."""

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters of the model by name."""
        return {}

    @abstractmethod
    def value(self, products: Products) -> Floats:
        """The density (n,) in relation to phase space; finite and not negative."""

    def detectable(self, products: Products, laboratory: Floats) -> Floats:
        """The part (n,) of `value` that the simulated events stand for; `laboratory` as `Products.momenta`, there.

        All of it, unless particles live long enough to leave the kaon's vertex, where all simulated products start.
        """
        return self.value(products)

    @property
    def prompt(self) -> Density:
        """The same model with everything at the kaon's vertex."""
        return self


@dataclass(frozen=True)
class Uniform(Density):
    """Uniform phase space, as the published limits assume."""

    @property
    def description(self) -> str:
        return "uniform phase space"

    def value(self, products: Products) -> Floats:
        return np.ones(len(products))


@dataclass(frozen=True)
class Function(Density):
    """A density that a Python function gives. For identical products it must be symmetric: which of them comes first
    means nothing."""

    of: Callable[..., Floats]
    """Takes the products' momenta, each (4, n), in the order of the decay; returns (n,) finite numbers, none
    negative."""
    name: str = ""
    """What records call it."""

    @property
    def description(self) -> str:
        return f"function {self.name or getattr(self.of, '__name__', 'without a name')}"

    def value(self, products: Products) -> Floats:
        found = np.asarray(self.of(*products.momenta), dtype=np.float64)
        if found.shape != (len(products),):
            raise RecastError(f"{self.description} gives shape {found.shape} for {len(products)} decays; return (n,)")
        return found


def pairs_named(text: str, names: tuple[str, ...]) -> tuple[Pair, ...]:
    """All pairs of products that are called like the two in `text`, e.g. "pi- e+"; RecastError if there is none.

    >>> pairs_named("e+ pi-", ("pi-", "e+", "e+"))
    ((0, 1), (0, 2))
    """
    wanted = sorted(text.split())
    found = tuple((i, j) for i, j in combinations(range(len(names)), 2) if sorted((names[i], names[j])) == wanted)
    if not found:
        raise RecastError(f"{text!r} is no pair of products of this decay, which are {' '.join(names)}")
    return found
