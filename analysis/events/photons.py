"""Photon candidates of three-track vertices, and the pi0 -> gamma gamma made of two of them.

A photon candidate is a calorimeter cluster off every track (CERN-EP-2022-018 Section 2).  The pi0 joins the three
tracks as a fourth momentum, so that masses and momentum balances count it without knowing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.events.activity import cluster_columns, clusters_off_tracks
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.facts.detector import detector

Float = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class PhotonRule:
    """What makes a cluster a photon candidate."""

    energy: float
    """Least energy (MeV)."""
    distance: float
    """Least distance (mm) from every track's impact point."""
    in_time: Interval
    """Time (ns) after the vertex time."""
    sideband: Interval
    """The same for a candidate out of time."""


@dataclass(frozen=True, kw_only=True)
class WithPi0(Candidates):
    """n three-track candidates with a pi0, which stands last in `momentum` (n, 4, 3), `particles` and `masses`."""

    in_time: Index
    """Photon candidates in time, (n,)."""
    sideband: Index
    """Photon candidates out of time, (n,)."""
    photon_energy: Float
    """Energies (MeV) of the two photons of the pi0, (n, 2); 0 where there are fewer."""
    photon_position: Float
    """Their positions (mm) in the calorimeter's front plane, (n, 2, 2)."""


def _of_pair(column: NDArray[Any], pair: Index) -> Float:
    """A cluster column of the two photons (n, 2), 0 where there is none."""
    values, there = np.zeros(pair.shape), pair >= 0
    values[there] = column[pair[there]]
    return values


def with_pi0(c: Candidates, time: Float, rule: PhotonRule, *, out_of_time: int = 0) -> WithPi0:
    """The candidates, each with a pi0 of the two most energetic photon candidates around `time` (n,).

    `out_of_time` of the two (0, 1 or 2) are taken from the sideband.  The photons' momenta start at the vertex of the
    tracks.  Whether there are two photons is for a cut to ask: the counts are kept.
    """
    clusters = cluster_columns(c)
    impact = c.at_plane(detector().lkr.z)
    at = partial(clusters_off_tracks, c, impact, time, energy=rule.energy, distance=rule.distance)
    (in_time, prompt), (sideband, late) = at(window=rule.in_time), at(window=rule.sideband)
    pair = np.concatenate([prompt[:, : 2 - out_of_time], late[:, :out_of_time]], axis=1)
    energy, x, y = (_of_pair(row, pair) for row in clusters[:3])
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
