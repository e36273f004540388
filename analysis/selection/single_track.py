"""Quantities of single tracks with their kaon, ready to be cut on (PLB 816 (2021) 136259, Section 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import collection as described
from rarekaon.analysis.contract.units import GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.activity import signals, signals_off_track
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.single_track import (
    decay_angle,
    missing_mass_squared,
    single,
    true_missing_mass,
    vertices_with_others,
)
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.geometry import in_muv3_acceptance
from rarekaon.analysis.search.declaration import Quantity, Truth
from rarekaon.analysis.selection.identification import vertex_time

Float = NDArray[np.float64]


def _in_muv3(c: Candidates) -> NDArray[np.int64]:
    position = c.at_plane(detector().muv3.z)
    return np.asarray(in_muv3_acceptance(position[..., 0], position[..., 1]).sum(axis=1))


def _missing_mass(c: Candidates) -> Float:
    square = missing_mass_squared(single(c))
    return np.asarray(np.sign(square) * np.sqrt(np.abs(square)))


KAON_TIME = Quantity(
    "kaon_time",
    "KTAG time to track time",
    lambda c: np.abs(single(c).kaon_time - vertex_time(c)),
    (60, 0, 3),
    ns,
    "ns",
)
CLOSEST_APPROACH = Quantity(
    "closest_approach", "closest approach to the kaon", lambda c: single(c).closest_approach, (60, 0, 15), mm, "mm"
)
TRACKS_IN_MUV3 = Quantity("tracks_in_muv3", "tracks in the MUV3 acceptance", _in_muv3, (3, -0.5, 2.5))


def squared_missing_mass(bins: tuple[int, float, float]) -> Quantity:
    """Squared missing mass to the identified track, with the kaon's measured momentum."""
    return Quantity(
        "missing_mass_squared",
        "squared missing mass",
        lambda c: missing_mass_squared(single(c)),
        bins,
        GeV2,
        "GeV2/c4",
    )


def missing_mass(bins: tuple[int, float, float], reach: float = 20, bin_width: float = 0.05) -> Quantity:
    """Missing mass, with the sign of its square; `reach` and `bin_width` (MeV) are those of its response."""
    truth = Truth(lambda c: true_missing_mass(single(c)), reach, bin_width)
    return Quantity("missing_mass", "missing mass", _missing_mass, bins, MeV, "MeV/c2", truth)


def vertex_beyond(angles: tuple[float, ...], z: tuple[float, ...]) -> Quantity:
    """Distance of the vertex from the smallest z allowed, which depends on the decay angle.

    `z` (mm) is the smallest one at the decay angles `angles` (rad, ascending), linear between and constant outside.
    """

    def of(c: Candidates) -> Float:
        return c.vertex[:, 2] - np.interp(decay_angle(single(c)), angles, z)

    return Quantity("vertex_beyond", "vertex beyond the least z for its angle", of, (90, -10, 80), m, "m")


def other_vertices(distance: float) -> Quantity:
    """Vertices of the track with other tracks: a closest approach below `distance` (mm) before the first chamber."""
    return Quantity(
        "other_vertices",
        f"vertices with other tracks within {distance / mm:g} mm",
        lambda c: vertices_with_others(single(c), distance),
        (6, -0.5, 5.5),
    )


def activity(collection: str, window: float) -> Quantity:
    """Signals of a detector within `window` (ns) of the track."""
    meaning = described(collection).meaning
    return Quantity(
        f"{collection.lower()}_signals",
        f"{meaning} within {window / ns:g} ns",
        lambda c: signals(c, collection, vertex_time(c), window),
        (12, -0.5, 11.5),
    )


def activity_off_track(collection: str, window: float) -> Quantity:
    """Signals of a detector within `window` (ns) of the track that the reconstruction gave to other tracks or none."""
    meaning = described(collection).meaning
    return Quantity(
        f"{collection.lower()}_off_track",
        f"{meaning} off the track within {window / ns:g} ns",
        lambda c: signals_off_track(c, collection, vertex_time(c), window),
        (12, -0.5, 11.5),
    )
