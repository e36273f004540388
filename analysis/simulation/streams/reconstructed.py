"""Whether a reconstructed event belongs to a stream (`simulation.streams.requirements.Requirement`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.simulation.detector.scratch import (
    CLUSTER_ENERGY,
    CLUSTER_X,
    CLUSTER_Y,
    LOG_E,
    LOG_MU,
    LOG_PI,
    MUON_NEAR,
    MUON_SIGNAL,
)
from rarekaon.analysis.simulation.detector.track_fit import FIT_CHARGE, FIT_MOMENTUM, FIT_TX, FIT_TY, FIT_X, FIT_Y
from rarekaon.analysis.simulation.detector.transport import ELECTRON, MUON, PION
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.streams.requirements import Requirement

Floats = npt.NDArray[np.float64]

PHOTON_ENERGY, PHOTON_DISTANCE = 1500.0, 100.0
"""Looser (MeV, mm) than what any selection asks of a photon."""


@kernel
def four_momentum(fit: Floats, mass: float) -> tuple[float, float, float, float]:
    """(E, px, py, pz) of a fitted track of that mass."""
    p = fit[FIT_MOMENTUM]
    pz = p / np.sqrt(1 + fit[FIT_TX] ** 2 + fit[FIT_TY] ** 2)
    return np.sqrt(p * p + mass * mass), pz * fit[FIT_TX], pz * fit[FIT_TY], pz


@kernel
def mass_of_tracks(fits: Floats, tracks: int, first: int, second: int, pair_only: bool) -> float:
    """Mass (MeV) of two tracks as electrons, alone or with all other tracks as pions."""
    energy, x, y, z = 0.0, 0.0, 0.0, 0.0
    for i in range(tracks):
        electron = i in (first, second)
        if pair_only and not electron:
            continue
        e, px, py, pz = four_momentum(fits[i], MASS_E if electron else MASS_PI)
        energy, x, y, z = energy + e, x + px, y + py, z + pz
    return np.sqrt(max(0.0, energy * energy - x * x - y * y - z * z))


@kernel
def missing_momentum(fits: Floats, tracks: int, beam_momentum: float) -> float:
    """Beam momentum (MeV) that the tracks do not carry."""
    total = 0.0
    for i in range(tracks):
        total += fits[i, FIT_MOMENTUM]
    return beam_momentum - total


@kernel
def resolved(impacts: Floats, e_over_p: Floats, tracks: int, separation: float) -> bool:
    """Whether all tracks with a calorimeter signal are apart; `impacts` (tracks, 2) in its front plane, mm."""
    for i in range(tracks):
        for j in range(i):
            if min(e_over_p[i], e_over_p[j]) >= 0:
                dx, dy = impacts[i, 0] - impacts[j, 0], impacts[i, 1] - impacts[j, 1]
                if dx * dx + dy * dy < separation * separation:
                    return False
    return True


@kernel
def photon_like(impacts: Floats, tracks: int, clusters: Floats, number: int) -> int:
    """Clusters of more than `PHOTON_ENERGY` farther than `PHOTON_DISTANCE` from every track's impact point."""
    found = 0
    for k in range(number):
        off = clusters[k, CLUSTER_ENERGY] > PHOTON_ENERGY
        for i in range(tracks):
            dx, dy = clusters[k, CLUSTER_X] - impacts[i, 0], clusters[k, CLUSTER_Y] - impacts[i, 1]
            off = off and dx * dx + dy * dy > PHOTON_DISTANCE**2
        found += int(off)
    return found


@inlined
def two_positrons(r: Requirement, fits: Floats, e_over_p: Floats, tracks: int) -> bool:
    """Whether two positive tracks are electron-like: then the RICH decides."""
    positive = 0
    for i in range(tracks):
        positive += int(e_over_p[i] > r.electron_e_over_p and fits[i, FIT_CHARGE] > 0)
    return positive > 1


@kernel
def in_ring_stratum(r: Requirement, fits: Floats, e_over_p: Floats, rich: Floats, tracks: int) -> bool:
    """Whether the RICH prefers two positive, electron-like tracks to be positrons, or not, as the stratum has it."""
    if r.rings == 0:
        return True
    positrons = 0
    for i in range(tracks):
        agrees = rich[i, LOG_E] > rich[i, LOG_PI]
        positrons += int(e_over_p[i] > r.electron_e_over_p and fits[i, FIT_CHARGE] > 0 and agrees)
    return (positrons > 1) == (r.rings > 0)


@inlined
def muon_like(r: Requirement, own_e_over_p: float, signal: float) -> bool:
    """Whether a track of that E/p, with or without a signal in the muon detector, may be a muon."""
    return signal > 0 and 0 <= own_e_over_p < r.muon_e_over_p


@inlined
def has_muons(r: Requirement, fits: Floats, e_over_p: Floats, muons: Floats, tracks: int, beam_momentum: float) -> bool:
    """Whether enough tracks look like muons (`muons`: own MUV3 signal or not, its place, any signal near or not).

    Without electrons another track must look like a pion, and all have the beam's momentum and the stream's mass.
    """
    if r.muons == 0:
        return True
    seen, others, missing = 0, 0, beam_momentum
    energy, x, y, z = 0.0, 0.0, 0.0, 0.0
    for i in range(tracks):
        muon = muon_like(r, e_over_p[i], muons[i, MUON_NEAR])
        seen += int(muon)
        others += int(0 <= e_over_p[i] < r.pion_e_over_p and muons[i, MUON_SIGNAL] == 0)
        missing -= fits[i, FIT_MOMENTUM]
        e, px, py, pz = four_momentum(fits[i], MASS_MU if muon else MASS_PI)
        energy, x, y, z = energy + e, x + px, y + py, z + pz
    if seen < r.muons or r.electrons > 0:
        return seen >= r.muons
    mass = np.sqrt(max(0.0, energy * energy - x * x - y * y - z * z))
    return others > 0 and abs(missing) < r.max_missing_momentum and r.vertex_mass <= mass < r.vertex_below


@inlined
def is_single(r: Requirement, fits: Floats, e_over_p: Floats, muons: Floats, tracks: int) -> bool:
    """Whether a stream of single muons, positrons or pions keeps the event; others keep all."""
    if r.single == 0:
        return True
    p, own_e_over_p = fits[0, FIT_MOMENTUM], e_over_p[0]
    if tracks != 1 or fits[0, FIT_CHARGE] < 0 or not r.momentum[0] < p < r.momentum[1]:
        return False
    if r.single == MUON:
        return muon_like(r, own_e_over_p, muons[0, MUON_NEAR])
    if r.single == ELECTRON:
        return muons[0, MUON_SIGNAL] == 0 and own_e_over_p > r.electron_e_over_p
    return muons[0, MUON_SIGNAL] == 0 and 0 <= own_e_over_p < r.pion_e_over_p and own_e_over_p * p > r.shower


@inlined
def from_kaon(r: Requirement, d: Decays, i: int, fit: Floats) -> bool:
    """Whether a track passes the kaon of decay i so near as the stream asks for."""
    if r.closest == np.inf:
        return True
    kaon, vertex = d.kaon[:, i], d.vertex[:, i]
    x, y = kaon[0] / kaon[2], kaon[1] / kaon[2]
    behind = Z_BEFORE_MAGNET - vertex[2]
    apart_x, apart_y = fit[FIT_X] - vertex[0] - x * behind, fit[FIT_Y] - vertex[1] - y * behind
    dx, dy = fit[FIT_TX] - x, fit[FIT_TY] - y
    return abs(apart_x * dy - apart_y * dx) < r.closest * np.sqrt(dx * dx + dy * dy)


@inlined
def ring_of_single(r: Requirement, rich: Floats) -> bool:
    """Whether the RICH prefers the pion, or the positron, for the only track; streams of other tracks do not ask it."""
    if r.single == ELECTRON:
        return rich[0, LOG_E] >= max(rich[0, LOG_MU], rich[0, LOG_PI])
    over_muon, over_electron = r.pion_likelihood
    return r.single != PION or (
        rich[0, LOG_PI] - rich[0, LOG_MU] > over_muon and rich[0, LOG_PI] - rich[0, LOG_E] > over_electron
    )


@inlined
def has_types(r: Requirement, e_over_p: Floats, tracks: int) -> bool:
    """Whether there are enough tracks, electron-like and pion-like ones; `e_over_p` are E/p, negative outside."""
    electrons, pions = 0, 0
    for i in range(tracks):
        electrons += int(e_over_p[i] > r.electron_e_over_p)
        pions += int(0 <= e_over_p[i] < r.pion_e_over_p)
    return tracks >= r.tracks and (r.electrons == 0 or (electrons >= r.electrons and pions > 0))


@inlined
def has_pair(
    r: Requirement,
    fits: Floats,
    e_over_p: Floats,
    rich: Floats,
    muons: Floats,
    tracks: int,
    beam_momentum: float,
    ask_rich: bool,
) -> bool:
    """Whether some pair of electron-like tracks is as required; without `ask_rich` the RICH counts as agreeing.

    `rich` rows are the log-likelihoods (e, mu, pi, hits) of the tracks, `muons` rows their muon-detector signals.
    """
    if r.electrons == 0:
        return True
    if r.positrons != 0 and two_positrons(r, fits, e_over_p, tracks) != (r.positrons > 0):
        return False
    missing, muon = missing_momentum(fits, tracks, beam_momentum), False
    for i in range(tracks):
        muon |= muon_like(r, e_over_p[i], muons[i, MUON_NEAR])
    balanced = abs(missing) < r.max_missing_momentum
    if r.electrons == 1:
        return balanced
    for i in range(tracks):
        for j in range(i):
            if min(e_over_p[i], e_over_p[j]) <= r.electron_e_over_p:
                continue
            if fits[i, FIT_CHARGE] * fits[j, FIT_CHARGE] < 0:
                heavy = balanced and mass_of_tracks(fits, tracks, i, j, True) > r.pair_mass
                if heavy and mass_of_tracks(fits, tracks, i, j, False) > r.vertex_mass:
                    return True
                continue
            agrees = not ask_rich or fits[i, FIT_CHARGE] < 0
            agrees |= rich[i, LOG_E] > rich[i, LOG_PI] and rich[j, LOG_E] > rich[j, LOG_PI]
            if (agrees and balanced) or (missing > r.min_missing_momentum and (agrees or muon)):
                return True
    return False
