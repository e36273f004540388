"""Weights of simulated events for other probabilities of particle identification, as the maps' errors allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import PION_E_OVER_P, particle
from rarekaon.analysis.corrections.control_samples import ELECTRON_LIKE
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.true_particles import true_species
from rarekaon.analysis.facts.identification_maps import IdentificationMaps, Shift
from rarekaon.analysis.search.declaration import ShapeSystematic

Mask = NDArray[np.bool_]
Float = NDArray[np.float64]


def _e_over_p(columns: Columns) -> Float:
    return np.asarray(columns.flat("Track", "lkr_energy") / columns.flat("Track", "momentum"), dtype=np.float64)


def _like_electron(columns: Columns) -> Mask:
    return ELECTRON_LIKE.mask(columns.shared(_e_over_p))


def _like_pion(columns: Columns) -> Mask:
    return np.asarray(columns.shared(_e_over_p) < PION_E_OVER_P)


def _ring_of_electron(columns: Columns) -> Mask:
    return np.asarray(columns.flat("Track", "rich_log_e") > columns.flat("Track", "rich_log_pi"))


@dataclass(frozen=True)
class ParticleResponse:
    """What a detector may say of a true particle."""

    species: tuple[str, ...]
    """The particles."""
    seen: Callable[[Columns], Mask]
    """Tracks (tracks,) of which it is said."""


RESPONSES = {
    "pi_plus_as_e": ParticleResponse(("pi+",), _like_electron),
    "pi_minus_as_e": ParticleResponse(("pi-",), _like_electron),
    "pi_plus_as_e_rich": ParticleResponse(("pi+",), _ring_of_electron),
    "pi_efficiency": ParticleResponse(("pi+", "pi-"), _like_pion),
    "e_as_pi": ParticleResponse(("e+", "e-"), _like_pion),
    "e_efficiency": ParticleResponse(("e+", "e-"), _like_electron),
    "e_efficiency_rich": ParticleResponse(("e+",), _ring_of_electron),
}
"""By the map that has its probability."""


@cache
def _maps() -> IdentificationMaps:
    """Read once, not for every chunk."""
    return IdentificationMaps.read()


@cache
def with_probability(name: str, shift: Shift) -> Callable[[Columns], Columns]:
    """Gives simulated events with the weights of another probability of a map: all bins shifted by their errors.

    A track of the map's particles that shows the response weighs p'/p, one that does not (1 - p')/(1 - p).
    """
    response = RESPONSES[name]

    def varied(columns: Columns) -> Columns:
        rows = np.flatnonzero(np.isin(columns.shared(true_species), [particle(s).pdg for s in response.species]))
        momentum = columns.flat("Track", "momentum")[rows]
        p, other = (_maps().probability(name, momentum, s) for s in ("nominal", shift))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(response.seen(columns)[rows], other / p, (1 - other) / (1 - p))
        event = np.repeat(np.arange(len(columns)), np.diff(columns.offsets("Track")))[rows]
        factor = np.ones(len(columns))
        np.multiply.at(factor, event, np.where(np.isfinite(ratio), ratio, 1.0))
        return columns.replaced("truth_weight", columns.event("truth_weight") * factor)

    return varied


def identification_systematic(source: str, probability: str, *samples: str) -> ShapeSystematic:
    """The statistical error of a map as a source of error of simulated samples."""
    return ShapeSystematic(source, with_probability(probability, "up"), with_probability(probability, "down"), samples)
