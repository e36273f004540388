"""Pileup: tracks of other kaon decays and calorimeter clusters of other particles, at times of their own.

The tracks are muons of K+ -> mu+ nu, the decay that most often gives one, from anywhere along the beam, followed and
reconstructed like the decay's own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.kernels.geometry import inside_octagon, inside_ring
from rarekaon.analysis.simulation.activity.accidentals import accidental_count, moment
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.muons import muon_signal
from rarekaon.analysis.simulation.detector.particle_response import ionisation, minimum_ionising, rich_likelihoods
from rarekaon.analysis.simulation.detector.scratch import (
    CLUSTER_ENERGY,
    CLUSTER_TIME,
    CLUSTER_X,
    CLUSTER_Y,
    MAX_TRACKS,
    Scratch,
)
from rarekaon.analysis.simulation.detector.track_fit import FIT_MOMENTUM, fit_track
from rarekaon.analysis.simulation.detector.vetoes import lav_station
from rarekaon.analysis.simulation.ground.beam import Z_LAST
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

MUON_MOMENTUM = (MASS_K**2 - MASS_MU**2) / (2 * MASS_K)
"""Momentum (MeV) of the muon in the kaon's frame."""


NATURAL = RareResponses()


@kernel
def decay_muon(rng: np.random.Generator, c: Constants, beam: Floats, row: Floats) -> None:
    """A muon of K+ -> mu+ nu into a row; the kaon is one of the mean beam (momentum, slopes, position at GTK3)."""
    row[:] = 0.0
    cosine, phi = 2 * rng.random() - 1, 2 * np.pi * rng.random()
    across = MUON_MOMENTUM * np.sqrt(1 - cosine * cosine)
    energy = np.sqrt(MUON_MOMENTUM**2 + MASS_MU**2)
    kaon = np.sqrt(beam[0] ** 2 + MASS_K**2)
    along = (kaon * MUON_MOMENTUM * cosine + beam[0] * energy) / MASS_K
    row[t.PDG], row[t.CHARGE] = -t.MUON, 1.0
    row[t.PX] = across * np.cos(phi) + along * beam[1]
    row[t.PY] = across * np.sin(phi) + along * beam[2]
    row[t.PZ] = along
    row[t.ENERGY] = (kaon * energy + beam[0] * MUON_MOMENTUM * cosine) / MASS_K
    row[t.Z] = Z_GTK3 + (Z_LAST - Z_GTK3) * rng.random()
    row[t.X] = beam[3] + beam[1] * (row[t.Z] - c.gtk_z)
    row[t.Y] = beam[4] + beam[2] * (row[t.Z] - c.gtk_z)


@kernel
def _respond(rng: np.random.Generator, c: Constants, e: Scratch, i: int) -> None:
    """RICH, calorimeter and MUV3 signals of a pileup track."""
    e.e_over_p[i], e.energies[i], e.rich[i, :] = -1.0, 0.0, 0.0
    at = e.impacts[i, t.AT_LKR]
    inside = inside_octagon(at[t.IMPACT_X], at[t.IMPACT_Y], c.irc_r_max, c.lkr_apothem)
    if at[t.IMPACT_PDG] != 0.0 and inside:
        e.energies[i] = minimum_ionising(rng, c, at[t.IMPACT_P]) * at[t.IMPACT_P]
        e.e_over_p[i] = e.energies[i] / e.fits[i, FIT_MOMENTUM]
    at = e.impacts[i, t.AT_RICH]
    inside = inside_ring(at[t.IMPACT_X] - c.rich_x, at[t.IMPACT_Y], c.rich_r_min, c.rich_r_max)
    if at[t.IMPACT_PDG] != 0.0 and inside:
        rich_likelihoods(rng, c, int(at[t.IMPACT_PDG]), at[t.IMPACT_P], 0.0, 0.0, 0.0, e.rich[i])
    muon_signal(rng, c, e.impacts[i, t.AT_MUV3], NATURAL, e.muons[i])


@kernel
def pileup_tracks(rng: np.random.Generator, c: Constants, beam: Floats, e: Scratch, tracks: int) -> int:
    """Add the tracks of pileup decays behind the decay's own; returns the number of all."""
    e.times[:tracks] = 0.0
    for _ in range(accidental_count(rng, c, c.activity_decays, MAX_TRACKS)):
        if tracks == MAX_TRACKS:
            return tracks
        source, state = e.pileup[0], e.states[tracks]
        decay_muon(rng, c, beam, source)
        t.copy(source, state)
        state[t.PARENT] = 0
        if state[t.PZ] < t.SOFTEST_TRACK:
            continue
        path = t.decay_length(rng, state)
        count, left, seen = t.through_spectrometer(rng, c, e.pileup, 1, state, path, e.hits[:0], e.hits[tracks])
        if not seen or lav_station(c, source, source[t.Z], c.magnet_z) >= 0:
            continue
        if fit_track(c, e.hits[tracks], e.low, e.work, e.fits[tracks]):
            t.to_detectors(rng, c, e.pileup, count, state, left, e.impacts[tracks])
            e.times[tracks] = moment(rng, c)
            _respond(rng, c, e, tracks)
            tracks += 1
    return tracks


@kernel
def accidental_energy(rng: np.random.Generator, c: Constants) -> float:
    """Energy (MeV) of an accidental cluster: a minimum ionising particle's, or a shower's."""
    if rng.random() < c.activity_lkr_mip:
        return ionisation(rng, c)
    return c.activity_lkr_least + c.activity_energy * rng.standard_exponential()


@kernel
def pileup_clusters(rng: np.random.Generator, c: Constants, e: Scratch, deposits: int) -> int:
    """Add calorimeter deposits of other particles; returns the number of all."""
    for _ in range(accidental_count(rng, c, c.activity_lkr, e.deposits.shape[0] - deposits)):
        x, y = c.activity_spread * rng.standard_normal(), c.activity_spread * rng.standard_normal()
        if inside_octagon(x, y, c.lkr_r_min, c.lkr_apothem):
            row = e.deposits[deposits]
            row[CLUSTER_X], row[CLUSTER_Y], row[CLUSTER_TIME] = x, y, moment(rng, c)
            row[CLUSTER_ENERGY] = accidental_energy(rng, c)
            deposits += 1
    return deposits
