"""Clusters, times, trigger decisions, and the record of an event in the buffers of the event contract."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from analysis.detector import inside_ring, inside_square
from analysis.simulation import track_fit as f
from analysis.simulation import transport as t
from analysis.simulation.beam_record import write_beam
from analysis.simulation.constants import Constants, as_record
from analysis.simulation.kernel import kernel
from analysis.simulation.layout import Decays, Output
from analysis.simulation.response import Bias, happens, interpolate
from analysis.simulation.vetoes import IN_IRC, IN_LAV, IN_SAC

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_DETECTOR_TIME = 6.0
"""Time resolution (ns) of a track with no hodoscope signal: the spectrometer's own (JINST 12 (2017) P05025)."""
EMT_ENERGY, MUMT_ENERGY = 20000.0, 10000.0
"""Calorimeter energy (MeV) of the eMT and muMT lines (CERN-EP-2022-018 and arXiv:2211.04818, Section 1)."""
PINUNU_ENERGY = 30000.0
"""Calorimeter energy (MeV) from which the pinunu line vetoes; its conditions are those of JHEP 03 (2023) 122, as far as
they are simulated: a ring, no opposite hodoscope quadrants, no signal in the muon detector.
"""
MAX_TRACKS = 6
MINIMUM_BIAS, MT, EMT, MUMT, DIMUON, PINUNU = range(6)


class Event(Protocol):
    """Work space of one event, a record for the same reason as the detector's constants; rows of tracks belong
    together.

    `deposits` and `clusters` hold (x, y, energy), `vetoes` (detector, station, energy), `muons` whether a track gives
    a muon signal and the centre of its tile (x, y).
    """

    particles: Floats
    states: Floats
    hits: Floats
    fits: Floats
    low: Floats
    work: Floats
    impacts: Floats
    left: Floats
    ratios: Floats
    energies: Floats
    rich: Floats
    muons: Floats
    vetoes: Floats
    deposits: Floats
    clusters: Floats


def scratch() -> Event:
    """A fresh work space."""
    shapes = {
        "particles": (t.CAPACITY, t.COLUMNS),
        "states": (MAX_TRACKS, t.COLUMNS),
        "hits": (MAX_TRACKS, 4, 4),
        "fits": (MAX_TRACKS, f.FIT_COLUMNS),
        "low": (4, 4),
        "work": (8, 4),
        "impacts": (MAX_TRACKS, 4, 6),
        "left": (MAX_TRACKS,),
        "ratios": (MAX_TRACKS,),
        "energies": (MAX_TRACKS,),
        "rich": (MAX_TRACKS, 4),
        "muons": (MAX_TRACKS, 3),
        "vetoes": (16, 3),
        "deposits": (24, 3),
        "clusters": (24, 3),
    }
    return cast(Event, as_record({name: np.zeros(shape) for name, shape in shapes.items()}))


@kernel
def build_clusters(c: Constants, e: Event, deposits: int) -> int:
    """Merge deposits closer than the merging distance, the most energetic first; returns the number of clusters."""
    d, made = e.deposits, e.clusters
    count = 0
    for _ in range(deposits):
        best = 0
        for j in range(1, deposits):
            if d[j, 2] > d[best, 2]:
                best = j
        if d[best, 2] <= 0:
            break
        x, y, energy = d[best, 0], d[best, 1], 0.0
        sum_x, sum_y = 0.0, 0.0
        for j in range(deposits):
            if d[j, 2] > 0 and (d[j, 0] - x) ** 2 + (d[j, 1] - y) ** 2 < c.lkr_merging**2:
                sum_x += d[j, 0] * d[j, 2]
                sum_y += d[j, 1] * d[j, 2]
                energy += d[j, 2]
                d[j, 2] = 0.0
        if energy > c.lkr_threshold:
            made[count, 0], made[count, 1], made[count, 2] = sum_x / energy, sum_y / energy, energy
            count += 1
    return count


@kernel
def tile_centre(x: float, size: float) -> float:
    """Centre of the tile of that size that contains x; tiles are counted from 0."""
    return (np.floor(x / size) + 0.5) * size


@kernel
def nearest_cluster(c: Constants, e: Event, clusters: int, x: float, y: float) -> tuple[int, float]:
    """Nearest cluster within the association radius of (x, y), -1 if none, and the energy of all within it."""
    index, nearest, energy = -1, c.lkr_radius**2, 0.0
    for k in range(clusters):
        r2 = (e.clusters[k, 0] - x) ** 2 + (e.clusters[k, 1] - y) ** 2
        if r2 < c.lkr_radius**2:
            energy += e.clusters[k, 2]
            if r2 < nearest:
                index, nearest = k, r2
    return index, energy


@kernel
def muon_signal(rng: np.random.Generator, c: Constants, at: Floats, bias: Bias, out: Floats) -> float:
    """Whether a charged particle gives a MUV3 signal (muons, and pions by punch-through), and the tile's centre.

    Fills out = (1 or 0, x, y) and returns the weight of the draw.
    """
    kind, p = abs(at[t.IMPACT_PDG]), at[t.IMPACT_P]
    out[0], weight = 0.0, 1.0
    if kind == t.MUON:
        unseen, weight = happens(rng, 1 - c.muv3_efficiency, bias.muon_unseen)
        if unseen:
            return weight
    elif kind == t.PION:
        seen, weight = happens(rng, interpolate(p, c.pi_as_mu_p, c.pi_as_mu), bias.pion_as_muon)
        if not seen:
            return weight
    else:
        return weight
    sigma = c.muv3_search / 4 / p
    x = at[t.IMPACT_X] + sigma * rng.standard_normal()
    y = at[t.IMPACT_Y] + sigma * rng.standard_normal()
    if not inside_square(x, y, c.muv3_r_min, c.muv3_half):
        return weight
    inner = max(abs(x), abs(y)) < c.muv3_tile
    size = c.muv3_tile * 2 / 3 if inner else c.muv3_tile
    # the inner tiles are centred on the axis, the outer ones meet there
    out[0] = 1.0
    out[1] = np.round(x / size) * size if inner else tile_centre(x, size)
    out[2] = np.round(y / size) * size if inner else tile_centre(y, size)
    return weight


@kernel
def muon_signals(rng: np.random.Generator, c: Constants, e: Event, tracks: int, bias: Bias) -> float:
    """The MUV3 signals of all tracks; returns the weight of the draws."""
    weight = 1.0
    for i in range(tracks):
        weight *= muon_signal(rng, c, e.impacts[i, t.MUV], bias, e.muons[i])
    return weight


@kernel
def _write_track(
    rng: np.random.Generator, c: Constants, e: Event, i: int, clusters: int, time: float, r: Any, chod_time: float
) -> None:
    fit = e.fits[i]
    r.x, r.y, r.slope_x, r.slope_y = fit[f.FIT_X], fit[f.FIT_Y], fit[f.FIT_TX], fit[f.FIT_TY]
    r.x_after, r.y_after = f.position_after(fit, c.magnet_z)
    r.slope_x_after, r.slope_y_after = fit[f.FIT_TX] + fit[f.FIT_KINK], fit[f.FIT_TY]
    r.var_x, r.cov_x_slope_x, r.var_slope_x = fit[f.VAR_X], fit[f.COV_X_TX], fit[f.VAR_TX]
    r.var_y, r.cov_y_slope_y, r.var_slope_y = fit[f.VAR_Y], fit[f.COV_Y_TY], fit[f.VAR_TY]
    r.momentum, r.charge, r.chi2, r.chambers = fit[f.FIT_MOMENTUM], int(fit[f.FIT_CHARGE]), fit[f.FIT_CHI2], 4
    r.chod_time = chod_time
    r.rich_log_e, r.rich_log_mu, r.rich_log_pi = e.rich[i, 0], e.rich[i, 1], e.rich[i, 2]
    r.rich_hits = int(min(e.rich[i, 3], 255.0))
    r.rich_time = time + c.rich_sigma_time * rng.standard_normal() if e.rich[i, 3] > 0 else chod_time
    x, y = f.position(fit, c.lkr_z, c.magnet_z)
    index, energy = nearest_cluster(c, e, clusters, x, y)
    r.cluster_index, r.lkr_energy = index, energy
    r.lkr_time = time + c.lkr_sigma_time * rng.standard_normal() if index >= 0 else chod_time
    r.muv3_index, r.muv3_count, r.muv3_time = -1, 0, 0.0


@kernel
def _tile_taken(muons: Floats, k: int) -> bool:
    """Whether an earlier track gave a signal in the same tile: two muons make one signal there."""
    taken = False
    for j in range(k):
        taken |= muons[j, 0] > 0 and muons[j, 1] == muons[k, 1] and muons[j, 2] == muons[k, 2]
    return taken


@kernel
def _associate_muons(
    c: Constants, e: Event, tracks: int, time: float, out: Output, first: int, first_muon: int, n: int
) -> None:
    """Match MUV3 signals to tracks: the tile within the search radius of the extrapolated track."""
    for i in range(tracks):
        r = out.Track[first + i]
        x, y = f.position(e.fits[i], c.muv3_z, c.magnet_z)
        radius = c.muv3_search / e.fits[i, f.FIT_MOMENTUM]
        closest = np.inf
        for k in range(n):
            s = out.Muv3[first_muon + k]
            half = c.muv3_tile / 2 if s.outer else c.muv3_tile / 3
            dx = max(0.0, abs(x - s.x) - half)
            dy = max(0.0, abs(y - s.y) - half)
            if dx * dx + dy * dy < radius * radius:
                r.muv3_count += 1
                if abs(s.time - time) < closest:
                    closest = abs(s.time - time)
                    r.muv3_index, r.muv3_time = k, s.time


@kernel
def _opposite_quadrants(c: Constants, e: Event, tracks: int) -> tuple[np.bool_, np.bool_]:
    """Whether any track is seen by the hodoscope, and two in diagonally opposite quadrants."""
    seen = np.zeros(4, np.bool_)
    for i in range(tracks):
        at = e.impacts[i, t.CHOD]
        inside = inside_ring(at[t.IMPACT_X], at[t.IMPACT_Y], c.chod_r_min, c.chod_r_max)
        if at[t.IMPACT_PDG] != 0.0 and inside:
            right, low = int(at[t.IMPACT_X] < 0), int(at[t.IMPACT_Y] < 0)
            seen[right + 2 * low] = True
    return seen.any(), (seen[0] and seen[3]) or (seen[1] and seen[2])


@kernel
def _trigger(c: Constants, e: Event, tracks: int, clusters: int, muons: int, outer: int, fired: Flags) -> None:
    """The raw decisions of the six lines."""
    any_chod, opposite = _opposite_quadrants(c, e, tracks)
    rings, negative, energy = 0.0, False, 0.0
    for i in range(tracks):
        rings += e.rich[i, 3]
        negative |= e.fits[i, f.FIT_CHARGE] < 0
    for k in range(clusters):
        energy += e.clusters[k, 2]
    multi = opposite and rings > 0
    fired[MINIMUM_BIAS] = any_chod
    fired[MT] = multi and negative
    fired[EMT] = fired[MT] and energy >= EMT_ENERGY
    fired[MUMT] = fired[MT] and energy >= MUMT_ENERGY and outer > 0
    fired[DIMUON] = multi and negative and outer > 1
    fired[PINUNU] = any_chod and not opposite and rings > 0 and muons == 0 and energy < PINUNU_ENERGY


@kernel
def _write_vetoes(
    rng: np.random.Generator, c: Constants, e: Event, vetoes: int, time: float, ev: Any, out: Output, used: Ints
) -> None:
    for k in range(vetoes):
        detector, station, energy = e.vetoes[k]
        at = time + c.lav_sigma_time * rng.standard_normal()
        if detector == IN_LAV and ev.nLav < 12:
            r = out.Lav[used[6]]
            r.station, r.time, r.energy = int(station), at, energy
            used[6] += 1
            ev.nLav += 1
        elif detector == IN_IRC and ev.nIrc < 2:
            r = out.Irc[used[7]]
            r.time, r.energy = at, energy
            used[7] += 1
            ev.nIrc += 1
        elif detector == IN_SAC and ev.nSac < 2:
            r = out.Sac[used[8]]
            r.time, r.energy = at, energy
            used[8] += 1
            ev.nSac += 1


@kernel
def _write_generated(e: Event, count: int, ev: Any, out: Output, used: Ints) -> None:
    for k in range(count):
        row, r = e.particles[k], out.Generated[used[12]]
        r.pdg, r.parent = int(row[t.PDG]), int(row[t.PARENT])
        r.px, r.py, r.pz, r.energy = row[t.PX], row[t.PY], row[t.PZ], row[t.ENERGY]
        r.x, r.y, r.z, r.z_end = row[t.X], row[t.Y], row[t.Z], max(row[t.Z_END], row[t.Z])
        used[12] += 1
    ev.nGenerated = count


@kernel
def _write_scalars(d: Decays, i: int, weight: float, beam: Floats, downscaling: Ints, fired: Flags, ev: Any) -> None:
    row = d.conditions[i]
    ev.run, ev.burst = d.run[i], d.burst[i]
    ev.beam_momentum, ev.beam_slope_x, ev.beam_slope_y = beam[row, 0], beam[row, 1], beam[row, 2]
    ev.beam_x, ev.beam_y = beam[row, 3], beam[row, 4]
    ev.trigger_minimum_bias, ev.downscaling_minimum_bias = fired[MINIMUM_BIAS], downscaling[row, MINIMUM_BIAS]
    ev.trigger_MT, ev.downscaling_MT = fired[MT], downscaling[row, MT]
    ev.trigger_eMT, ev.downscaling_eMT = fired[EMT], downscaling[row, EMT]
    ev.trigger_muMT, ev.downscaling_muMT = fired[MUMT], downscaling[row, MUMT]
    ev.trigger_dimuon, ev.downscaling_dimuon = fired[DIMUON], downscaling[row, DIMUON]
    ev.trigger_pinunu, ev.downscaling_pinunu = fired[PINUNU], downscaling[row, PINUNU]
    ev.truth_weight = weight
    ev.truth_x, ev.truth_y, ev.truth_z = d.vertex[0, i], d.vertex[1, i], d.vertex[2, i]
    ev.truth_kaon_px, ev.truth_kaon_py, ev.truth_kaon_pz = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]


@kernel
def write_event(
    rng: np.random.Generator,
    c: Constants,
    d: Decays,
    i: int,
    e: Event,
    count: int,
    tracks: int,
    vetoes: int,
    clusters: int,
    weight: float,
    beam: Floats,
    downscaling: Ints,
    out: Output,
    used: Ints,
) -> None:
    """Append the record of decay i to the output buffers."""
    ev = out.event[used[0]]
    time = 25.0 * (rng.random() - 0.5)
    first_track, first_muon = used[1], used[3]
    ev.nTrack, ev.nCluster, ev.nMuv3, ev.nChod = tracks, clusters, 0, 0
    ev.nRichHit, ev.nLav, ev.nIrc, ev.nSac, ev.nChanti, ev.nKtag, ev.nGtk = 0, 0, 0, 0, 0, 0, 0
    outer = 0
    for k in range(clusters):
        r = out.Cluster[used[2]]
        r.x, r.y, r.energy = e.clusters[k, 0], e.clusters[k, 1], e.clusters[k, 2]
        r.time = time + c.lkr_sigma_time * rng.standard_normal()
        used[2] += 1
    for k in range(tracks):
        chod_time = time + NO_DETECTOR_TIME * rng.standard_normal()
        at = e.impacts[k, t.CHOD]
        inside = inside_ring(at[t.IMPACT_X], at[t.IMPACT_Y], c.chod_r_min, c.chod_r_max)
        if at[t.IMPACT_PDG] != 0.0 and inside:
            chod_time = time + c.chod_sigma_time * rng.standard_normal()
            s = out.Chod[used[4]]
            s.x, s.y = tile_centre(at[t.IMPACT_X], c.chod_tile_x), tile_centre(at[t.IMPACT_Y], c.chod_tile_y)
            s.time, s.track_index = chod_time, k
            used[4] += 1
            ev.nChod += 1
        _write_track(rng, c, e, k, clusters, time, out.Track[used[1]], chod_time)
        used[1] += 1
        if e.muons[k, 0] > 0 and not _tile_taken(e.muons, k):
            s = out.Muv3[used[3]]
            s.x, s.y, s.time = e.muons[k, 1], e.muons[k, 2], time + c.muv3_sigma_time * rng.standard_normal()
            s.outer = max(abs(s.x), abs(s.y)) > c.muv3_tile
            outer += int(s.outer)
            used[3] += 1
            ev.nMuv3 += 1
    _associate_muons(c, e, tracks, time, out, first_track, first_muon, ev.nMuv3)
    fired = np.zeros(6, np.bool_)
    _trigger(c, e, tracks, clusters, ev.nMuv3, outer, fired)
    ev.trigger_time = time + c.rich_sigma_time * rng.standard_normal()
    _write_scalars(d, i, weight, beam, downscaling, fired, ev)
    _write_vetoes(rng, c, e, vetoes, time, ev, out, used)
    write_beam(rng, c, d, i, beam[d.conditions[i]], time, ev, out, used)
    _write_generated(e, count, ev, out, used)
    used[0] += 1
