"""A pi0 -> gamma gamma beside three tracks: who it is made of, and the quantities to cut on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.contract.units import m, mm
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.photons import PhotonRule, WithPi0, with_pi0
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.search.declaration import Quantity, Truth
from rarekaon.analysis.selection.identification import vertex_time

Float = NDArray[np.float64]
Identify = Callable[[Candidates], Candidates]


def and_pi0(identify: Identify, by: PhotonRule, *, out_of_time: int = 0) -> Identify:
    """Identified tracks with the pi0 that the two most energetic photon candidates make around the vertex time.

    `out_of_time` of the two photons (0, 1 or 2) are taken from the sideband in time.
    """
    return _AndPi0(identify, by, out_of_time)


@dataclass(frozen=True, eq=False)
class _AndPi0:
    identify: Identify
    by: PhotonRule
    out_of_time: int

    def __call__(self, c: Candidates) -> Candidates:
        return self._with_pi0(self.identify(c))

    def possible(self, c: Candidates) -> Candidates:
        """Every way in which the tracks may be the particles, each with its pi0."""
        lenient: Identify = getattr(self.identify, "possible", self.identify)
        return self._with_pi0(lenient(c))

    def _with_pi0(self, found: Candidates) -> Candidates:
        return with_pi0(found, vertex_time(found), self.by, out_of_time=self.out_of_time)


def _with_pi0(of: Callable[[WithPi0], NDArray[np.generic]]) -> Callable[[Candidates], NDArray[np.generic]]:
    def values(c: Candidates) -> NDArray[np.generic]:
        if not isinstance(c, WithPi0):
            raise TypeError("these candidates have no pi0; identify them with and_pi0")
        return of(c)

    return values


def photon_distance(c: WithPi0) -> Float:
    """Distance (mm) of the two photons in the calorimeter's front plane, shape (n,)."""
    return np.asarray(np.linalg.norm(c.photon_position[:, 0] - c.photon_position[:, 1], axis=-1))


def neutral_vertex_z(c: WithPi0) -> Float:
    """z (mm) at which the two photons have the mass of a pi0, shape (n,); the calorimeter's z for fewer than two.

    z_N = z_LKr - D sqrt(E1 E2) / m_pi0, for small angles (CERN-EP-2022-018 Section 2).
    """
    return np.asarray(detector().lkr.z - photon_distance(c) * np.sqrt(c.photon_energy.prod(axis=1)) / MASS_PI0)


PHOTONS = Quantity("photons", "photon candidates in time", _with_pi0(lambda c: c.in_time), (8, -0.5, 7.5))
LATE_PHOTONS = Quantity(
    "late_photons", "photon candidates in the time sideband", _with_pi0(lambda c: c.sideband), (8, -0.5, 7.5)
)
PHOTON_DISTANCE = Quantity(
    "photon_distance", "distance of the photons in the LKr plane", _with_pi0(photon_distance), (100, 0, 2000), mm, "mm"
)
NEUTRAL_VERTEX_Z = Quantity(
    "neutral_vertex_z",
    "neutral vertex z",
    _with_pi0(neutral_vertex_z),
    (80, 100, 185),
    m,
    "m",
    truth=Truth(lambda c: c.per_event("truth_z"), reach=10),
)
NEUTRAL_VERTEX = Quantity(
    "neutral_vertex",
    "|vertex z - neutral vertex z|",
    _with_pi0(lambda c: np.abs(c.vertex[:, 2] - neutral_vertex_z(c))),
    (80, 0, 40),
    m,
    "m",
)
