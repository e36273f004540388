"""Single tracks with their kaon: KTAG, GTK and STRAW matched by times and closest approach.

What decays to one charged particle and nothing else that is seen (PLB 816 (2021) 136259, Section 2) is known by the
momentum of its kaon, measured by the GTK.  Nothing here knows what the charged particle is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import MASS_K, PARTICLES
from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.events.candidates import VERTEX_Z, Candidates
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.kinematics import dot, energies, modulus
from rarekaon.analysis.kernels.matching import count_vertices, match_kaons

Float = NDArray[np.float64]
Index = NDArray[np.int64]

PHOTON = PARTICLES["gamma"].pdg
LINE = ("x", "y", "slope_x", "slope_y")
LineColumns = tuple[NDArray[Any], ...]
"""Columns of `LINE` as they are stored: kernels turn what they look at to float64."""


@dataclass(frozen=True, kw_only=True)
class SingleTracks(Candidates):
    """n single positive tracks, each with its kaon.

    `vertex` is the middle of the closest approach of track and kaon, `chi2` the discriminant of the match (2 degrees of
    freedom).
    """

    kaon: Float
    """Momentum (MeV) measured by the GTK, (n, 3)."""
    closest_approach: Float
    """Distance (mm) of track and kaon, (n,)."""
    kaon_time: Float
    """Time (ns) of the KTAG, (n,)."""
    beam_time: Float
    """Time (ns) of the GTK track, (n,)."""


def single(c: Candidates) -> SingleTracks:
    """The candidates as single tracks; TypeError where a selection mixes its candidates up."""
    if not isinstance(c, SingleTracks):
        raise TypeError(f"a quantity of single tracks was asked of {type(c).__name__}; use `single_tracks` candidates")
    return c


def _lines(columns: Columns, collection: str) -> LineColumns:
    return tuple(columns.flat(collection, name) for name in LINE)


def _momenta(columns: Columns, collection: str, index: Index) -> Float:
    """Momenta of some objects with a line (n, 3), MeV."""
    names = ("slope_x", "slope_y", "momentum")
    sx, sy, momentum = (columns.at(collection, name, index).astype(np.float64) for name in names)
    pz = momentum / np.sqrt(1 + sx**2 + sy**2)
    return np.stack([sx * pz, sy * pz, pz], axis=-1)


def single_tracks(columns: Columns) -> SingleTracks:
    """The positive track nearest in time to the trigger, where a kaon is found to it (Section 2)."""
    times = columns.flat("Track", "rich_time"), columns.flat("Ktag", "time"), columns.flat("Gtk", "time")
    indices, values = match_kaons(
        (columns.offsets("Track"), columns.offsets("Ktag"), columns.offsets("Gtk")),
        _lines(columns, "Track"),
        columns.flat("Track", "charge"),
        _lines(columns, "Gtk"),
        times,
        columns.event("trigger_time"),
    )
    event, track, tag, beam = indices.T
    return SingleTracks(
        columns=columns,
        event=event,
        tracks=track[:, None],
        vertex=np.ascontiguousarray(values[:, :3]),
        chi2=values[:, 4],
        measured=_momenta(columns, "Track", track)[:, None],
        kaon=_momenta(columns, "Gtk", beam),
        closest_approach=values[:, 3],
        kaon_time=times[1][tag].astype(np.float64),
        beam_time=times[2][beam].astype(np.float64),
    )


def vertices_with_others(c: SingleTracks, distance: float) -> Index:
    """Other tracks of the event that approach the candidate's closer than `distance` (mm) before the first chamber."""
    counts: Index = count_vertices(
        c.columns.offsets("Track"),
        _lines(c.columns, "Track"),
        c.event,
        c.tracks[:, 0],
        distance,
        VERTEX_Z,
        Z_BEFORE_MAGNET,
    )
    return counts


def missing_mass_squared(c: SingleTracks) -> Float:
    """(P_K - P)^2 with the kaon's and the track's measured momenta, shape (n,), MeV2 (Section 2)."""
    energy = np.sqrt(dot(c.kaon, c.kaon) + MASS_K**2) - energies(c)[:, 0]
    momentum = c.kaon - c.momentum[:, 0]
    return np.asarray(energy**2 - dot(momentum, momentum))


def _primary_photons(c: SingleTracks) -> Float:
    """Sum of the momenta (px, py, pz, E) of the photons of the decay itself, (n, 4), MeV."""
    flat, offsets = c.columns.flat, c.columns.offsets("Generated")
    primary = (flat("Generated", "pdg") == PHOTON) & (flat("Generated", "parent") < 0)
    momenta = np.stack([flat("Generated", x).astype(np.float64) for x in ("px", "py", "pz", "energy")], axis=-1)
    until = np.concatenate((np.zeros((1, 4)), np.cumsum(momenta * primary[:, None], axis=0)))
    return np.asarray(until[offsets[c.event + 1]] - until[offsets[c.event]])


def true_missing_mass(c: SingleTracks) -> Float:
    """True mass of what is not the first charged product, shape (n,), MeV; simulated events only.

    The photons that a positron radiates belong to it.
    """
    offsets = c.columns.offsets("Generated")[c.event]
    charged = offsets + (c.columns.flat("Generated", "pdg")[offsets] == PHOTON)  # photons may stand first
    kaon = np.stack([c.per_event(f"truth_kaon_{x}") for x in ("px", "py", "pz")], axis=-1)
    track = np.stack([c.columns.flat("Generated", x)[charged].astype(np.float64) for x in ("px", "py", "pz")], axis=-1)
    energy = np.sqrt(dot(kaon, kaon) + MASS_K**2) - np.sqrt(dot(track, track) + c.masses[0] ** 2)
    if c.particles == ("e+",):
        radiated = _primary_photons(c)
        energy, track = energy - radiated[:, 3], track + radiated[:, :3]
    return np.asarray(np.sqrt(np.maximum(energy**2 - dot(kaon - track, kaon - track), 0.0)))


def decay_angle(c: SingleTracks) -> Float:
    """Angle (rad, (n,)) between the kaon's momentum in the laboratory and the track's in the kaon's rest frame."""
    kaon = modulus(c.kaon)
    direction = c.kaon / kaon[:, None]
    along = dot(c.momentum[:, 0], direction)
    across = modulus(c.momentum[:, 0] - along[:, None] * direction)
    boosted = (np.sqrt(kaon**2 + MASS_K**2) * along - kaon * energies(c)[:, 0]) / MASS_K
    return np.asarray(np.arctan2(across, boosted))
