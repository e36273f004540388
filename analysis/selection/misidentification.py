"""Backgrounds from data with the identification inverted: pions taken for muons, with the probability of that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from rarekaon.analysis.kernels.geometry import on_outer_muv3_tile
from rarekaon.analysis.search.declaration import Quantity
from rarekaon.analysis.selection.identification import Identification, vertex_identified_as

Float = NDArray[np.float64]
Weight = Callable[[Candidates], Float]


def taken_for(
    seen: tuple[str, ...], enforced: tuple[str, ...], *, by: Identification
) -> Callable[[Candidates], Candidates]:
    """Selects vertices whose tracks are `seen` and treats them as `enforced`, slot by slot, from then on."""
    return _taken_for(vertex_identified_as(*seen, by=by), enforced)


@cache
def _taken_for(identify: Callable[[Candidates], Candidates], enforced: tuple[str, ...]) -> Callable[..., Candidates]:
    masses = tuple(particle(name).mass for name in enforced)

    def identification(c: Candidates) -> Candidates:
        found = c.once(identify)
        same = np.tile(np.arange(len(enforced)), (len(found), 1))
        return found.ordered(same, enforced, masses)

    return identification


@cache
def _maps() -> IdentificationMaps:
    """Read once, not for every chunk."""
    return IdentificationMaps.read()


def pions_as_muons(slots: tuple[int, ...]) -> Weight:
    """Probability that the identified pions of all `slots` are taken for muons instead, shape (n,).

    Both parts of it, a signal in the muon detector and a small E/p, are measured on K+ -> pi+ pi+ pi- against momentum
    (`datasets/corrections`; the first is in PLB 797 (2019) 134794 Section 3.2).
    """

    def weight(c: Candidates) -> Float:
        maps, momentum = _maps(), c.track("momentum")[:, list(slots)]
        signal, soft = (maps.probability(name, momentum) for name in ("pi_as_mu", "pi_minimum_ionising"))
        return np.asarray((signal / (1 - signal) * soft).prod(axis=1))

    return weight


def _outer_tiles(slots: tuple[int, ...], c: Candidates) -> NDArray[np.int64]:
    muv3 = detector().muv3
    at = c.at_plane(muv3.z)[:, list(slots)]
    outer = on_outer_muv3_tile(at[..., 0], at[..., 1])
    tile = np.floor(at / muv3.tile)
    same = (tile[:, :1] == tile[:, 1:]).all(axis=-1)[:, 0]
    return np.asarray(outer.sum(axis=1) - (outer.all(axis=1) & same))


def outer_tiles(slots: tuple[int, int]) -> Quantity:
    """Outer tiles of the muon detector that the tracks of two slots point at, each counted once; shape (n,).

    What the di-muon line asks for, where its decision is not that of the tracks taken for muons.
    """
    return Quantity("outer_tiles", "outer MUV3 tiles", partial(_outer_tiles, slots), (4, -0.5, 3.5))
