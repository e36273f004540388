"""A pi0 that the pi+ of K+ -> pi+ pi0 tags, of which one photon is seen: quantities of pion, kaon and photon.

PLB 791, JHEP 05 (2019) 182 (arXiv:1903.08767) looks for pi0 -> gamma A' so; none of its values could be checked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.activity import cluster_columns, clusters_off_tracks
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.kinematics import dot, energies, modulus
from rarekaon.analysis.events.single_track import PHOTON, single
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.search.declaration import Quantity, Truth
from rarekaon.analysis.selection.identification import vertex_time
from rarekaon.analysis.selection.three_track import extra_cluster_count

Float = NDArray[np.float64]

ENERGY, DISTANCE, WINDOW = 100 * MeV, 60 * mm, 8 * ns
PHOTONS = extra_cluster_count(energy=ENERGY, distance=DISTANCE, window=WINDOW)


def _photon(c: Candidates) -> Float:
    """Momentum (n, 3) of the hardest photon, from the vertex to its cluster; 0 where there is none."""
    impact = c.at_plane(detector().lkr.z)
    _, hardest = clusters_off_tracks(
        c, impact, vertex_time(c), energy=ENERGY, distance=DISTANCE, window=Interval(high=WINDOW)
    )
    momentum, there = np.zeros((len(c), 3)), hardest[:, 0] >= 0
    energy, x, y = (column[hardest[there, 0]].astype(np.float64) for column in cluster_columns(c)[:3])
    flight = np.stack([x, y, np.full(len(x), detector().lkr.z)], axis=-1) - c.vertex[there]
    momentum[there] = flight * (energy / modulus(flight))[:, None]
    return momentum


def _pi0(c: Candidates) -> tuple[Float, Float]:
    """Energy (n,) and momentum (n, 3) of the pi0: the kaon's less the pion's."""
    kaon = single(c).kaon
    return np.sqrt(dot(kaon, kaon) + MASS_K**2) - energies(c)[:, 0], kaon - c.momentum[:, 0]


def _squared_mass(c: Candidates) -> Float:
    energy, momentum = _pi0(c)
    photon = c.once(_photon)
    return np.asarray(MASS_PI0**2 - 2 * (energy * modulus(photon) - dot(momentum, photon)))


def _mass(c: Candidates) -> Float:
    square = c.once(_squared_mass)
    return np.asarray(np.sign(square) * np.sqrt(np.abs(square)))


def _true_mass(c: Candidates) -> Float:
    """True mass (MeV, (n,)) of what is neither the pion nor the photon behind it; simulated events only."""
    offsets, flat = c.columns.offsets("Generated")[c.event], c.columns.flat
    behind = np.minimum(offsets + 1, len(flat("Generated", "pdg")) - 1)
    is_photon = flat("Generated", "pdg")[behind] == PHOTON
    names = ("px", "py", "pz")
    left = np.stack([c.per_event(f"truth_kaon_{x}") for x in names], axis=-1)
    energy = np.sqrt(dot(left, left) + MASS_K**2)
    for row, there, mass in ((offsets, True, c.masses[0]), (behind, is_photon, 0.0)):
        p = np.stack([flat("Generated", x)[row].astype(np.float64) for x in names], axis=-1)
        energy, left = energy - there * np.sqrt(dot(p, p) + mass**2), left - np.reshape(there, (-1, 1)) * p
    return np.asarray(np.sqrt(np.maximum(energy**2 - dot(left, left), 0.0)))


def _missing(c: Candidates) -> Float:
    return _pi0(c)[1] - c.once(_photon)


def _missing_position(c: Candidates) -> Float:
    """Where the missing momentum points at in the calorimeter's plane, (n, 2), mm."""
    momentum, path = c.once(_missing), detector().lkr.z - c.vertex[:, 2]
    forward = np.maximum(momentum[:, 2], 1.0)
    return np.asarray(c.vertex[:, :2] + momentum[:, :2] * (path / forward)[:, None])


def _photon_position(c: Candidates) -> Float:
    photon, path = c.once(_photon), detector().lkr.z - c.vertex[:, 2]
    return np.asarray(c.vertex[:, :2] + photon[:, :2] * (path / np.maximum(photon[:, 2], 1.0))[:, None])


def _apart(c: Candidates) -> Float:
    missing = c.once(_missing_position)
    others = c.at_plane(detector().lkr.z)[:, 0], c.once(_photon_position)
    return np.asarray(np.min([np.linalg.norm(missing - other, axis=-1) for other in others], axis=0))


PHOTON_ENERGY = Quantity("photon_energy", "photon energy", lambda c: modulus(c.once(_photon)), (60, 0, 60), GeV, "GeV")
MISSING_MOMENTUM = Quantity(
    "missing_momentum", "missing momentum", lambda c: modulus(c.once(_missing)), (60, 0, 60), GeV, "GeV/c"
)
MISSING_RADIUS = Quantity(
    "missing_radius",
    "missing momentum in the calorimeter's plane, from the axis",
    lambda c: np.linalg.norm(c.once(_missing_position), axis=-1),
    (75, 0, 1.5),
    m,
    "m",
)
MISSING_APART = Quantity(
    "missing_apart", "the same from pion and photon", lambda c: c.once(_apart), (100, 0, 2000), mm, "mm"
)
MASS_SQUARED = Quantity(
    "invisible_mass_squared",
    "squared invisible mass",
    lambda c: c.once(_squared_mass),
    (480, -0.006, 0.018),
    GeV2,
    "GeV2/c4",
)
"""m_pi0^2 - 2 P_pi0 P_gamma, the mass of the pi0 imposed."""
MASS = Quantity(
    "invisible_mass", "invisible mass", _mass, (134, 0, 134), MeV, "MeV/c2", Truth(_true_mass, reach=80, bin_width=0.5)
)
