"""Times, and the record of an event in the buffers of the event contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import inlined
from rarekaon.analysis.kernels.geometry import inside_ring
from rarekaon.analysis.simulation.activity.accidentals import MOST_CHOD, MOST_RICH, write_accidentals
from rarekaon.analysis.simulation.activity.beam_particles import write_beam
from rarekaon.analysis.simulation.detector import track_fit as f
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.clusters import nearest_cluster
from rarekaon.analysis.simulation.detector.muons import associate_muons
from rarekaon.analysis.simulation.detector.scratch import (
    CLUSTER_ENERGY,
    CLUSTER_TIME,
    CLUSTER_X,
    CLUSTER_Y,
    LOG_E,
    LOG_MU,
    LOG_PI,
    MUON_SIGNAL,
    MUON_X,
    MUON_Y,
    RING_HITS,
    Scratch,
)
from rarekaon.analysis.simulation.detector.tiles import outer_tile, tile_centre, tile_taken
from rarekaon.analysis.simulation.detector.vetoes import IN_CHOD, IN_IRC, IN_LAV, IN_RICH, IN_SAC
from rarekaon.analysis.simulation.event.trigger import (
    DIMUON,
    EMT,
    MINIMUM_BIAS,
    MT,
    MUMT,
    PINUNU,
    opposite_in_time,
    outer_in_time,
    stations_in_time,
    trigger,
)
from rarekaon.analysis.simulation.ground.buffers import (
    CAPACITY,
    USED_CHOD,
    USED_CLUSTER,
    USED_EVENT,
    USED_GENERATED,
    USED_IRC,
    USED_LAV,
    USED_MUV3,
    USED_RICH_HIT,
    USED_SAC,
    USED_TRACK,
    Decays,
    EventBuffers,
)
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CAPACITY_LAV, CAPACITY_IRC, CAPACITY_SAC = CAPACITY["Lav"], CAPACITY["Irc"], CAPACITY["Sac"]
NO_DETECTOR_TIME = 6.0
"""Time resolution (ns) of a track with no hodoscope signal: the spectrometer's own (JINST 12 (2017) P05025)."""


@inlined
def _write_track(
    rng: np.random.Generator, c: Constants, e: Scratch, i: int, clusters: int, time: float, r: Any, chod_time: float
) -> None:
    fit = e.fits[i]
    r.x, r.y, r.slope_x, r.slope_y = fit[f.FIT_X], fit[f.FIT_Y], fit[f.FIT_TX], fit[f.FIT_TY]
    r.x_after, r.y_after = f.position_after(fit, c.magnet_z)
    r.slope_x_after, r.slope_y_after = fit[f.FIT_TX] + fit[f.FIT_KINK], fit[f.FIT_TY]
    r.var_x, r.cov_x_slope_x, r.var_slope_x = fit[f.VAR_X], fit[f.COV_X_TX], fit[f.VAR_TX]
    r.var_y, r.cov_y_slope_y, r.var_slope_y = fit[f.VAR_Y], fit[f.COV_Y_TY], fit[f.VAR_TY]
    r.momentum, r.charge = fit[f.FIT_MOMENTUM], int(fit[f.FIT_CHARGE])
    r.chi2, r.chambers = fit[f.FIT_CHI2], int(fit[f.FIT_CHAMBERS])
    r.chod_time = chod_time
    r.rich_log_e, r.rich_log_mu, r.rich_log_pi = e.rich[i, LOG_E], e.rich[i, LOG_MU], e.rich[i, LOG_PI]
    r.rich_hits = int(min(e.rich[i, RING_HITS], 255.0))
    r.rich_time = time + c.rich_sigma_time * rng.standard_normal() if e.rich[i, RING_HITS] > 0 else chod_time
    x, y = f.position(fit, c.lkr_z, c.magnet_z)
    index, energy = nearest_cluster(c, e, clusters, x, y, e.times[i])
    r.cluster_index, r.lkr_energy = index, energy
    r.lkr_time = time + c.lkr_sigma_time * rng.standard_normal() if index >= 0 else chod_time
    r.muv3_index, r.muv3_count, r.muv3_time = -1, 0, 0.0


@inlined
def _write_muons(
    rng: np.random.Generator,
    c: Constants,
    e: Scratch,
    own: int,
    tracks: int,
    accidentals: int,
    time: float,
    ev: Any,
    out: EventBuffers,
    used: Ints,
) -> int:
    """The signals of the tracks, then the accidental ones; returns how many are of the decay's `own` tracks."""
    muons = 0
    for k in range(tracks + accidentals):
        s = out.Muv3[used[USED_MUV3]]
        if k < tracks:
            if e.muons[k, MUON_SIGNAL] == 0 or tile_taken(e.muons, k):
                continue
            s.x, s.y = e.muons[k, MUON_X], e.muons[k, MUON_Y]
            s.time = time + e.times[k] + c.muv3_sigma_time * rng.standard_normal()
            muons += int(k < own)
        else:
            s.x, s.y, s.time = e.accidental_muons[k - tracks]
            s.time += time
        s.outer = outer_tile(c, s.x, s.y)
        used[USED_MUV3] += 1
        ev.nMuv3 += 1
    return muons


@inlined
def _write_hodoscopes(
    rng: np.random.Generator, c: Constants, e: Scratch, vetoes: int, time: float, ev: Any, out: EventBuffers, used: Ints
) -> None:
    """Hodoscope tiles and RICH hits of charged particles without a track."""
    for k in range(vetoes):
        detector, x, y, delay = e.vetoes[k]
        if detector == IN_CHOD and ev.nChod < MOST_CHOD:
            s = out.Chod[used[USED_CHOD]]
            s.x, s.y = tile_centre(x, c.chod_tile_x), tile_centre(y, c.chod_tile_y)
            s.time, s.track_index = time + delay + c.chod_sigma_time * rng.standard_normal(), -1
            used[USED_CHOD] += 1
            ev.nChod += 1
        elif detector == IN_RICH:
            for _ in range(min(MOST_RICH - ev.nRichHit, int(y))):
                out.RichHit[used[USED_RICH_HIT]].time = time + delay + c.rich_sigma_time * rng.standard_normal()
                used[USED_RICH_HIT] += 1
                ev.nRichHit += 1


@inlined
def _write_vetoes(
    rng: np.random.Generator, c: Constants, e: Scratch, vetoes: int, time: float, ev: Any, out: EventBuffers, used: Ints
) -> None:
    for k in range(vetoes):
        detector, station, energy, delay = e.vetoes[k]
        if detector in (IN_CHOD, IN_RICH):
            continue
        at = time + delay + c.lav_sigma_time * rng.standard_normal()
        if detector == IN_LAV and ev.nLav < CAPACITY_LAV:
            r = out.Lav[used[USED_LAV]]
            r.station, r.time, r.energy = int(station), at, energy
            used[USED_LAV] += 1
            ev.nLav += 1
        elif detector == IN_IRC and ev.nIrc < CAPACITY_IRC:
            r = out.Irc[used[USED_IRC]]
            r.time, r.energy = at, energy
            used[USED_IRC] += 1
            ev.nIrc += 1
        elif detector == IN_SAC and ev.nSac < CAPACITY_SAC:
            r = out.Sac[used[USED_SAC]]
            r.time, r.energy = at, energy
            used[USED_SAC] += 1
            ev.nSac += 1


@inlined
def _write_generated(e: Scratch, count: int, ev: Any, out: EventBuffers, used: Ints) -> None:
    for k in range(count):
        row, r = e.particles[k], out.Generated[used[USED_GENERATED]]
        r.pdg, r.parent = int(row[t.PDG]), int(row[t.PARENT])
        r.px, r.py, r.pz, r.energy = row[t.PX], row[t.PY], row[t.PZ], row[t.ENERGY]
        r.x, r.y, r.z, r.z_end = row[t.X], row[t.Y], row[t.Z], max(row[t.Z_END], row[t.Z])
        used[USED_GENERATED] += 1
    ev.nGenerated = count


@inlined
def _write_scalars(d: Decays, i: int, weight: float, beam: Floats, downscaling: Ints, ev: Any) -> None:
    row = d.conditions[i]
    ev.run, ev.burst = d.run[i], d.burst[i]
    ev.beam_momentum, ev.beam_slope_x, ev.beam_slope_y = beam[row, 0], beam[row, 1], beam[row, 2]
    ev.beam_x, ev.beam_y = beam[row, 3], beam[row, 4]
    factor = downscaling[row]
    ev.downscaling_minimum_bias, ev.downscaling_MT, ev.downscaling_eMT = factor[MINIMUM_BIAS], factor[MT], factor[EMT]
    ev.downscaling_muMT, ev.downscaling_dimuon, ev.downscaling_pinunu = factor[MUMT], factor[DIMUON], factor[PINUNU]
    ev.truth_weight = weight
    ev.truth_x, ev.truth_y, ev.truth_z = d.vertex[0, i], d.vertex[1, i], d.vertex[2, i]
    ev.truth_kaon_px, ev.truth_kaon_py, ev.truth_kaon_pz = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]


@inlined
def write_event(
    rng: np.random.Generator,
    c: Constants,
    d: Decays,
    i: int,
    e: Scratch,
    count: int,
    own: int,
    tracks: int,
    accidentals: int,
    vetoes: int,
    clusters: int,
    weight: float,
    beam: Floats,
    downscaling: Ints,
    out: EventBuffers,
    used: Ints,
) -> None:
    """Append the record of decay i to the output buffers: its `own` tracks come before those of other decays."""
    ev = out.event[used[USED_EVENT]]
    time = 25.0 * (rng.random() - 0.5)
    first_track, first_muon, first_chod = used[USED_TRACK], used[USED_MUV3], used[USED_CHOD]
    first_lav = used[USED_LAV]
    ev.nTrack, ev.nCluster, ev.nMuv3, ev.nChod = tracks, clusters, 0, 0
    ev.nRichHit, ev.nLav, ev.nIrc, ev.nSac, ev.nChanti, ev.nKtag, ev.nGtk = 0, 0, 0, 0, 0, 0, 0
    for k in range(clusters):
        r = out.Cluster[used[USED_CLUSTER]]
        r.x, r.y, r.energy = e.clusters[k, CLUSTER_X], e.clusters[k, CLUSTER_Y], e.clusters[k, CLUSTER_ENERGY]
        r.time = time + e.clusters[k, CLUSTER_TIME] + c.lkr_sigma_time * rng.standard_normal()
        used[USED_CLUSTER] += 1
    for k in range(tracks):
        at_track = time + e.times[k]
        chod_time = at_track + NO_DETECTOR_TIME * rng.standard_normal()
        at = e.impacts[k, t.AT_CHOD]
        inside = inside_ring(at[t.IMPACT_X], at[t.IMPACT_Y], c.chod_r_min, c.chod_r_max)
        if at[t.IMPACT_PDG] != 0.0 and inside:
            chod_time = at_track + c.chod_sigma_time * rng.standard_normal()
            s = out.Chod[used[USED_CHOD]]
            s.x, s.y = tile_centre(at[t.IMPACT_X], c.chod_tile_x), tile_centre(at[t.IMPACT_Y], c.chod_tile_y)
            s.time, s.track_index = chod_time, k if rng.random() < c.chod_matched else -1
            used[USED_CHOD] += 1
            ev.nChod += 1
        _write_track(rng, c, e, k, clusters, at_track, out.Track[used[USED_TRACK]], chod_time)
        used[USED_TRACK] += 1
    muons = _write_muons(rng, c, e, own, tracks, accidentals, time, ev, out, used)
    _write_hodoscopes(rng, c, e, vetoes, time, ev, out, used)
    _write_vetoes(rng, c, e, vetoes, time, ev, out, used)
    write_accidentals(rng, c, time, ev, out, used)
    outer = outer_in_time(out, first_muon, ev.nMuv3, time)
    opposite = opposite_in_time(out, first_chod, ev.nChod, time)
    lav = stations_in_time(out, first_lav, ev.nLav, time)
    trigger(c, e, own, clusters, muons, outer, opposite, lav, ev)
    associate_muons(c, e, tracks, time, out, first_track, first_muon, ev.nMuv3)
    ev.trigger_time = time + c.rich_sigma_time * rng.standard_normal()
    _write_scalars(d, i, weight, beam, downscaling, ev)
    write_beam(rng, c, d, i, beam[d.conditions[i]], time, ev, out, used)
    _write_generated(e, count, ev, out, used)
    used[USED_EVENT] += 1
