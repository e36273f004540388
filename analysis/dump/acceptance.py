"""Decays along the way: which of them the spectrometer, the calorimeter and the muon detector see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.units import mm
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Floats, two_body
from rarekaon.analysis.dump.model import VisibleDecay
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.geometry import (
    in_chod_acceptance,
    in_lkr_acceptance,
    in_muv3_acceptance,
    in_straw_acceptance,
)

PHOTONS_APART = 100 * mm
"""Two photons closer than this are one cluster."""

Accepted = NDArray[np.bool_]


def accepted(mode: VisibleDecay, mass: float, momentum: Floats, z: Floats, rng: np.random.Generator) -> Accepted:
    """Whether the products of isotropic decays at `z` (mm, shape (n,)) are seen.

    `momentum` (n, 4) is of particles that go forward from the dump.
    """
    setup = facts().setup
    first, second = (particle(name) for name in mode.products)
    products = two_body(momentum, mass, first.mass, second.mass, rng)
    travelled = (z - setup.z) / momentum[:, 3]
    x, y = momentum[:, 1] * travelled, setup.y + momentum[:, 2] * travelled
    low, high = mode.volume
    seen: Accepted = (z > low) & (z < high)
    at_calorimeter = []
    for kind, p in zip((first, second), products, strict=True):
        place = _track(p, x, y, z, kind.charge)
        seen &= (p[:, 0] > mode.least) & (p[:, 3] > 0)
        if kind.charge:
            seen &= _in_spectrometer(place)
        if abs(kind.pdg) == 13:
            seen &= in_muv3_acceptance(*place(detector().muv3.z))
        at_calorimeter.append(place(detector().lkr.z))
        seen &= in_lkr_acceptance(*at_calorimeter[-1])
    if first.charge == 0:
        apart = np.hypot(*(a - b for a, b in zip(*at_calorimeter, strict=True)))
        seen &= apart > PHOTONS_APART
    return seen


def _track(p: Floats, x: Floats, y: Floats, z: Floats, charge: int) -> Callable[[float], tuple[Floats, Floats]]:
    """The position (mm) of a particle from (x, y, z) in any plane: straight lines that meet in the magnet's centre."""
    magnet = detector().magnet
    forward = np.where(p[:, 3] > 0, p[:, 3], np.inf)
    slope, kick = p[:, 1] / forward, charge * magnet.kick / forward

    def place(plane: float) -> tuple[Floats, Floats]:
        bent = kick * np.maximum(plane - np.maximum(magnet.z, z), 0.0) * (z < magnet.z)
        return x + slope * (plane - z) + bent, y + p[:, 2] / forward * (plane - z)

    return place


def _in_spectrometer(place: Callable[[float], tuple[Floats, Floats]]) -> Accepted:
    """In all four chambers and in the hodoscope."""
    seen: Accepted = in_chod_acceptance(*place(detector().chod.z))
    for chamber, plane in enumerate(detector().straw.z, start=1):
        seen &= in_straw_acceptance(chamber, *place(plane))
    return seen
