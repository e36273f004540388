"""Charged products without a track leave signals where they go.

A track is lost outside the chambers, in their beam holes, by inefficiency, or by a kink that no fit describes.
A large-angle station sees every charged particle and ends it, as it does for tracks.  So does the inner ring: its 0.6
interaction lengths are too few for every hadron to shower, but all ionise over its whole depth, and that is assumed
to be enough.  Charged particles that stay in the beam pipe are not seen: a dipole behind MUV3 takes them away from the
small-angle calorimeter (JINST 12 (2017) P05025).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.kernels.geometry import inside_octagon, inside_ring
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.muons import muon_signal
from rarekaon.analysis.simulation.detector.particle_response import charged_e_over_p, ring_hits
from rarekaon.analysis.simulation.detector.scratch import CLUSTER_ENERGY, CLUSTER_TIME, CLUSTER_X, CLUSTER_Y, Scratch
from rarekaon.analysis.simulation.detector.secondaries import secondary_deposits
from rarekaon.analysis.simulation.detector.vetoes import IN_CHOD, IN_IRC, IN_LAV, IN_RICH, NEAR, add_veto, lav_station
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

NATURAL = RareResponses()
CHARGED_ENERGY = 150.0
"""Energy (MeV) that a charged particle leaves in a large-angle station or in the inner ring."""


@kernel
def keep_untracked(c: Constants, e: Scratch, untracked: int, state: Floats, left: float, start: Floats) -> int:
    """Remember a product whose track is lost at `state`, `left` (mm) before its decay (negative: no more is known of
    it); `start` is where it began.  Returns the number of untracked particles."""
    if untracked == e.untracked.shape[0]:
        return untracked
    for k in range(t.COLUMNS):
        e.untracked[untracked, k] = state[k]
    e.untracked_left[untracked] = left
    e.untracked_station[untracked] = lav_station(c, start, start[t.Z], min(max(state[t.Z], start[t.Z]), c.magnet_z))
    return untracked + 1


@kernel
def behind_magnet(
    rng: np.random.Generator, c: Constants, e: Scratch, count: int, state: Floats, left: float
) -> tuple[int, float, int]:
    """Bring an untracked particle behind the magnet.

    Returns (count, path left, large-angle station it meets up to the calorimeter or -1).
    """
    station = -1
    if state[t.Z] < c.magnet_z:
        station = lav_station(c, state, state[t.Z], c.magnet_z)
        count, left = t.advance(rng, e.particles, count, state, left, c.magnet_z)
        if left < 0 or station >= 0:
            return count, left, station
        t.kick(state, c.magnet_kick)
    return count, left, lav_station(c, state, c.magnet_z, c.lkr_z)


@kernel
def inner_ring(c: Constants, at: Floats) -> bool:
    """Whether what meets the calorimeter's plane at `at` has met the inner ring before."""
    x = at[t.IMPACT_X] - at[t.IMPACT_SLOPE_X] * (c.lkr_z - c.irc_z) - c.irc_x
    y = at[t.IMPACT_Y] - at[t.IMPACT_SLOPE_Y] * (c.lkr_z - c.irc_z)
    return inside_ring(x, y, c.irc_r_min, c.irc_r_max)


@kernel
def _ring_and_tile(rng: np.random.Generator, c: Constants, e: Scratch, impacts: Floats, vetoes: int) -> int:
    """RICH hits and the hodoscope's tile of an untracked particle; returns the number of veto signals."""
    at = impacts[t.AT_RICH]
    if at[t.IMPACT_PDG] != 0.0 and inside_ring(at[t.IMPACT_X] - c.rich_x, at[t.IMPACT_Y], c.rich_r_min, c.rich_r_max):
        kind, mass = abs(at[t.IMPACT_PDG]), MASS_PI
        if kind != t.PION:
            mass = MASS_MU if kind == t.MUON else MASS_E
        vetoes = add_veto(e, vetoes, IN_RICH, 0.0, ring_hits(rng, c, at[t.IMPACT_P], mass), 0.0)
    at = impacts[t.AT_CHOD]
    if at[t.IMPACT_PDG] != 0.0 and inside_ring(at[t.IMPACT_X], at[t.IMPACT_Y], c.chod_r_min, c.chod_r_max):
        vetoes = add_veto(e, vetoes, IN_CHOD, at[t.IMPACT_X], at[t.IMPACT_Y], 0.0)
    return vetoes


@kernel
def _beside_track(e: Scratch, tracks: int, x: float, y: float) -> bool:
    found = False
    for i in range(tracks):
        dx, dy = e.impacts[i, t.AT_LKR, t.IMPACT_X] - x, e.impacts[i, t.AT_LKR, t.IMPACT_Y] - y
        found |= dx * dx + dy * dy < NEAR * NEAR
    return found


@kernel
def _deposit(
    rng: np.random.Generator, c: Constants, e: Scratch, at: Floats, charge: float, deposits: int
) -> tuple[int, float]:
    """Calorimeter deposits of an untracked particle; (number of all, its own energy)."""
    if deposits == e.deposits.shape[0] or not inside_octagon(at[t.IMPACT_X], at[t.IMPACT_Y], c.lkr_pipe, c.lkr_apothem):
        return deposits, 0.0
    e_over_p, _ = charged_e_over_p(rng, c, int(at[t.IMPACT_PDG]), charge, at[t.IMPACT_P], NATURAL)
    row = e.deposits[deposits]
    row[CLUSTER_X], row[CLUSTER_Y] = at[t.IMPACT_X], at[t.IMPACT_Y]
    row[CLUSTER_ENERGY], row[CLUSTER_TIME] = e_over_p * at[t.IMPACT_P], 0.0
    return secondary_deposits(rng, c, at, e.deposits, deposits + 1), e_over_p * at[t.IMPACT_P]


@kernel
def _muon(rng: np.random.Generator, c: Constants, e: Scratch, at: Floats, muons: int) -> int:
    """The MUV3 signal of an untracked particle, among those that belong to no track; returns the number of these."""
    if at[t.IMPACT_PDG] == 0.0 or muons == e.accidental_muons.shape[0]:
        return muons
    muon_signal(rng, c, at, NATURAL, e.untracked_muon)
    if e.untracked_muon[0] > 0:
        row = e.accidental_muons[muons]
        row[0], row[1] = e.untracked_muon[1], e.untracked_muon[2]
        row[2] = c.muv3_sigma_time * rng.standard_normal()
        muons += 1
    return muons


@kernel
def untracked_signals(
    rng: np.random.Generator,
    c: Constants,
    e: Scratch,
    count: int,
    untracked: int,
    tracks: int,
    found: tuple[int, int, int],
) -> tuple[int, tuple[int, int, int], bool]:
    """Add the signals of all untracked particles to those `found` (veto signals, deposits, MUV3 signals without track).

    Returns (count, all signals, vetoed).  `vetoed`: a large-angle station or the inner ring saw one, or the
    calorimeter away from the tracks.
    """
    vetoes, deposits, muons = found
    vetoed = False
    for k in range(untracked):
        state, left, station = e.untracked[k], e.untracked_left[k], int(e.untracked_station[k])
        if station < 0 and left >= 0:
            count, left, station = behind_magnet(rng, c, e, count, state, left)
        if station >= 0:
            vetoes, vetoed = add_veto(e, vetoes, IN_LAV, station + 1.0, CHARGED_ENERGY, 0.0), True
            continue
        if left < 0:
            continue
        impacts = e.untracked_impacts
        count = t.to_detectors(rng, c, e.particles, count, state, left, impacts)
        vetoes = _ring_and_tile(rng, c, e, impacts, vetoes)
        at = impacts[t.AT_LKR]
        if at[t.IMPACT_PDG] == 0.0:
            continue
        if inner_ring(c, at):
            vetoes, vetoed = add_veto(e, vetoes, IN_IRC, 0.0, CHARGED_ENERGY, 0.0), True
            continue
        deposits, energy = _deposit(rng, c, e, at, state[t.CHARGE], deposits)
        beside = _beside_track(e, tracks, at[t.IMPACT_X], at[t.IMPACT_Y])
        vetoed |= energy > c.lkr_threshold and not beside
        muons = _muon(rng, c, e, impacts[t.AT_MUV3], muons)
    return count, (vetoes, deposits, muons), vetoed
