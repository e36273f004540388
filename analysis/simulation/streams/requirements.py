"""Streams: which events are stored.  As in the experiment, analyses read a skim and not everything.

A stream also names its regions of phase space: the kinematic corners the importance sampler concentrates on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, mm
from rarekaon.analysis.simulation.ground.beam import decayed_before


class Requirement(NamedTuple):
    """What a stored event satisfies, in reconstructed quantities.

    At least `tracks` tracks.  If `electrons` is 2: three of them point at the calorimeter at least `separation`
    apart, two are electron-like (E/p above `electron_e_over_p`) and one is pion-like (below `pion_e_over_p`), and there is a
    pair of electron-like tracks that is either of opposite sign, with a mass above `pair_mass` and the tracks'
    total momentum within `max_missing_momentum` of the beam's; or of like sign, with the total momentum within `max_missing_momentum` or more
    than `min_missing_momentum` below the beam's, and, if positive, both preferred by the RICH to be positrons, unless more than
    `min_missing_momentum` is missing and another track is muon-like or there are `photons` clusters off the tracks.
    If `positrons` is 1 two positive tracks are electron-like, if it is -1 they are not: the strata of a stream.
    If `electrons` is 1: an electron-like and a pion-like track, and the total momentum within `max_missing_momentum` of the beam's.
    If `muons` is not 0, as many tracks give a signal in the muon detector and have E/p below `muon_e_over_p`; unless
    electrons are asked for, another one has neither that nor E/p above `pion_e_over_p`, the total momentum is within
    `max_missing_momentum` of the beam's, and the mass of all, muon-like ones as muons and others as pions, lies from `vertex_mass` to
    `vertex_below`.
    At least `decayed` tracks are true muons at the muon detector: pions that decayed, where the decay makes no muon.
    If `single` is a PDG number: exactly one track, positive, of a momentum within `momentum`, and muon-like (13), or
    (211) without a signal in the muon detector, with E/p below `pion_e_over_p`, more than `shower` in the calorimeter, and
    log L(pi) - log L(mu) and log L(pi) - log L(e) of the RICH above the two values of `pion_likelihood`.
    If `no_extra_activity`, no photon of the decay and no charged product without a track gives a signal in a photon veto or in the
    calorimeter, but for what is beside a track there.  Then if `beside` is 1 some photon points there, if it is -1 none
    does: the strata of such a stream.  If `pairs`, photons that make a pair in front of the magnet are seen, too: by
    chambers and hodoscope, whose segments of tracks are no part of the event format.
    """

    tracks: int
    electrons: int = 0
    positrons: int = 0
    muons: int = 0
    electron_e_over_p: float = 0.89
    pion_e_over_p: float = 0.85
    muon_e_over_p: float = 0.22
    max_missing_momentum: float = np.inf
    min_missing_momentum: float = 0.0
    pair_mass: float = 0.0
    separation: float = 0.0
    vertex_mass: float = 0.0
    vertex_below: float = np.inf
    decayed: int = 0
    no_extra_activity: bool = False
    beside: int = 0
    pairs: bool = False
    photons: int = 0
    single: int = 0
    momentum: tuple[float, float] = (0.0, np.inf)
    shower: float = 0.0
    pion_likelihood: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class PhaseSpaceRegion:
    """A corner of phase space, in true quantities of the charged products.

    The momentum missing to the beam's lies in `missing` (MeV), the transverse one below `transverse`, no photon
    above the veto's threshold points at a large-angle station if `photon_veto`, at least `photons` of 1.5 GeV point at
    the calorimeter (their momenta count with the charged ones where any are asked for), and if `sign` is not 0 some
    pair of charged products has that product of charges and, taken as electrons, a mass above `pair_mass`, and with all
    other charged products as pions one above `vertex_mass`, and what is not charged has a squared
    mass above `invisible` (MeV2).  With `missed` decays count with the probability that all their photons are missed;
    with `lone` one positive product is seen and no detector meets the other charged ones, which are invisible, too.
    `share` is the fraction of decays generated for it.
    """

    share: float
    missing: tuple[float, float] = (-np.inf, np.inf)
    transverse: float = np.inf
    photon_veto: bool = False
    photons: int = 0
    sign: int = 0
    pair_mass: float = 0.0
    vertex_mass: float = 0.0
    invisible: float = -np.inf
    missed: bool = False
    lone: bool = False


@dataclass(frozen=True)
class Stream:
    """A stream by name; `concentrate_on` may be empty (plain sampling); decays before `first` or behind `last` (mm) are left
    out.

    The streams of analyses hold what kaons with a GTK track give, data and simulation alike: decays upstream of GTK3
    are rows of their own in the papers' tables, and samples of their own here (`upstream`), because few of them pass.
    """

    name: str
    requirement: Requirement
    concentrate_on: tuple[PhaseSpaceRegion, ...]
    meaning: str
    first: float = -np.inf
    last: float = np.inf

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
            "the same with no photon signal and no pair",
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
            Requirement(3, electrons=2, muons=1, max_missing_momentum=0.0, min_missing_momentum=9 * GeV, separation=150 * mm),
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
