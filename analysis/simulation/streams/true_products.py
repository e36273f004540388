"""Where the true products of a decay point and how heavy they are, before anything is tracked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI
from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.kernels.geometry import inside_octagon, inside_ring, inside_square, straw_views
from rarekaon.analysis.simulation.detector.collimator import inside_collimator
from rarekaon.analysis.simulation.detector.conversions import conversion_probability
from rarekaon.analysis.simulation.detector.transport import (
    CHARGE,
    FEWEST_CHAMBERS,
    PHOTON,
    PION,
    PX,
    PY,
    PZ,
    SOFTEST_TRACK,
    X,
    Y,
    Z,
    kick,
    move,
)
from rarekaon.analysis.simulation.detector.vetoes import (
    ANYWHERE,
    IN_LKR,
    LEAST_MISSED,
    ONE_SEEN,
    beside,
    in_stratum,
    lav_station,
    photon_fate,
    photon_inefficiency,
)
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

LEAST_PHOTON = 1500.0
"""Energy (MeV) of a photon that may be a cluster off the tracks."""

SWEPT_OUT, SWEPT_IF_STIFF, STIFF = 0.4, 0.02, 8000.0
"""Share of the pairs made in front of the magnet of which calorimeter, large-angle stations and RICH see nothing, for
photons below and above an energy (MeV)."""
MUON_SHARE = 0.65
"""Part of its momentum (0.57 to 1) that a pion leaves its muon, where the magnet shall sweep this one out."""


@inlined
def line_seen(c: Constants, d: Decays, k: int, i: int, inner: float) -> bool:
    """Whether a charged product, on a straight line with the kick, crosses enough chambers for a track, and the
    calorimeter beyond the radius `inner` (mm).

    What starts upstream has to leave the collimator and gets the kick of TRIM5, too.
    """
    px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
    if pz < 3000.0:
        return False
    x, y, z = d.vertex[0, i], d.vertex[1, i], d.vertex[2, i]
    if z < c.trim5_z:
        if not inside_collimator(c, x, y, z, px / pz, py / pz):
            return False
        x, y, z = x + px / pz * (c.trim5_z - z), y + py / pz * (c.trim5_z - z), c.trim5_z
        px += d.charge[k] * c.trim5_kick
    kicked = (px + d.charge[k] * c.magnet_kick) / pz
    at_magnet = x + px / pz * (c.magnet_z - z)
    missed = 0
    for chamber in range(4):
        plane = c.straw_z[chamber]
        x_here = x + px / pz * (plane - z)
        if chamber > 1:
            x_here = at_magnet + kicked * (plane - c.magnet_z)
        y_here = y + py / pz * (plane - z)
        missed += int(straw_views(x_here, y_here, c.straw_hole_x[chamber], c.straw_half) < 2)
        if missed > 4 - FEWEST_CHAMBERS or x_here * x_here + y_here * y_here > c.straw_r_max**2:
            return False
    x_here = at_magnet + kicked * (c.lkr_z - c.magnet_z)
    return inside_octagon(x_here, y + py / pz * (c.lkr_z - z), inner, c.lkr_apothem)


@kernel
def lines_seen(c: Constants, d: Decays, i: int) -> int:
    """How many charged products of decay i cross the detectors on straight lines."""
    seen = 0
    for k in range(d.pdg.size):
        seen += int(d.charge[k] != 0 and line_seen(c, d, k, i, c.irc_r_max))
    return seen


@inlined
def mass_of_products(d: Decays, i: int, first: int, second: int, pair_only: bool) -> float:
    """Mass (MeV) of two charged products as electrons, alone or with all other charged ones as pions."""
    energy, x, y, z = 0.0, 0.0, 0.0, 0.0
    for k in range(d.pdg.size):
        electron = k in (first, second)
        if d.charge[k] == 0 or (pair_only and not electron):
            continue
        px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
        mass = MASS_E if electron else MASS_PI
        energy += np.sqrt(px * px + py * py + pz * pz + mass * mass)
        x, y, z = x + px, y + py, z + pz
    return np.sqrt(max(0.0, energy * energy - x * x - y * y - z * z))


@inlined
def load_product(d: Decays, k: int, i: int, row: Floats) -> None:
    """Put charge, momentum and origin of product k of decay i where a particle has them."""
    row[CHARGE] = d.charge[k]
    for j in range(3):
        row[PX + j], row[X + j] = d.momenta[k, j, i], d.vertex[j, i]


@inlined
def depth_in_detectors(c: Constants, d: Decays, k: int, i: int, share: float, row: Floats) -> float:
    """How far (mm) a charged product, on a straight line with the kick, is from being seen by no calorimeter or
    large-angle station; 0 if none sees it.

    Distance in the calorimeter's plane to the beam pipe or to the outside of the last station.  It is left with `share`
    of its momentum before the magnet; `row` is scratch.
    """
    load_product(d, k, i, row)
    if row[PZ] < SOFTEST_TRACK:
        return 0.0
    seen = lav_station(c, row, row[Z], c.magnet_z) >= 0
    move(row, c.magnet_z)
    kick(row, c.magnet_kick / share)
    seen |= lav_station(c, row, c.magnet_z, c.lkr_z) >= 0
    x, y = row[X] + row[PX] / row[PZ] * (c.irc_z - row[Z]), row[Y] + row[PY] / row[PZ] * (c.irc_z - row[Z])
    seen |= inside_ring(x - c.irc_x, y, c.irc_r_min, c.irc_r_max)
    move(row, c.lkr_z)
    if not (seen or inside_octagon(row[X], row[Y], c.lkr_pipe, c.lkr_apothem)):
        return 0.0
    radius = np.sqrt(row[X] ** 2 + row[Y] ** 2)
    return max(1.0, min(radius - c.irc_r_min, c.lav_r_max[-1] - radius))


@inlined
def depth_of_others(c: Constants, d: Decays, lone: int, i: int, row: Floats) -> float:
    """The same (mm), summed over the charged products besides `lone`; pions may have decayed."""
    depth = 0.0
    for k in range(d.pdg.size):
        if d.charge[k] != 0 and k != lone:
            least = depth_in_detectors(c, d, k, i, 1.0, row)
            if abs(d.pdg[k]) == PION:
                least = min(least, depth_in_detectors(c, d, k, i, MUON_SHARE, row))
            depth += least
    return depth


@inlined
def _beside_product(c: Constants, d: Decays, i: int, x: float, y: float, row: Floats) -> bool:
    for k in range(d.pdg.size):
        if d.charge[k] != 0:
            load_product(d, k, i, row)
            if beside(c, row, x, y):
                return True
    return False


@inlined
def _one_seen(c: Constants, d: Decays, i: int, row: Floats) -> float:
    """Probability that the calorimeter, which all photons point at, misses the other one of two; 1 of a single one."""
    photons, probability = 0, 0.0
    for k in range(d.pdg.size):
        if d.pdg[k] == PHOTON:
            load_product(d, k, i, row)
            if photon_fate(c, row)[0] != IN_LKR:
                return 0.0
            photons += 1
            if d.momenta[k, 3, i] > LEAST_MISSED:
                probability += photon_inefficiency(c, IN_LKR, d.momenta[k, 3, i])
    return 1.0 if photons == 1 else probability


@kernel
def all_missed(c: Constants, d: Decays, i: int, row: Floats, wanted: int, pairs: bool) -> float:
    """Probability that no detector sees any photon; one in the calorimeter beside a charged product may be seen.

    `wanted` is `Requirement.beside`, or `ANYWHERE`. `pairs` is `Requirement.pairs`. `row`, of shape
    (transport.COLUMNS,), is scratch.
    """
    if wanted == ONE_SEEN:
        return _one_seen(c, d, i, row)
    probability, least, found = 1.0, 1.0, False
    for k in range(d.pdg.size):
        if d.pdg[k] == PHOTON:
            load_product(d, k, i, row)
            detector, _, x, y = photon_fate(c, row)
            energy = d.momenta[k, 3, i]
            missed = photon_inefficiency(c, detector, energy)
            if detector == IN_LKR:
                if energy < c.lkr_threshold:  # too soft for a cluster
                    missed = 1.0
                elif not pairs:
                    missed += (SWEPT_OUT if energy < STIFF else SWEPT_IF_STIFF) * conversion_probability(c, row)
                if wanted == ANYWHERE:
                    least, found = min(least, missed), True
                elif _beside_product(c, d, i, x, y, row):
                    found = True
                    continue
            probability *= min(missed, 1.0)
    return probability / least if in_stratum(wanted, found) else 0.0


@inlined
def meets_muon_detector(c: Constants, d: Decays, k: int, i: int, margin: float) -> bool:
    """Whether a straight line with the kick meets the muon detector at least `margin` (mm) from its edges."""
    slope_x, slope_y = d.momenta[k, 0, i] / d.momenta[k, 2, i], d.momenta[k, 1, i] / d.momenta[k, 2, i]
    x = d.vertex[0, i] + slope_x * (c.muv3_z - d.vertex[2, i])
    x += d.charge[k] * c.magnet_kick / d.momenta[k, 2, i] * (c.muv3_z - c.magnet_z)
    y = d.vertex[1, i] + slope_y * (c.muv3_z - d.vertex[2, i])
    return inside_square(x, y, c.muv3_r_min + margin, c.muv3_half - margin)
