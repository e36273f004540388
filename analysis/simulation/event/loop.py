"""The event loop: from the products of a decay to the record of an event.

Cheap rejections come first: an event is dropped as soon as too few charged particles are left for its stream,
then after the calorimeter's response; photons, times and the record are made for the survivors only.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import PION_E_OVER_P
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import entry, inlined, kernel
from rarekaon.analysis.kernels.geometry import inside_octagon, inside_ring
from rarekaon.analysis.simulation.activity.accidentals import accidental_muons
from rarekaon.analysis.simulation.activity.pileup import pileup_clusters, pileup_tracks
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.clusters import build_clusters
from rarekaon.analysis.simulation.detector.collimator import into_tank
from rarekaon.analysis.simulation.detector.conversions import converts, pair_deposits
from rarekaon.analysis.simulation.detector.muons import muon_signals, true_muons
from rarekaon.analysis.simulation.detector.particle_response import (
    charged_e_over_p,
    forced_factor,
    photon_energy_response,
    rich_likelihoods,
    ring_confusion,
    russian_roulette,
)
from rarekaon.analysis.simulation.detector.radiation import radiate_final_state
from rarekaon.analysis.simulation.detector.scratch import (
    CLUSTER_ENERGY,
    CLUSTER_TIME,
    CLUSTER_X,
    CLUSTER_Y,
    MAX_TRACKS,
    Scratch,
)
from rarekaon.analysis.simulation.detector.secondaries import secondary_deposits
from rarekaon.analysis.simulation.detector.track_fit import FIT_CHARGE, FIT_MOMENTUM, fit_track
from rarekaon.analysis.simulation.detector.untracked import CHARGED_ENERGY, keep_untracked, untracked_signals
from rarekaon.analysis.simulation.detector.vetoes import (
    IN_IRC,
    IN_LAV,
    IN_LKR,
    IN_SAC,
    ONE_SEEN,
    add_veto,
    beside_any,
    lav_station,
    photon_seen,
    photon_target,
    photons_missed,
)
from rarekaon.analysis.simulation.event.record import write_event
from rarekaon.analysis.simulation.ground.buffers import Decays, EventBuffers
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.streams.reconstructed import (
    from_kaon,
    has_muons,
    has_pair,
    has_types,
    in_ring_stratum,
    is_single,
    missing_momentum,
    photon_like,
    resolved,
    ring_of_single,
    two_positrons,
)
from rarekaon.analysis.simulation.streams.requirements import Requirement

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

INTERACTED = 2.0
"""Calorimeter energy, in those of a minimum ionising particle, above which a pion has interacted."""


@inlined
def load_products(rng: np.random.Generator, c: Constants, d: Decays, i: int, e: Scratch) -> int:
    """Put the products of decay i into the work array, electrons with their final-state photon; returns the count."""
    products = d.pdg.size
    count = products
    for k in range(products):
        row = e.particles[k]
        row[t.PDG], row[t.CHARGE], row[t.PARENT], row[t.Z_END] = d.pdg[k], d.charge[k], -1, d.vertex[2, i]
        row[t.SPIN] = products if d.polarised and abs(d.pdg[k]) == t.MUON else 0
        for j in range(4):
            row[t.PX + j] = d.momenta[k, j, i]
        row[t.X], row[t.Y], row[t.Z] = d.vertex[0, i], d.vertex[1, i], d.vertex[2, i]
        if d.radiative and abs(d.pdg[k]) == t.ELECTRON:
            count = radiate_final_state(rng, c, e.particles, count, k, d.rest_energy[k, i])
    return count


@inlined
def _follow(
    rng: np.random.Generator, c: Constants, e: Scratch, count: int, k: int, slot: int, bias: RareResponses
) -> tuple[int, bool, float]:
    """Follow product k through the spectrometer, its state and hits going to a track slot; (count, seen, weight)."""
    state, weight = e.states[slot], 1.0
    t.copy(e.particles[k], state)
    state[t.PARENT] = k
    start = e.start
    t.copy(state, start)
    e.left[slot] = -1.0
    if state[t.PZ] < t.SOFTEST_TRACK or not into_tank(c, state):
        return count, False, weight
    t.copy(state, start)
    forced = forced_factor(bias, abs(state[t.PDG]), state[t.CHARGE])
    if forced > 0:
        left, weight = t.forced_path(rng, state, forced, c.muv3_absorber_z - state[t.Z])
    else:
        left = t.decay_length(rng, state)
    count, e.left[slot], seen = t.through_spectrometer(
        rng, c, e.particles, count, state, left, e.hits[:slot], e.hits[slot]
    )
    own = e.particles[int(state[t.PARENT])]
    own[t.Z_END] = max(state[t.Z], own[t.Z_END])
    return count, seen and lav_station(c, start, start[t.Z], c.magnet_z) < 0, weight


@inlined
def reconstruct(
    rng: np.random.Generator, c: Constants, d: Decays, e: Scratch, count: int, needed: int, bias: RareResponses
) -> tuple[int, int, int, float]:
    """Track, then fit the charged products; (count, tracks, untracked, weight), tracks -1 once fewer than `needed` are
    possible.

    Pions and muons decay more often than they do where `bias` says so; the weight makes up for it.
    """
    followed, possible, untracked, weight = 0, 0, 0, 1.0
    for k in range(d.pdg.size):
        possible += int(d.charge[k] != 0)
    for k in range(d.pdg.size):
        if d.charge[k] == 0 or followed == MAX_TRACKS:
            continue
        count, seen, factor = _follow(rng, c, e, count, k, followed, bias)
        weight *= factor
        if seen:
            followed += 1
        else:
            possible -= 1
            if possible < needed:
                return count, -1, untracked, weight
            untracked = keep_untracked(c, e, untracked, e.states[followed], e.left[followed], e.start)
    tracks = 0
    for slot in range(followed):
        if fit_track(c, e.hits[slot], e.low, e.work, e.fits[tracks]):
            if slot != tracks:
                t.copy(e.states[slot], e.states[tracks])
                e.left[tracks] = e.left[slot]
            tracks += 1
        elif tracks + followed - slot - 1 < needed:
            return count, -1, untracked, weight
        else:
            untracked = keep_untracked(c, e, untracked, e.states[slot], e.left[slot], e.states[slot])
    return count, tracks, untracked, weight


@kernel
def _collinear_photons(c: Constants, e: Scratch, count: int, track: int) -> float:
    """Energy (MeV) of the photons a track radiated after the magnet: they fall into its own cluster."""
    energy, own = 0.0, e.states[track, t.PARENT]
    for k in range(count):
        row = e.particles[k]
        if row[t.PDG] == t.PHOTON and row[t.PARENT] == own and row[t.Z] > c.magnet_z:
            energy += row[t.ENERGY]
    return energy


@inlined
def shower(rng: np.random.Generator, c: Constants, e: Scratch, count: int, tracks: int, bias: RareResponses) -> float:
    """Calorimeter energy and E/p of all tracks; returns the weight.

    E/p is -1 for tracks that miss the calorimeter or meet the last LAV.
    """
    weight = 1.0
    for i in range(tracks):
        at = e.impacts[i, t.AT_LKR]
        e.e_over_p[i], e.energies[i] = -1.0, 0.0
        shadowed = lav_station(c, e.states[i], c.magnet_z, c.lkr_z) >= 0
        if at[t.IMPACT_PDG] == 0.0 or shadowed:
            continue
        if not inside_octagon(at[t.IMPACT_X], at[t.IMPACT_Y], c.irc_r_max, c.lkr_apothem):
            continue
        pdg, p = int(at[t.IMPACT_PDG]), at[t.IMPACT_P]
        e_over_p, factor = charged_e_over_p(rng, c, pdg, e.fits[i, FIT_CHARGE], p, bias)
        weight *= factor
        e.energies[i] = e_over_p * p
        if (
            abs(pdg) == t.PION
            and e.energies[i] > INTERACTED * c.lkr_mip
            and e.impacts[i, t.AT_MUV3, t.IMPACT_PDG] != 0.0
        ):
            e.impacts[i, t.AT_MUV3, t.IMPACT_PDG] = pdg  # gone before it could decay
        e.e_over_p[i] = (e.energies[i] + _collinear_photons(c, e, count, i)) / e.fits[i, FIT_MOMENTUM]
    return weight


@inlined
def identify(rng: np.random.Generator, c: Constants, e: Scratch, tracks: int, rare: float, rare_muon: float) -> float:
    """RICH likelihoods of all tracks, pions drawn as electrons with probability `rare` where the calorimeter
    agrees, muons as pions with `rare_muon`.

    A track outside the acceptance has no hits and no preference.  Returns the weight.
    """
    weight = 1.0
    for i in range(tracks):
        at = e.impacts[i, t.AT_RICH]
        e.rich[i, :] = 0.0
        inside = inside_ring(at[t.IMPACT_X] - c.rich_x, at[t.IMPACT_Y], c.rich_r_min, c.rich_r_max)
        if at[t.IMPACT_PDG] == 0.0 or not inside:
            continue
        nearest = np.inf
        for j in range(tracks):
            dx = at[t.IMPACT_SLOPE_X] - e.impacts[j, t.AT_RICH, t.IMPACT_SLOPE_X]
            dy = at[t.IMPACT_SLOPE_Y] - e.impacts[j, t.AT_RICH, t.IMPACT_SLOPE_Y]
            if j != i:
                nearest = min(nearest, dx * dx + dy * dy)
        pdg, p = int(at[t.IMPACT_PDG]), at[t.IMPACT_P]
        looks_electron = e.e_over_p[i] > PION_E_OVER_P and e.fits[i, FIT_CHARGE] > 0
        confusion = ring_confusion(np.sqrt(nearest))
        weight *= rich_likelihoods(rng, c, pdg, p, confusion, rare if looks_electron else 0.0, rare_muon, e.rich[i])
    return weight


@inlined
def neutral(
    rng: np.random.Generator, c: Constants, e: Scratch, decided: int, left: int, count: int, tracks: int, pairs: bool
) -> tuple[int, int, bool]:
    """Photons into the vetoes and the calorimeter, tracks into LAV.

    Of the first `decided` products `photons_missed` has told the fate, but for `left` and what is beside the tracks.
    Returns (veto signals, deposits, whether one of them made a pair that is seen as `pairs` are).
    """
    vetoes, deposits, paired = 0, 0, False
    deposit = e.deposits
    for i in range(tracks):
        at = e.impacts[i, t.AT_LKR]
        energy = e.energies[i]
        if energy > 0 and deposits < deposit.shape[0]:
            deposit[deposits, CLUSTER_X], deposit[deposits, CLUSTER_Y] = at[t.IMPACT_X], at[t.IMPACT_Y]
            deposit[deposits, CLUSTER_ENERGY], deposit[deposits, CLUSTER_TIME] = energy, e.times[i]
            deposits = secondary_deposits(rng, c, at, deposit, deposits + 1)
        station = lav_station(c, e.states[i], c.magnet_z, c.lkr_z)
        if station >= 0:
            vetoes = add_veto(e, vetoes, IN_LAV, station + 1.0, CHARGED_ENERGY, e.times[i])
    for k in range(count):
        row = e.particles[k]
        if row[t.PDG] != t.PHOTON:
            continue
        detector, station, x, y, energy = photon_target(rng, c, row)
        if k < decided and k != left and not (detector == IN_LKR and beside_any(c, e.particles, decided, x, y)):
            continue
        if not photon_seen(rng, c, detector, energy):
            continue
        if detector == IN_LKR and converts(rng, c, row):
            paired = pairs
            deposits = pair_deposits(c, x, y, energy, rng.random(), deposit, deposits)
            continue
        if detector == IN_LKR and deposits < deposit.shape[0]:
            deposit[deposits, CLUSTER_X], deposit[deposits, CLUSTER_Y] = x, y
            deposit[deposits, CLUSTER_ENERGY] = energy * photon_energy_response(rng, c, energy)
            deposit[deposits, CLUSTER_TIME] = 0.0
            deposits += 1
        elif detector in (IN_LAV, IN_IRC, IN_SAC):
            vetoes = add_veto(e, vetoes, detector, station + 1.0, energy, 0.0)
    return vetoes, deposits, paired


@inlined
def _simulate(
    rng: np.random.Generator,
    c: Constants,
    requirement: Requirement,
    bias: RareResponses,
    d: Decays,
    i: int,
    beam: Floats,
    downscaling: Ints,
    e: Scratch,
    out: EventBuffers,
    used: Ints,
) -> None:
    """Simulate decay i and append it to `out` if it is in the stream."""
    count, weight = load_products(rng, c, d, i, e), d.weight[i]
    decided, leptons, left = 0, 0, -1
    if requirement.no_extra_activity:  # most decays end here, before anything is tracked
        wanted = requirement.beside, requirement.pairs
        decided = count
        missed, count, left = photons_missed(rng, c, e.particles, count, bias.photon_missed, wanted, e.deposits)
        leptons = count
        weight *= russian_roulette(rng, missed, bias.roulette_below)
        if weight == 0.0:
            return
    count, tracks, untracked, factor = reconstruct(rng, c, d, e, count, requirement.tracks, bias)
    if tracks < 0 or not from_kaon(requirement, d, i, e.fits[0]):
        return
    for k in range(tracks):
        count = t.to_detectors(rng, c, e.particles, count, e.states[k], e.left[k], e.impacts[k])
    weight *= factor * shower(rng, c, e, count, tracks, bias)
    momentum = beam[d.conditions[i], 0]
    if not (
        has_types(requirement, e.e_over_p, tracks)
        and has_pair(requirement, e.fits, e.e_over_p, e.rich, e.muons, tracks, momentum, False)
        and resolved(e.impacts[:, t.AT_LKR, :2], e.e_over_p, tracks, requirement.separation)
    ):
        return
    accidentals = accidental_muons(rng, c, e.accidental_muons)
    weight *= muon_signals(rng, c, e, tracks, accidentals, bias)
    muons = true_muons(e, tracks) >= requirement.decayed and has_muons(
        requirement, e.fits, e.e_over_p, e.muons, tracks, momentum
    )
    if not (muons and is_single(requirement, e.fits, e.e_over_p, e.muons, tracks)):
        return
    # the RICH decides only where two positive tracks look like positrons; elsewhere it stays natural
    rare = two_positrons(requirement, e.fits, e.e_over_p, tracks)
    positron = bias.pi_plus_as_positron_in_rich if rare else 0.0
    weight *= identify(rng, c, e, tracks, positron, bias.muon_as_pion_in_rich)
    agrees = has_pair(requirement, e.fits, e.e_over_p, e.rich, e.muons, tracks, momentum, True)
    agrees = agrees and ring_of_single(requirement, e.rich)
    enough = missing_momentum(e.fits, tracks, momentum) >= requirement.min_missing_momentum and requirement.photons > 0
    if not ((agrees or enough) and in_ring_stratum(requirement, e.fits, e.e_over_p, e.rich, tracks)):
        return
    seen = pileup_tracks(rng, c, beam[d.conditions[i]], e, tracks)
    vetoes, deposits, paired = neutral(rng, c, e, decided, left, count, seen, requirement.pairs)
    found = vetoes, deposits, accidentals
    for k in range(decided, leptons):
        untracked = keep_untracked(c, e, untracked, e.particles[k], np.inf, e.particles[k])
    count, (vetoes, deposits, accidentals), vetoed = untracked_signals(rng, c, e, count, untracked, tracks, found)
    clusters = build_clusters(rng, c, e, pileup_clusters(rng, c, e, deposits))
    photons = photon_like(e.impacts[:, t.AT_LKR, :2], tracks, e.clusters, clusters)
    too_few = photons < (1 if requirement.beside == ONE_SEEN else 0 if agrees else requirement.photons)
    if ((vetoed or paired) and requirement.no_extra_activity) or too_few:
        return
    write_event(
        rng, c, d, i, e, count, tracks, seen, accidentals, vetoes, clusters, weight, beam, downscaling, out, used
    )


@entry
def simulate_events(
    rng: np.random.Generator,
    c: Constants,
    requirement: Requirement,
    bias: RareResponses,
    d: Decays,
    beam: Floats,
    downscaling: Ints,
    e: Scratch,
    out: EventBuffers,
    used: Ints,
) -> None:
    """Simulate all decays and append the events of the stream to `out`; `used` counts what is filled.

    `beam` has a row (momentum, slope x, slope y, x, y) and `downscaling` one of the six trigger lines for each
    running condition.  Deterministic in the state of `rng`.
    """
    for i in range(d.weight.size):
        if d.weight[i] > 0.0:
            _simulate(rng, c, requirement, bias, d, i, beam, downscaling, e, out, used)
