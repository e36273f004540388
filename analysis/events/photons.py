"""Photon candidates of three-track vertices, and the pi0 -> gamma gamma made of two of them.

A photon candidate is a calorimeter cluster off every track (CERN-EP-2022-018 Section 2).  The pi0 joins the three
tracks as a fourth momentum, so that masses and momentum balances count it without knowing of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from analysis.detector import detector
from analysis.events.candidates import Candidates
from analysis.particles import MASS_PI0
from analysis.search import Interval

Float = NDArray[np.float64]
Index = NDArray[np.int64]

CLUSTER = ("energy", "x", "y", "time")


@dataclass(frozen=True)
class PhotonRule:
    """What makes a cluster a photon candidate.

    Its energy is above `energy` (MeV), it is farther than `distance` (mm) from every track's impact point, and its
    time is off the vertex time by an amount (ns) inside `in_time`, or inside `sideband` for one out of time.
    """

    energy: float
    distance: float
    in_time: Interval
    sideband: Interval


@dataclass(frozen=True, kw_only=True)
class WithPi0(Candidates):
    """n three-track candidates with a pi0.

    `in_time` and `sideband` (n,) count photon candidates; `photon_energy` (n, 2) in MeV and `photon_position` (n, 2, 2)
    in mm in the calorimeter's front plane are those of the two photons that make the pi0, 0 where there are fewer.
    `momentum` (n, 4, 3), `particles` and `masses` have the pi0 in the last place.
    """

    in_time: Index
    sideband: Index
    photon_energy: Float
    photon_position: Float


@numba.njit(cache=True)
def _hardest_two(  # type: ignore[no-untyped-def]
    offsets: Index, clusters: Float, event: Index, impact: Float, time: Float, limits: tuple[float, float, float, float]
):
    """Photon candidates per vertex: their number (n,) and the rows of the two most energetic (n, 2), -1 for none.

    `clusters` is (4, clusters), `impact` (n, tracks, 2); `limits` are the least energy and distance and the interval of
    |cluster time - vertex time|.
    """
    energy, distance, early, late = limits
    number = np.zeros(len(event), np.int64)
    hardest = np.full((len(event), 2), -1)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            off = abs(clusters[3, i] - time[n])
            if clusters[0, i] <= energy or off <= early or off >= late:
                continue
            apart = True
            for t in range(impact.shape[1]):
                dx, dy = clusters[1, i] - impact[n, t, 0], clusters[2, i] - impact[n, t, 1]
                apart = apart and dx * dx + dy * dy > distance * distance
            if not apart:
                continue
            number[n] += 1
            first, second = hardest[n]
            if first < 0 or clusters[0, i] > clusters[0, first]:
                hardest[n, 0], hardest[n, 1] = i, first
            elif second < 0 or clusters[0, i] > clusters[0, second]:
                hardest[n, 1] = i
    return number, hardest


def with_pi0(c: Candidates, time: Float, rule: PhotonRule, *, out_of_time: int = 0) -> WithPi0:
    """The candidates, each with a pi0 of the two most energetic photon candidates around `time` (n,).

    `out_of_time` of the two (0, 1 or 2) are taken from the sideband.  The photons' momenta start at the vertex of the
    tracks.  Whether there are two photons is for a cut to ask: the counts are kept.
    """
    clusters = np.stack([c.columns.flat("Cluster", name).astype(np.float64) for name in CLUSTER])
    impact = c.at_plane(detector().lkr.z)

    def find(window: Interval) -> tuple[Index, Index]:
        limits = (rule.energy, rule.distance, window.low, window.high)
        found: tuple[Index, Index] = _hardest_two(c.columns.offsets("Cluster"), clusters, c.event, impact, time, limits)
        return found

    (in_time, prompt), (sideband, late) = find(rule.in_time), find(rule.sideband)
    pair = np.concatenate([prompt[:, : 2 - out_of_time], late[:, :out_of_time]], axis=1)
    energy, x, y = (np.append(row, 0.0)[pair] for row in clusters[:3])  # -1 takes the 0 at the end
    position = np.stack([x, y], axis=-1)
    flight = np.concatenate([position, np.full((len(c), 2, 1), detector().lkr.z)], axis=-1) - c.vertex[:, None]
    photons = energy[..., None] * flight / np.linalg.norm(flight, axis=-1, keepdims=True)
    return WithPi0(
        **{name: getattr(c, name) for name in ("columns", "event", "tracks", "vertex", "chi2")},
        measured=np.concatenate([c.momentum, photons.sum(axis=1, keepdims=True)], axis=1),
        particles=(*c.particles, "pi0"),
        masses=(*c.masses, MASS_PI0),
        in_time=in_time,
        sideband=sideband,
        photon_energy=energy,
        photon_position=position,
    )
