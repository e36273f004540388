"""Keep probability: how probably a stream keeps a decay, estimated from true momenta before anything is tracked.

Russian roulette is played with this number before decays are unweighted.  The work then goes into decays that the
stream may keep, and the weights of the events that come out are nearly equal.  A wrong estimate makes a weight larger
or smaller, but no average wrong.

Rare responses are drawn more often than they happen (`facts.rare_responses`).  The weight of an event then
contains p/q, and so does its keep probability: what is drawn as often as it happens counts in full.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import CTAU_MU, CTAU_PI, MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import entry, inlined, kernel
from rarekaon.analysis.simulation.detector import transport
from rarekaon.analysis.simulation.detector.particle_response import (
    forced_factor,
    interpolate,
    log_interpolate,
    ring_confusion,
)
from rarekaon.analysis.simulation.detector.transport import ELECTRON, MUON, PHOTON, PION
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.streams.requirements import Requirement
from rarekaon.analysis.simulation.streams.true_products import (
    LEAST_PHOTON,
    MUON_SHARE,
    all_missed,
    depth_in_detectors,
    line_seen,
    meets_muon_detector,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEP, STEPS = 250.0, 320
"""Momenta (MeV) at which the identification is looked up."""
EDGE = 0.3
"""Factor of a decay just beyond a bound: radiation, resolution or a decay in flight may bring it in."""
FAR = 0.002
"""Factor of a decay far beyond it."""
ASIDE = 0.2
"""Factor of a product that does not point at all detectors; scattering may bring it there."""
BESIDE = 0.8
"""Factor of a pion that does not, if all other products do: its decay may bring it there."""
SOFT = 3000.0
"""Momentum (MeV) below which it is far beyond: the magnet and the beam hole decide."""
SLACK = 1500.0
"""How far (MeV) the total momentum may be out of bounds without that: the spread of the beam and of the measurement."""
MASS_SLACK = 6.0
"""The same for masses (MeV)."""
AT_EDGE, NEAR_EDGE, DEEP = 0.1, 100.0, 2e-4
"""Factor of a product that should not be seen but meets a detector: less than so much (mm) from its edge, or deeper."""
LEAST_CHANCE = 0.1
"""A pion counts as beyond a bound if its neutrino takes enough momentum with a smaller probability than this."""
PUNCH_THROUGH = 0.1
"""Factor of pions with a MUV3 signal, beside those that are forced to decay."""
MOST_LOST = 0.427
"""Largest part of its momentum that a pion loses to the neutrino when it decays: 1 - (m_mu / m_pi)^2."""

UNRESOLVED, RESOLUTION = 0.02, 20.0
"""Keep probability of a decay with two products closer together in the calorimeter than the stream allows, and the
distance (mm) around that bound in which it is in between."""
OTHER_RING = 0.2
"""Keep probability of two positrons of which the RICH takes one for a pion."""
OTHER_CLUSTER = 0.02
"""Keep probability for a cluster off the tracks that is no photon of the decay."""

SEEN, MOMENTUM, AS_ELECTRON, AS_PION, RING, AS_MUON, KIND, CHARGE, P_X, P_Y, P_Z, UNSEEN, AT_X, AT_Y = range(14)
COLUMNS = 14
"""What is known of a charged product, by column: whether it points at all detectors, and its momentum (MeV). Then
p/q for the E/p of an electron, for the E/p of a pion, for a ring that agrees with a positron, and for looking like a
muon. Then unsigned PDG number, charge and the components of the momentum. The last three are the keep probability of
a product that no detector must see, and where the product meets the calorimeter (mm)."""


@kernel
def _drawn(p: float, q: float) -> float:
    """p/q of something of probability p that is drawn with the probability max(p, q)."""
    return p / max(p, q)


@kernel
def _decay(forced: float, rate: float) -> tuple[float, float]:
    """p/q of a particle that decays within a path of `rate` mean ones, `forced` times as often, and of one that does
    not.
    """
    if forced <= 1 or rate <= 0:
        return 1.0, 1.0
    return (1 - np.exp(-rate)) / (1 - np.exp(-forced * rate)), np.exp((forced - 1) * rate)


@kernel
def _response_of(
    c: Constants, r: Requirement, bias: RareResponses, pdg: int, charge: int, p: float, out: Floats
) -> None:
    """p/q of the identification of a charged particle of momentum p, from `AS_ELECTRON` on."""
    if abs(pdg) == ELECTRON:
        lost = interpolate(p, c.e_as_pi_p, c.e_as_pi)
        rare = bias.positron_as_pion if charge > 0 else bias.electron_as_pion
        out[AS_ELECTRON], out[AS_PION], out[RING] = (1 - lost) / (1 - max(lost, rare)), _drawn(lost, rare), 1.0
    elif abs(pdg) == PION:
        core = interpolate(p, c.lkr_pi_p, c.lkr_pi) + 0.5 * charge * c.lkr_pi_difference
        high = max(core, interpolate(p, c.pi_inefficiency_p, c.pi_inefficiency))
        drawn = max(high, bias.pi_plus_as_electron if charge > 0 else bias.pi_minus_as_electron)
        out[AS_ELECTRON], out[AS_PION] = high / drawn, (1 - high) / (1 - drawn)
        out[RING] = _drawn(log_interpolate(p, c.rich_pi_p, c.rich_pi), bias.pi_plus_as_positron_in_rich)
        out[AS_MUON] = _drawn(interpolate(p, c.pi_as_mu_p, c.pi_as_mu), bias.pion_as_muon)
    elif abs(pdg) == MUON:
        unseen, showers = _drawn(1 - c.muv3_efficiency, bias.muon_unseen), 1.0
        if r.single == PION:
            showers = _drawn(c.mu_shower, bias.muon_showers)
        # beside the muon detector a muon gives no signal: kept in place of the ring, which muons have none of
        out[AS_PION], out[RING], out[AS_MUON] = unseen * showers, showers, 1.0


@entry
def responses(c: Constants, r: Requirement, bias: RareResponses, pdg: Ints, charge: Ints) -> Floats:
    """p/q of every product's identification, shape (products, momenta in steps of `STEP`, `COLUMNS`)."""
    table = np.zeros((pdg.size, STEPS, COLUMNS))
    for k in range(pdg.size):
        for step in range(STEPS):
            row = table[k, step]
            row[KIND], row[CHARGE] = abs(pdg[k]), charge[k]
            _response_of(c, r, bias, pdg[k], charge[k], (step + 0.5) * STEP, row)
    return table


@inlined
def _respond(c: Constants, bias: RareResponses, table: Floats, d: Decays, k: int, i: int, out: Floats) -> None:
    """Fill in what is known of product k."""
    px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
    p = np.sqrt(px * px + py * py + pz * pz)
    step = min(int(p / STEP), STEPS - 1)
    for column in range(COLUMNS):
        out[column] = table[k, step, column]
    out[MOMENTUM], out[P_X], out[P_Y], out[P_Z] = p, px, py, pz
    slope, path = px / pz if pz > 0 else 0.0, c.lkr_z - d.vertex[2, i]
    out[AT_X] = d.vertex[0, i] + slope * path
    out[AT_Y] = d.vertex[1, i] + (py / pz * path if pz > 0 else 0.0)
    if pz > 0:
        out[AT_X] += d.charge[k] * c.magnet_kick / pz * (c.lkr_z - c.magnet_z)
    out[SEEN] = 1.0
    if not line_seen(c, d, k, i, c.irc_r_max):
        out[SEEN] = FAR if p < SOFT else ASIDE
    if out[KIND] == PION:
        forced = forced_factor(bias, PION, out[CHARGE])
        decays, lives = _decay(forced, MASS_PI / (CTAU_PI * p) * (c.muv3_z - d.vertex[2, i]))
        out[AS_ELECTRON], out[AS_PION] = lives * out[AS_ELECTRON], lives * out[AS_PION]
        out[AS_MUON] = decays + (PUNCH_THROUGH * lives * out[AS_MUON] if forced > 1 else 0.0)
    elif out[KIND] == MUON:
        decays, _ = _decay(bias.forced_muon_decays, MASS_MU / (CTAU_MU * p) * (c.lkr_z - d.vertex[2, i]))
        out[AS_ELECTRON] = decays
        if pz <= 0 or not meets_muon_detector(c, d, k, i, 0.75 * c.muv3_search / p):
            out[AS_PION] = out[RING]


@kernel
def _confuse(c: Constants, bias: RareResponses, like: Floats, charged: int) -> None:
    """Add the probability that the ring of a parallel product makes the RICH take a pion for a positron."""
    rare = bias.pi_plus_as_positron_in_rich
    for j in range(charged):
        if like[j, KIND] != PION or rare == 0 or like[j, P_Z] <= 0:
            continue
        nearest = np.inf
        for k in range(charged):
            if k != j and like[k, P_Z] > 0:
                x = _slope_behind_magnet(c, like[j]) - _slope_behind_magnet(c, like[k])
                y = like[j, P_Y] / like[j, P_Z] - like[k, P_Y] / like[k, P_Z]
                nearest = min(nearest, x * x + y * y)
        likely = like[j, RING] * rare + ring_confusion(np.sqrt(nearest))
        like[j, RING] = _drawn(likely, rare)


@kernel
def _slope_behind_magnet(c: Constants, like: Floats) -> float:
    return (like[P_X] + like[CHARGE] * c.magnet_kick) / like[P_Z]


@kernel
def _mass(like: Floats, charged: int, first: int, second: int, pair_only: bool) -> float:
    """Mass (MeV) of two charged products as electrons, alone or with all others that are seen as pions."""
    energy, x, y, z = 0.0, 0.0, 0.0, 0.0
    for k in range(charged):
        electron = k in (first, second)
        if not electron and (pair_only or like[k, SEEN] < 1):
            continue
        mass = MASS_E if electron else MASS_PI
        energy += np.sqrt(like[k, MOMENTUM] ** 2 + mass * mass)
        x, y, z = x + like[k, P_X], y + like[k, P_Y], z + like[k, P_Z]
    return np.sqrt(max(0.0, energy * energy - x * x - y * y - z * z))


@kernel
def _above(mass: float, least: float) -> float:
    """Factor of a mass that has to be larger than `least`: resolution and radiation do not move it far."""
    if mass > least - MASS_SLACK:
        return 1.0
    return EDGE if mass > least - 3 * MASS_SLACK else FAR


@kernel
def _within(value: float, low: float, high: float) -> float:
    return 1.0 if low <= value <= high else EDGE


@kernel
def _may_lose(missing: float, r: Requirement, p: float) -> bool:
    """Whether so much is missing as the open part of a stream wants once a product of momentum p has decayed."""
    return missing + (1 - LEAST_CHANCE) * MOST_LOST * p > r.min_missing_momentum


@kernel
def _like_sign(r: Requirement, like: Floats, charged: int, photons: int, j: int, k: int, missing: float) -> float:
    """Keep probability of a like-sign pair (j, k) and a third track.

    The RICH agrees, or much is missing and the third track is a muon, or there are photons.
    """
    is_open = _within(missing, r.min_missing_momentum - SLACK, np.inf)
    agrees, differs = 1.0, 1.0
    if like[j, CHARGE] > 0:
        agrees = like[j, RING] * like[k, RING] if r.rings >= 0 else 0.0
        if r.rings > 0:
            differs = 0.0
        elif like[j, KIND] == ELECTRON and like[k, KIND] == ELECTRON:
            differs = OTHER_RING
    agrees *= max(is_open, _within(missing, -r.max_missing_momentum - SLACK, r.max_missing_momentum + SLACK))
    beside = 0.0
    if r.photons > 0:
        beside = differs * (1.0 if missing > r.min_missing_momentum - SLACK else FAR)
        for _ in range(photons, r.photons):
            beside *= OTHER_CLUSTER
    probability = 0.0
    for m in range(charged):
        if m not in (j, k):
            lost = is_open
            if like[m, KIND] == PION:
                lost = 1.0 if _may_lose(missing, r, like[m, MOMENTUM]) else EDGE
            muon = max(differs * lost, agrees) * min(1.0, like[m, AS_MUON])
            if r.muons == 0:
                muon = max(differs * lost * min(1.0, like[m, AS_MUON]), (agrees + beside) * like[m, AS_PION])
            probability += like[m, SEEN] * muon
    return probability


@kernel
def _opposite_sign(r: Requirement, like: Floats, charged: int, j: int, k: int, missing: float) -> float:
    """Keep probability of a pair (j, k) of opposite sign and a third, pion-like track."""
    kept, third = _within(missing, -r.max_missing_momentum - SLACK, r.max_missing_momentum + SLACK), 0.0
    for m in range(charged):
        if m not in (j, k):
            third += like[m, SEEN] * like[m, AS_PION]
    if third == 0:
        return 0.0
    kept *= _above(_mass(like, charged, j, k, True), r.pair_mass)
    return third * kept * _above(_mass(like, charged, j, k, False), r.vertex_mass)


@kernel
def _dielectron(r: Requirement, like: Floats, charged: int, photons: int, momentum: float) -> float:
    """Keep probability of a pair of electron-like products and a third, pion-like or muon-like one."""
    missing, probability = momentum, 0.0
    for k in range(charged):
        if like[k, SEEN] == 1.0:
            missing -= like[k, MOMENTUM]
    for j in range(charged):
        for k in range(j):
            positrons = like[j, CHARGE] > 0 and like[k, CHARGE] > 0
            if r.positrons != 0 and positrons != (r.positrons > 0):
                continue
            pair = like[j, SEEN] * like[k, SEEN] * like[j, AS_ELECTRON] * like[k, AS_ELECTRON]
            if pair > 0 and like[j, CHARGE] == like[k, CHARGE]:
                probability += pair * _like_sign(r, like, charged, photons, j, k, missing)
            elif pair > 0 and r.rings == 0 and r.muons == 0:
                probability += pair * _opposite_sign(r, like, charged, j, k, missing)
    return probability * _resolved(r, like, charged)


@kernel
def _resolved(r: Requirement, like: Floats, charged: int) -> float:
    """Keep probability by the distances of the products in the calorimeter."""
    nearest = np.inf
    for j in range(charged):
        for k in range(j):
            if like[j, SEEN] == 1.0 and like[k, SEEN] == 1.0:
                x, y = like[j, AT_X] - like[k, AT_X], like[j, AT_Y] - like[k, AT_Y]
                nearest = min(nearest, np.sqrt(x * x + y * y))
    if nearest > r.separation + RESOLUTION:
        return 1.0
    return EDGE if nearest > r.separation - RESOLUTION else UNRESOLVED


@kernel
def _dimuon(like: Floats, charged: int) -> float:
    """Keep probability of two muon-like products and a pion-like one."""
    probability = 0.0
    for j in range(charged):
        for k in range(j):
            pair = like[j, SEEN] * like[k, SEEN] * like[j, AS_MUON] * like[k, AS_MUON]
            for m in range(charged):
                if m not in (j, k):
                    probability += pair * like[m, SEEN] * like[m, AS_PION]
    return probability


@kernel
def _enough_tracks(r: Requirement, like: Floats, charged: int) -> float:
    """Keep probability of as many tracks as the stream asks for."""
    seen, probability = 0, 1.0
    for k in range(charged):
        seen += int(like[k, SEEN] == 1.0)
    for _ in range(seen, r.tracks):
        probability *= ASIDE
    return probability


@kernel
def _lone(r: Requirement, like: Floats, charged: int) -> float:
    """Keep probability of a single muon, positron or pion."""
    probability = 0.0
    for k in range(charged):
        if like[k, CHARGE] > 0:
            inside = like[k, SEEN] * _within(like[k, MOMENTUM], r.momentum[0] - SLACK, r.momentum[1] + SLACK)
            looks = AS_PION if r.single == PION else AS_MUON if r.single == MUON else AS_ELECTRON
            inside *= like[k, looks]
            for j in range(charged):
                inside *= like[j, UNSEEN] if j != k and r.no_extra_activity else 1.0
            probability += inside
    return probability


@inlined
def _fill_unseen(c: Constants, d: Decays, i: int, row: Floats, like: Floats) -> None:
    """Fill in the keep probability of each charged product if no detector must see it."""
    charged = 0
    for k in range(d.pdg.size):
        if d.charge[k] != 0:
            depth = depth_in_detectors(c, d, k, i, 1.0, row)
            like[charged, UNSEEN] = 1.0 if depth == 0 else (AT_EDGE if depth < NEAR_EDGE else DEEP)
            if depth > 0 and like[charged, KIND] == PION and depth_in_detectors(c, d, k, i, MUON_SHARE, row) == 0:
                like[charged, UNSEEN] = BESIDE
            charged += 1


@kernel
def _beside(like: Floats, charged: int) -> None:
    """Let the only product that is not seen count as `BESIDE` if it is a pion."""
    unseen, last = 0, 0
    for k in range(charged):
        if like[k, SEEN] < 1:
            unseen, last = unseen + 1, k
    if unseen == 1 and like[last, SEEN] == ASIDE and like[last, KIND] == PION:
        like[last, SEEN] = BESIDE


@kernel
def _keep_probability(r: Requirement, like: Floats, charged: int, photons: int, momentum: float) -> float:
    if r.single != 0:
        return _lone(r, like, charged)
    if r.electrons == 2:
        return _dielectron(r, like, charged, photons, momentum)
    if r.electrons == 0 and r.muons == 2:
        return _dimuon(like, charged)
    return _enough_tracks(r, like, charged)


@entry
def keep_probabilities(
    c: Constants, r: Requirement, bias: RareResponses, table: Floats, d: Decays, beam: Floats, out: Floats
) -> None:
    """Fill `out`, shape (n,), for decays that have a weight.

    `table` are their `responses`; `beam` has a row for each running condition as in `simulate_events`.
    """
    like, row = np.zeros((d.pdg.size, COLUMNS)), np.zeros(transport.COLUMNS)
    for i in range(d.weight.size):
        out[i] = 0.0
        if d.weight[i] > 0:
            charged, photons = 0, 0
            for k in range(d.pdg.size):
                if d.charge[k] != 0:
                    _respond(c, bias, table, d, k, i, like[charged])
                    charged += 1
                elif d.pdg[k] == PHOTON and d.momenta[k, 3, i] > LEAST_PHOTON:
                    photons += 1
            _beside(like, charged)
            _confuse(c, bias, like, charged)
            if r.no_extra_activity and charged > 1:
                _fill_unseen(c, d, i, row, like)
            out[i] = _keep_probability(r, like, charged, photons, beam[d.conditions[i], 0])
            if r.no_extra_activity:
                out[i] *= all_missed(c, d, i, row, r.beside, r.pairs)
