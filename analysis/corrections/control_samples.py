"""Control samples of known particles, chosen without asking the detector that is probed.

Pions are the three tracks of K+ -> pi+ pi+ pi-, chosen by kinematics alone. Positrons are the track of K+ -> pi0 e+
nu where both photons of the pi0 are seen. The missing mass removes K+ -> pi+ pi0, the muon detector K+ -> pi0 mu+
nu. Sources: CERN-EP-2022-018 Section 3, PLB 797 (2019) 134794 Section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_PI, MASS_PI0, PION_E_OVER_P
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, mrad, ns
from rarekaon.analysis.events.candidates import Candidates, three_track_vertices
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.photons import PhotonRule, with_pi0
from rarekaon.analysis.events.single_track import SingleTracks, single_tracks
from rarekaon.analysis.facts.detector import detector as facts
from rarekaon.analysis.kernels.geometry import in_lkr_acceptance, in_rich_acceptance, on_outer_muv3_tile
from rarekaon.analysis.selection.identification import e_over_p, muv3_in_time, vertex_time
from rarekaon.analysis.selection.neutral_pion import neutral_vertex_z
from rarekaon.analysis.selection.three_track import (
    LKR_SEPARATION,
    RICH_ANGLE,
    VERTEX_CHARGE,
    VERTEX_Z,
    closed_kinematics,
)

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

PHOTON = PhotonRule(2 * GeV, 150 * mm, Interval(-1, 5 * ns), Interval(5 * ns, 30 * ns))
ELECTRON_LIKE, MUON_LIKE = Interval(0.9, 1.1), 0.2
"""E/p of electrons, and below which a track is a muon, in the searches."""
MUON_WINDOW = 5 * ns


@dataclass(frozen=True)
class Probe:
    """Tracks of a known kind, one a row, and what the detectors say about them."""

    momentum: Float
    """In MeV, shape (n,)."""
    charge: NDArray[np.int64]
    """In units of e, (n,)."""
    weight: Float
    """Weight of the track's event, (n,)."""
    e_over_p: Float
    """E/p, (n,)."""
    rich_electron: Mask
    """Whether the RICH prefers the electron to the pion, (n,)."""
    in_rich: Mask
    """Whether the track crosses the RICH and has hits there, (n,)."""
    muon: Mask
    """Whether a MUV3 signal in time is associated, (n,)."""
    outer: Mask
    """Whether the track points at an outer tile of MUV3, (n,)."""
    outer_muon: Mask
    """Whether the signal is of an outer tile, which is what the di-muon line asks for, (n,)."""

    def take(self, rows: Mask) -> Probe:
        return Probe(**{name: values[rows] for name, values in vars(self).items()})


def _probe(c: Candidates, weight: Float) -> Probe:
    """All tracks of candidates that reach the calorimeter, with the weights (n,) of their events.

    The last large-angle station covers the calorimeter's edge.
    """
    impact, front = c.at_plane(facts().lkr.z), c.at_plane(facts().rich.z_front)
    behind = c.at_plane(facts().muv3.z)
    shadow = np.linalg.norm(c.at_plane(facts().lav.z_back[-1]), axis=-1) > facts().lav.r_min[-1]
    inside = in_lkr_acceptance(impact[..., 0], impact[..., 1]) & ~shadow
    muon = muv3_in_time(c, MUON_WINDOW)
    values = (
        c.track("momentum"),
        c.track("charge").astype(np.int64),
        np.repeat(weight[:, None], c.tracks.shape[1], axis=1),
        e_over_p(c),
        c.track("rich_log_e") > c.track("rich_log_pi"),
        in_rich_acceptance(front[..., 0], front[..., 1]) & (c.track("rich_hits") > 0),
        muon,
        on_outer_muv3_tile(behind[..., 0], behind[..., 1]),
        muon & _of_outer_tile(c),
    )
    return Probe(*(np.asarray(v)[inside] for v in values))


def _of_outer_tile(c: Candidates) -> Mask:
    """Tracks (n, k) whose associated signal is of an outer tile; of no meaning without one."""
    outer = c.columns.flat("Muv3", "outer")
    place = c.columns.offsets("Muv3")[c.event][:, None] + c.track("muv3_index")
    return np.asarray(np.append(outer, False)[np.clip(place, 0, len(outer))])


def pions(columns: Columns, weight: Float) -> Probe:
    """Pions of closed three-pion vertices whose rings and showers do not overlap; `weight` (events,)."""
    c = three_track_vertices(columns)
    wanted = np.ones(len(c), bool)
    for quantity, within in (
        (VERTEX_CHARGE, Interval(0.5, 1.5)),
        (VERTEX_Z, Interval(105 * m, 180 * m)),
        (RICH_ANGLE, Interval(low=4 * mrad)),
        (LKR_SEPARATION, Interval(low=200 * mm)),
        *((cut.quantity, cut.within) for cut in closed_kinematics(2.5 * GeV)),
    ):
        inside = within.mask(quantity.of(c))
        wanted &= inside if inside.ndim == 1 else inside.all(axis=1)
    energy = np.sqrt((c.momentum**2).sum(axis=-1) + MASS_PI**2).sum(axis=1)
    mass = np.sqrt(energy**2 - (c.momentum.sum(axis=1) ** 2).sum(axis=-1))
    chosen = c.take(wanted & (np.abs(mass - MASS_K) < 3 * MeV))
    return _probe(chosen, weight[chosen.event])


def positrons(columns: Columns, weight: Float) -> Probe:
    """Positrons beside a pi0, kaon and both photons measured; `weight` (events,)."""
    c = single_tracks(columns)
    c = c.take(_beside_pi0(c) & ~muv3_in_time(c, MUON_WINDOW)[:, 0])
    return _probe(c, weight[c.event])


def _beside_pi0(c: SingleTracks) -> Mask:
    both = with_pi0(c, vertex_time(c), PHOTON)
    pi0 = both.momentum[:, 1]
    left = c.kaon - pi0
    energy = np.sqrt((c.kaon**2).sum(axis=-1) + MASS_K**2) - np.sqrt((pi0**2).sum(axis=-1) + MASS_PI0**2)
    to_pi0 = energy**2 - (left**2).sum(axis=-1)
    energy = energy - np.sqrt((c.momentum[:, 0] ** 2).sum(axis=-1) + MASS_E**2)
    to_neutrino = energy**2 - ((left - c.momentum[:, 0]) ** 2).sum(axis=-1)
    near = np.abs(neutral_vertex_z(both) - c.vertex[:, 2]) < 6 * m
    three_body = (to_pi0 > 0.03 * GeV2) | (to_pi0 < 0.008 * GeV2)
    return np.asarray((both.in_time == 2) & near & three_body & (np.abs(to_neutrino) < 0.008 * GeV2))


@dataclass(frozen=True)
class TagAndProbe:
    """One probability that is measured by tag and probe."""

    name: str
    """Key in the correctionlib file."""
    meaning: str
    """Which tracks, tagged how, pass what."""
    control: Callable[[Columns, Float], Probe]
    """Gives the probes of a chunk with the weights of its events."""
    tagged: Callable[[Probe], Mask]
    """Which probes count."""
    passed: Callable[[Probe], Mask]
    """Which of these have what is asked for."""
    edges: tuple[float, ...]
    """Edges of the momentum bins, in GeV."""


MUON_EDGES = (8.0, 11.0, 15.0, 20.0, 25.0, 30.0, 45.0)
PION_EDGES = (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 44.0)
ELECTRON_EDGES = (6.0, 10.0, 15.0, 20.0, 25.0, 30.0, 36.0, 44.0)


def _positive_with_ring(p: Probe) -> Mask:
    return np.asarray((p.charge > 0) & p.in_rich)


def _ring_of_electron(p: Probe) -> Mask:
    return np.asarray(p.in_rich & p.rich_electron)


def _showering(p: Probe) -> Mask:
    return np.asarray(p.outer & (p.e_over_p > MUON_LIKE) & (p.e_over_p < PION_E_OVER_P))


def _electron(p: Probe) -> Mask:
    return ELECTRON_LIKE.mask(p.e_over_p)


MAPS = (
    TagAndProbe(
        "pi_plus_as_e", "pi+ with the E/p of an electron", pions, lambda p: p.charge > 0, _electron, PION_EDGES
    ),
    TagAndProbe(
        "pi_minus_as_e", "pi- with the E/p of an electron", pions, lambda p: p.charge < 0, _electron, PION_EDGES
    ),
    TagAndProbe(
        "pi_plus_as_e_rich", "pi+ that the RICH prefers as positron", pions, _positive_with_ring,
        lambda p: p.rich_electron, PION_EDGES,
    ),
    TagAndProbe(
        "pi_efficiency", "pions with E/p below 0.85", pions, lambda p: p.charge != 0,
        lambda p: p.e_over_p < PION_E_OVER_P, PION_EDGES,
    ),
    TagAndProbe(
        "pi_as_mu", "pions with a signal of an outer tile within 5 ns, tagged by E/p", pions, _showering,
        lambda p: p.outer_muon, MUON_EDGES,
    ),
    TagAndProbe(
        "pi_minimum_ionising", "pions with the E/p of a muon, tagged as no muons by the muon detector", pions,
        lambda p: ~p.muon, lambda p: p.e_over_p < MUON_LIKE, MUON_EDGES,
    ),
    TagAndProbe(
        "e_as_pi", "positrons with E/p below 0.85, tagged by the RICH", positrons, _ring_of_electron,
        lambda p: p.e_over_p < PION_E_OVER_P, ELECTRON_EDGES,
    ),
    TagAndProbe(
        "e_efficiency", "positrons with the E/p of an electron, tagged by the RICH", positrons, _ring_of_electron,
        _electron, ELECTRON_EDGES,
    ),
    TagAndProbe(
        "e_efficiency_rich", "positrons that the RICH prefers as positrons, tagged by E/p", positrons,
        lambda p: p.in_rich & _electron(p), lambda p: p.rich_electron, ELECTRON_EDGES,
    ),
)  # fmt: skip
