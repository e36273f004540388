"""Where photons go, and charged particles that leave the spectrometer: the veto detectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.kernels.geometry import inside_octagon
from rarekaon.analysis.simulation.detector.collimator import inside_collimator
from rarekaon.analysis.simulation.detector.conversions import append_pair, conversion_probability, pair_deposits
from rarekaon.analysis.simulation.detector.particle_response import happens, log_interpolate
from rarekaon.analysis.simulation.detector.scratch import Scratch
from rarekaon.analysis.simulation.detector.transport import CHARGE, ENERGY, PDG, PHOTON, PX, PY, PZ, X, Y, Z
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

NOWHERE, IN_LAV, IN_IRC, IN_LKR, IN_SAC, IN_RICH, IN_CHOD = range(7)
NEAR = 140.0
"""Selections look for photons farther than 125 mm (arXiv:2101.12304 Section 2, our choice) from where a track meets the
calorimeter; the rest is a margin for scattering.
"""
ANYWHERE, ONE_SEEN = 2, 3
"""In place of `Requirement.beside`: one photon anywhere in the calorimeter counts as beside a charged product. And:
besides, all others point at the calorimeter, too, beside no charged product and with more than `LEAST_MISSED`."""
LEAST_MISSED = 4000.0
"""In MeV, less than what a selection asks of the missing momentum."""


@kernel
def add_veto(e: Scratch, count: int, detector: int, where: float, size: float, delay: float) -> int:
    """Add a signal to `vetoes` of the work space, if there is room; returns the number of signals."""
    if count == e.vetoes.shape[0]:
        return count
    row = e.vetoes[count]
    row[0], row[1], row[2], row[3] = detector, where, size, delay
    return count + 1


@kernel
def lav_station(c: Constants, row: Floats, z_from: float, z_to: float) -> int:
    """Index of the first large-angle station between two z that a straight line crosses; -1: none."""
    slope_x, slope_y = row[PX] / row[PZ], row[PY] / row[PZ]
    for s in range(c.lav_z.size):
        if z_from < c.lav_z[s] < z_to:
            front, back = c.lav_z[s] - row[Z], c.lav_z_back[s] - row[Z]
            r2_front = (row[X] + slope_x * front) ** 2 + (row[Y] + slope_y * front) ** 2
            r2_back = (row[X] + slope_x * back) ** 2 + (row[Y] + slope_y * back) ** 2
            if r2_front < c.lav_r_max[s] ** 2 and max(r2_front, r2_back) > c.lav_r_min[s] ** 2:
                return s
    return -1


@kernel
def photon_fate(c: Constants, row: Floats) -> tuple[int, int, float, float]:
    """Detector a photon points at, the LAV station, and its position (mm) in the calorimeter's plane."""
    slope_x, slope_y = row[PX] / row[PZ], row[PY] / row[PZ]
    if row[PZ] <= 0.0 or not inside_collimator(c, row[X], row[Y], row[Z], slope_x, slope_y):
        return NOWHERE, -1, 0.0, 0.0
    station = lav_station(c, row, row[Z], np.inf)
    if station >= 0:
        return IN_LAV, station, 0.0, 0.0
    x = row[X] + slope_x * (c.irc_z - row[Z])
    y = row[Y] + slope_y * (c.irc_z - row[Z])
    r2 = (x - c.irc_x) ** 2 + y * y
    if c.irc_r_min**2 < r2 < c.irc_r_max**2:
        return IN_IRC, -1, x, y
    x = row[X] + slope_x * (c.lkr_z - row[Z])
    y = row[Y] + slope_y * (c.lkr_z - row[Z])
    if inside_octagon(x, y, c.lkr_pipe, c.lkr_apothem):
        return IN_LKR, -1, x, y
    x_sac = row[X] + slope_x * (c.sac_z - row[Z])
    y_sac = row[Y] + slope_y * (c.sac_z - row[Z])
    if r2 < c.irc_r_min**2 and max(abs(x_sac), abs(y_sac)) < c.sac_half:
        return IN_SAC, -1, x, y
    return NOWHERE, -1, x, y


@kernel
def station_after_wall(c: Constants, row: Floats) -> int:
    """First large-angle station behind the point where a photon on no detector hits the tank's wall; -1: none."""
    slope2 = (row[PX] ** 2 + row[PY] ** 2) / row[PZ] ** 2
    if row[PZ] <= 0.0 or slope2 == 0.0:
        return -1
    along = (row[X] * row[PX] + row[Y] * row[PY]) / row[PZ]
    for section in range(c.tank_z.size):
        # |position + slope * path| = radius, the outgoing solution
        room = c.tank_radius[section] ** 2 - row[X] ** 2 - row[Y] ** 2
        hit = row[Z] + (np.sqrt(along * along + slope2 * max(0.0, room)) - along) / slope2
        if hit < c.tank_z[section]:
            for s in range(c.lav_z.size):
                if c.lav_z[s] > hit:
                    return s
            return -1
    return -1


@kernel
def albedo_energy(rng: np.random.Generator, c: Constants, energy: float) -> float:
    """Energy (MeV) that the shower of a photon in the tank's wall sends back into the tank.

    Of every pair one electron comes back with the probability `lav.albedo` and a uniform share of the energy; what
    the other one radiates makes the next pair, until that is below the stations' threshold.
    """
    back = 0.0
    while energy > c.lav_threshold:
        share = rng.random()
        if rng.random() < c.lav_albedo:
            back += energy * share
        energy *= 1 - share
    return back


@kernel
def photon_target(rng: np.random.Generator, c: Constants, row: Floats) -> tuple[int, int, float, float, float]:
    """Detector, station and position as `photon_fate`, and the energy that arrives.

    What the shower of a photon on the tank's wall sends back goes on to the next large-angle station.
    """
    detector, station, x, y = photon_fate(c, row)
    energy = row[ENERGY]
    if detector == NOWHERE and row[Z] > c.trim5_z:
        station = station_after_wall(c, row)
        if station >= 0:
            detector, energy = IN_LAV, albedo_energy(rng, c, energy)
    return detector, station, x, y, energy


@kernel
def photon_inefficiency(c: Constants, detector: int, energy: float) -> float:
    """Probability that the detector a photon hits gives no signal, as measured; 1 below its threshold."""
    if detector == IN_LAV and energy >= c.lav_threshold:
        return log_interpolate(energy, c.lav_energy, c.lav_inefficiency)
    if detector == IN_IRC and energy > c.irc_threshold:
        return log_interpolate(energy, c.irc_energy, c.irc_inefficiency)
    if detector == IN_SAC and energy > c.sac_threshold:
        return log_interpolate(energy, c.sac_energy, c.sac_inefficiency)
    if detector == IN_LKR:
        return log_interpolate(energy, c.lkr_photon_energy, c.lkr_photon_inefficiency)
    return 1.0


@kernel
def photon_seen(rng: np.random.Generator, c: Constants, detector: int, energy: float) -> bool:
    """Whether the detector a photon hits gives a signal."""
    lost = photon_inefficiency(c, detector, energy)
    return lost < 1.0 and rng.random() > lost


@kernel
def beside(c: Constants, charged: Floats, x: float, y: float) -> bool:
    """Whether a charged product, on a line with the kick, meets the calorimeter less than `NEAR` from (x, y)."""
    if charged[CHARGE] == 0.0 or charged[PZ] <= 0.0:
        return False
    slope_x, slope_y, path = charged[PX] / charged[PZ], charged[PY] / charged[PZ], c.lkr_z - charged[Z]
    kicked = charged[CHARGE] * c.magnet_kick / charged[PZ] * (c.lkr_z - c.magnet_z)
    away_x, away_y = charged[X] + slope_x * path + kicked - x, charged[Y] + slope_y * path - y
    return away_x * away_x + away_y * away_y < NEAR * NEAR


@kernel
def beside_any(c: Constants, particles: Floats, count: int, x: float, y: float) -> bool:
    """Whether any of the first `count` particles is charged and beside (x, y)."""
    found = False
    for k in range(count):
        found |= beside(c, particles[k], x, y)
    return found


@kernel
def in_stratum(wanted: int, found: bool) -> bool:
    """Whether an event with a photon beside a charged product, or without one, is in the stratum that is wanted."""
    return wanted == 0 or found == (wanted > 0)


@kernel
def one_in_calorimeter(rng: np.random.Generator, c: Constants, particles: Floats, count: int) -> tuple[int, int]:
    """One of the photons that point at the calorimeter, above its threshold: (its row or -1, how many there are)."""
    chosen, found = -1, 0
    for k in range(count):
        row = particles[k]
        if row[PDG] == PHOTON and row[ENERGY] > c.lkr_threshold and photon_fate(c, row)[0] == IN_LKR:
            found += 1
            if rng.random() * found < 1.0:
                chosen = k
    return chosen, found


@kernel
def photons_missed(
    rng: np.random.Generator,
    c: Constants,
    particles: Floats,
    count: int,
    rare: float,
    wanted: tuple[int, bool],
    deposit: Floats,
) -> tuple[float, int, int]:
    """Weight of an event in which no photon veto and not the calorimeter sees any of the photons, 0 where one does.

    Each is missed with at least the probability `rare`, which the weight makes up for.  A photon too soft for a
    calorimeter cluster is missed, too.  Nothing is said of photons in the calorimeter beside a charged product:
    there the clusters decide.  A photon that is missed because the magnet sweeps its pair away from the calorimeter
    leaves the two leptons behind the `count` particles; what else sees them is not looked at.  Where one photon is
    wanted in the calorimeter, `ONE_SEEN`, each of those there is drawn with the same probability to be left to the
    clusters.  Returns the weight, the new count and the row of that photon (-1: none).  `wanted` are `beside` and
    `pairs` of the requirement, `deposit` is scratch.
    """
    weight, found, products, left = 1.0, False, count, -1
    stratum, pairs = wanted
    if stratum == ONE_SEEN:
        left, among = one_in_calorimeter(rng, c, particles, products)
        weight, found = float(among), left >= 0
    for k in range(products):
        row = particles[k]
        if row[PDG] == PHOTON and k != left:
            detector, _, x, y, energy = photon_target(rng, c, row)
            lost = photon_inefficiency(c, detector, energy)
            share, swept = 0.0, 0.0
            if stratum == ONE_SEEN and (detector != IN_LKR or energy < LEAST_MISSED):
                return 0.0, count, -1
            if detector == IN_LKR:
                if beside_any(c, particles, products, x, y):
                    if stratum == ONE_SEEN:
                        return 0.0, count, -1
                    found = True
                    continue
                if energy < c.lkr_threshold:
                    lost = 1.0
                else:
                    share, made = rng.random(), conversion_probability(c, row)
                    if not pairs and pair_deposits(c, x, y, energy, share, deposit, 0) == 0:
                        swept = made
                    lost = swept + (1 - made) * lost
            missed, factor = happens(rng, lost, rare)
            if not missed:
                return 0.0, count, -1
            weight *= factor
            if swept > 0.0 and rng.random() * lost < swept:
                count = append_pair(c, particles, count, k, share)
    return (weight if in_stratum(stratum, found) else 0.0), count, left
