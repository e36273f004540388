"""Streams: which events are stored.  As in the experiment, analyses read a skim and not everything.

A stream also names its regions of phase space: the kinematic corners the importance sampler concentrates on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rarekaon.analysis.contract.particles import PION_E_OVER_P
from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm
from rarekaon.analysis.simulation.detector.vetoes import ONE_SEEN
from rarekaon.analysis.simulation.ground.beam import decayed_before


class Requirement(NamedTuple):
    """What a stored event satisfies, in reconstructed quantities.

    A pair of electron-like tracks is asked for if `electrons` is 2. It may be of opposite sign, with the masses and the
    total momentum asked for. Or it is of like sign: then the total momentum is the beam's or much is missing, and the
    RICH must prefer positrons to pions for a positive pair, unless much is missing and another track is muon-like or
    there are `photons` clusters off the tracks.
    """

    tracks: int
    """Least number of tracks."""
    electrons: int = 0
    """Least number of electron-like tracks, beside which another one is pion-like."""
    positrons: int = 0
    """1: two positive tracks are electron-like. -1: they are not. These are strata of a stream."""
    rings: int = 0
    """1: the RICH prefers both of two such tracks to be positrons. -1: it does not. These are strata, too."""
    muons: int = 0
    """Least number of muon-like tracks with a MUV3 signal. Without electrons another track is pion-like."""
    electron_e_over_p: float = 0.89
    """Least E/p of an electron-like track."""
    pion_e_over_p: float = PION_E_OVER_P
    """Largest E/p of a pion-like track."""
    muon_e_over_p: float = 0.22
    """Largest E/p of a muon-like track."""
    max_missing_momentum: float = np.inf
    """Largest difference (MeV) of the beam's and the total momentum, where none is missing."""
    min_missing_momentum: float = 0.0
    """Least missing momentum (MeV), where much is."""
    pair_mass: float = 0.0
    """Least mass (MeV) of a pair of opposite sign."""
    separation: float = 0.0
    """Least distance (mm) of tracks in the calorimeter's plane."""
    vertex_mass: float = 0.0
    """Least mass (MeV) of all tracks."""
    vertex_below: float = np.inf
    """Largest mass (MeV) of all tracks."""
    decayed: int = 0
    """Least number of tracks that are true muons at MUV3: decayed pions, where the decay makes no muon."""
    no_extra_activity: bool = False
    """Whether no photon and no charged particle without a track gives a signal in a veto, or in the calorimeter away
    from the track."""
    beside: int = 0
    """1: some photon points at the calorimeter beside a track. -1: none does. These are strata of a stream with
    `no_extra_activity`. `ONE_SEEN`: one
    photon is a cluster off the track, and the calorimeter misses all others."""
    pairs: bool = False
    """Whether photons that make a pair in front of the magnet are seen, too, by chambers and hodoscope."""
    photons: int = 0
    """Clusters off the tracks that let a like-sign pair pass without the RICH."""
    single: int = 0
    """PDG number of the only track, a positron (11), a muon (13) or a pion (211); 0: no such condition."""
    momentum: tuple[float, float] = (0.0, np.inf)
    """Range (MeV) of that track's momentum."""
    closest: float = np.inf
    """Largest distance (mm) at which the line of that track passes the kaon's."""
    shower: float = 0.0
    """Least energy (MeV) of a single pion in the calorimeter."""
    pion_likelihood: tuple[float, float] = (0.0, 0.0)
    """Least log L(pi) - log L(mu) and log L(pi) - log L(e) of a single pion in the RICH."""


@dataclass(frozen=True)
class PhaseSpaceRegion:
    """A corner of phase space that the importance sampling concentrates on, in true quantities of the charged
    products."""

    share: float
    """Share of the decays that is generated for it."""
    missing: tuple[float, float] = (-np.inf, np.inf)
    """Range (MeV) of the beam's momentum less that of the products."""
    transverse: float = np.inf
    """Largest transverse momentum (MeV) of the products."""
    photon_veto: bool = False
    """Whether no photon above the veto's threshold points at a large-angle station."""
    photons: int = 0
    """Photons of at least 1.5 GeV that point at the calorimeter; their momenta count with the charged ones."""
    sign: int = 0
    """Product of the charges of some pair of charged products; 0: any."""
    pair_mass: float = 0.0
    """Least mass (MeV) of this pair as electrons."""
    vertex_mass: float = 0.0
    """Least mass (MeV) of all charged products, the others as pions."""
    invisible: float = -np.inf
    """Least squared mass (MeV2) of what is not charged."""
    missed: bool = False
    """Whether decays count with the probability that all their photons are missed."""
    lone: bool = False
    """Whether one positive product is seen, and no detector meets the other charged ones."""


@dataclass(frozen=True)
class Stream:
    """Which events are stored, and where in phase space decays are concentrated.

    Streams of analyses hold decays behind GTK3, data and simulation alike. Decays upstream of it are rows of their own
    in the papers' tables and samples of their own here (`upstream`), because few of them pass.
    """

    name: str
    """Key in the catalogue."""
    requirement: Requirement
    """What a stored event satisfies."""
    concentrate_on: tuple[PhaseSpaceRegion, ...]
    """Corners of phase space that the importance sampling concentrates on; none: plain sampling."""
    meaning: str
    """What `kaon simulate --list` says of it."""
    first: float = -np.inf
    """Decays before this z (mm) are left out."""
    last: float = np.inf
    """Decays behind this z (mm) are left out."""

    @property
    def upstream(self) -> Stream:
        """The same stream of the decays upstream of GTK3."""
        return replace(self, first=-np.inf, last=Z_GTK3)

    @property
    def decays(self) -> tuple[float, float]:
        """The range of u of `vertex_z` in which decays happen."""
        return decayed_before(self.first), decayed_before(self.last)


THREE_TRACKS = PhaseSpaceRegion(0.9)
ONE_MUON = Requirement(1, no_extra_activity=True, single=13)
NO_LATE_DECAY = 170 * m
"""Behind it both photons of K+ -> pi+ pi0 pass between the vetoes far more often.  Selections of a lone pion end at
165 m.
"""
PION_MOMENTUM = (14.5 * GeV, 35.5 * GeV)
ONE_PION = Requirement(1, single=211, momentum=PION_MOMENTUM, shower=1.9 * GeV, pion_likelihood=(2.9, 9.9))
MINIMUM_PAIR, MINIMUM_VERTEX = 130 * MeV, 440 * MeV
BALANCED, NEARLY_BALANCED = (-3 * GeV, 3 * GeV), (-5 * GeV, 5 * GeV)

DIMUON = Requirement(3, muons=2, max_missing_momentum=4 * GeV, pion_e_over_p=0.92)
DIMUON_REGION = PhaseSpaceRegion(0.9, BALANCED, 60 * MeV)
DIMUON_BOUNDARY = 478 * MeV
DIMUON_MEANING = "two muon-like tracks and a pion-like one with the beam's momentum"

STREAMS = {
    stream.name: stream
    for stream in (
        Stream("all", Requirement(0), (), "every generated decay, with or without tracks"),
        Stream("one_track", Requirement(1), (PhaseSpaceRegion(0.9),), "at least one track"),
        Stream("three_tracks", Requirement(3), (THREE_TRACKS,), "at least three tracks"),
        Stream(
            "single_track",
            ONE_MUON,
            (PhaseSpaceRegion(0.9),),
            "one muon-like track and no photon signal, from decays downstream of GTK3",
            Z_GTK3,
        ),
        Stream(
            "single_track_tail",
            ONE_MUON,
            (PhaseSpaceRegion(0.9, invisible=0.03 * GeV2, missed=True, lone=True),),
            "the same, with the decays of a squared missing mass above 0.03 GeV2 concentrated on",
            Z_GTK3,
        ),
        Stream(
            "single_positron",
            Requirement(1, no_extra_activity=True, single=11, momentum=(4.5 * GeV, 30.5 * GeV), closest=7 * mm),
            (PhaseSpaceRegion(0.9),),
            "one positron-like track of 4.5 to 30.5 GeV less than 7 mm from its kaon, and no photon signal",
            Z_GTK3,
        ),
        Stream(
            "single_pion",
            ONE_PION,
            (PhaseSpaceRegion(0.9, (39 * GeV, 61 * GeV)),),
            "one pion-like track of 14.5 to 35.5 GeV, whatever the photons, from decays downstream of GTK3",
            Z_GTK3,
        ),
        Stream(
            "lone_pion",
            ONE_PION._replace(no_extra_activity=True, pairs=True),
            (PhaseSpaceRegion(0.9, (39 * GeV, 61 * GeV), missed=True),),
            "the same with no photon signal and no pair, from decays before 170 m",
            Z_GTK3,
            NO_LATE_DECAY,
        ),
        Stream(
            "pion_photon",
            ONE_PION._replace(no_extra_activity=True, pairs=True, beside=ONE_SEEN),
            (PhaseSpaceRegion(0.9, (39 * GeV, 61 * GeV)),),
            "one pion-like track and a photon off it; another one, above 4 GeV, is missed by the calorimeter",
            Z_GTK3,
        ),
        Stream(
            "dielectron",
            Requirement(
                3,
                electrons=2,
                max_missing_momentum=5 * GeV,
                min_missing_momentum=4 * GeV,
                separation=150 * mm,
                pair_mass=MINIMUM_PAIR,
                vertex_mass=MINIMUM_VERTEX,
                photons=2,
            ),
            (
                PhaseSpaceRegion(
                    0.30,
                    BALANCED,
                    40 * MeV,
                    photon_veto=True,
                    sign=-1,
                    pair_mass=MINIMUM_PAIR,
                    vertex_mass=MINIMUM_VERTEX,
                ),
                PhaseSpaceRegion(0.30, BALANCED, 40 * MeV, photon_veto=True, sign=1),
                PhaseSpaceRegion(0.10, NEARLY_BALANCED),
                PhaseSpaceRegion(0.10, BALANCED, 40 * MeV, photons=2, sign=1),
                PhaseSpaceRegion(0.10, (4 * GeV, np.inf), sign=1),
            ),
            "two electron-like tracks and a pion-like one: like-sign, or above 130 MeV and all three above 440 MeV",
            Z_GTK3,
        ),
        Stream(
            "muon_dielectron",
            Requirement(
                3,
                electrons=2,
                muons=1,
                max_missing_momentum=0.0,
                min_missing_momentum=9 * GeV,
                separation=150 * mm,
            ),
            (PhaseSpaceRegion(0.6), PhaseSpaceRegion(0.3, (4 * GeV, np.inf))),
            "two electron-like tracks of like sign and a muon-like one, with missing momentum",
            Z_GTK3,
        ),
        Stream("dimuon", DIMUON, (DIMUON_REGION,), DIMUON_MEANING, Z_GTK3),
        Stream(
            "dimuon_decayed",
            DIMUON._replace(decayed=2),
            (DIMUON_REGION,),
            f"{DIMUON_MEANING}, two of them true muons",
            Z_GTK3,
        ),
        Stream(
            "dimuon_high",
            DIMUON._replace(vertex_mass=DIMUON_BOUNDARY),
            (DIMUON_REGION,),
            f"{DIMUON_MEANING}, above 478 MeV",
            Z_GTK3,
        ),
        Stream(
            "dimuon_low",
            DIMUON._replace(vertex_below=DIMUON_BOUNDARY),
            (DIMUON_REGION,),
            f"{DIMUON_MEANING}, below 478 MeV",
            Z_GTK3,
        ),
        Stream(
            "muon_electron",
            Requirement(3, electrons=1, muons=1, max_missing_momentum=4 * GeV),
            (PhaseSpaceRegion(0.9, BALANCED, 60 * MeV),),
            "an electron-like and a muon-like track and a third one with the beam's momentum",
            Z_GTK3,
        ),
    )
}  # fmt: skip


def stream(name: str) -> Stream:
    """The stream of that name; ValueError lists the known ones."""
    if name not in STREAMS:
        raise ValueError(f"no stream {name!r}; known: {', '.join(STREAMS)}")
    return STREAMS[name]
