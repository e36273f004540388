"""Candidates: what selections cut on.

`three_track_vertices` finds vertices of three tracks in a chunk, `analysis.events.single_track` single tracks with
their kaon; everything after it works on arrays of shape (n,) or (n, tracks), which is where an analysis reads like
the paper it follows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analysis.events.columns import Columns
from analysis.events.vertex import constrained_slope, fit_triplets
from analysis.schema import Z_AFTER_MAGNET, Z_BEFORE_MAGNET, Z_GTK3
from analysis.units import m

Float = NDArray[np.float64]
Index = NDArray[np.int64]

VERTEX_CHI2 = 50.0
"""A good vertex has a chi2 below this (3 degrees of freedom).

The papers print no value: TUNED on the number of K+ -> pi+ pi+ pi- in the upper region of K+ -> mu- nu e+ e+
(`datasets/tuning.yaml`), whose pions decay in flight.
"""
VERTEX_Z = (Z_GTK3, 183 * m)
"""Where vertices are looked for: from GTK3 to the first chamber."""

VIEWS = (
    ("x", "slope_x", "var_x", "cov_x_slope_x", "var_slope_x"),
    ("y", "slope_y", "var_y", "cov_y_slope_y", "var_slope_y"),
)
"""Track fields of the two views, in the order the vertex fit takes them."""


@dataclass(frozen=True)
class Candidates:
    """n vertices of k tracks (three, or one with its kaon) of a chunk.

    `event` (n,) is the row in the chunk, `tracks` (n, k) are indices into the chunk's flat tracks, `vertex` (n, 3) in
    mm, `chi2` (n,), `momentum` (n, k, 3) the tracks' momenta at the vertex (px, py, pz) in MeV, float64.
    `particles` names the tracks' identities in slot order once they are identified, `masses` (k,) in MeV.
    """

    columns: Columns
    event: Index
    tracks: Index
    vertex: Float
    chi2: Float
    momentum: Float
    particles: tuple[str, ...] = ()
    masses: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.event)

    def track(self, field: str) -> NDArray[Any]:
        """A track field, shape (n, k); floating ones as float64."""
        values = self.columns.flat("Track", field)[self.tracks]
        return values.astype(np.float64) if values.dtype.kind == "f" else values

    def per_event(self, name: str) -> NDArray[Any]:
        """An event-level branch, shape (n,); floating ones as float64."""
        values = self.columns.event(name)[self.event]
        return values.astype(np.float64) if values.dtype.kind == "f" else values

    def at_plane(self, z: float) -> Float:
        """Track positions (x, y) in the plane z, shape (n, k, 2), mm: measured lines before or after the magnet."""
        if z < (Z_BEFORE_MAGNET + Z_AFTER_MAGNET) / 2:
            names, dz = ("x", "slope_x", "y", "slope_y"), z - Z_BEFORE_MAGNET
        else:
            names, dz = ("x_after", "slope_x_after", "y_after", "slope_y_after"), z - Z_AFTER_MAGNET
        x, sx, y, sy = (self.track(name) for name in names)
        return np.stack([x + sx * dz, y + sy * dz], axis=-1)

    def take(self, rows: NDArray[Any]) -> Self:
        """The candidates of a mask or an index array."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: v[rows] for name, v in values.items() if isinstance(v, np.ndarray)})

    def ordered(self, order: Index, particles: tuple[str, ...], masses: tuple[float, ...]) -> Self:
        """Tracks reordered per candidate by `order` (n, k) so that slot i is `particles[i]` of mass `masses[i]`."""
        rows = np.arange(len(self))[:, None]
        return replace(
            self,
            tracks=self.tracks[rows, order],
            momentum=self.momentum[rows, order],
            particles=particles,
            masses=masses,
        )


def three_track_vertices(columns: Columns) -> Candidates:
    """Events with exactly one good three-track vertex (CERN-EP-2022-018 Section 2)."""
    views = [np.stack([columns.flat("Track", name).astype(np.float64) for name in names]) for names in VIEWS]
    event, tracks, vertex, chi2 = fit_triplets(columns.offsets("Track"), *views, VERTEX_CHI2, VERTEX_Z)
    dz = vertex[:, 2, None] - Z_BEFORE_MAGNET
    sx, sy = (constrained_slope(view[:, tracks], vertex[:, axis, None], dz) for axis, view in enumerate(views))
    pz = columns.flat("Track", "momentum")[tracks].astype(np.float64) / np.sqrt(1 + sx**2 + sy**2)
    return Candidates(columns, event, tracks, vertex, chi2, np.stack([sx * pz, sy * pz, pz], axis=-1))
