"""Candidates: what selections cut on.

`three_track_vertices` finds vertices of three tracks in a chunk, `events.single_track` single tracks with
their kaon; everything after it works on arrays of shape (n,) or (n, tracks), which is where an analysis reads like
the paper it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import EVENT, TRACK, TRUTH, Z_AFTER_MAGNET, Z_BEFORE_MAGNET, Z_GTK3
from rarekaon.analysis.contract.units import m
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.vertex import constrained_slope, fit_triplets

Float = NDArray[np.float64]
Index = NDArray[np.int64]
T = TypeVar("T")

VERTEX_CHI2 = 25.0
"""A good vertex has a chi2 below this (3 degrees of freedom).

The papers publish no value; this is that of the K+ -> pi+ pi+ pi- selection in the experiment's public analysis code.
"""
VERTEX_Z = (Z_GTK3, 183 * m)
"""Where vertices are looked for: from GTK3 to the first chamber."""

VIEWS = (
    ("x", "slope_x", "var_x", "cov_x_slope_x", "var_slope_x"),
    ("y", "slope_y", "var_y", "cov_y_slope_y", "var_slope_y"),
)
"""Track fields of the two views, in the order the vertex fit takes them."""

DTYPES = {b.name: np.dtype(b.dtype) for b in (*EVENT, *TRUTH)}
TRACK_DTYPES = {b.name: np.dtype(b.dtype) for b in TRACK.fields}


@dataclass(frozen=True)
class Candidates:
    """n vertices of k tracks (three, or one with its kaon) of a chunk.

    No column is read for candidates that are not there. `once` computes a thing once, however many selections ask for
    it. Candidates taken from others keep what those know already.
    """

    columns: Columns
    """The chunk they are of."""
    event: Index
    """Row in the chunk, shape (n,)."""
    tracks: Index
    """Indices into the chunk's flat tracks, (n, k)."""
    vertex: Float
    """In mm, (n, 3)."""
    chi2: Float
    """Of the vertex, (n,)."""
    measured: Float | None = None
    """Momenta (MeV) where they are known otherwise than from the vertex, (n, k, 3)."""
    particles: tuple[str, ...] = ()
    """What the tracks are, in slot order, once they are identified."""
    masses: tuple[float, ...] = ()
    """Masses (MeV) of `particles`."""

    def __len__(self) -> int:
        return len(self.event)

    @cached_property
    def momentum(self) -> Float:
        """The tracks' momenta at the vertex (px, py, pz), shape (n, k, 3), MeV, float64."""
        return _momenta_at_vertex(self) if self.measured is None else self.measured

    @cached_property
    def _tracks(self) -> dict[str, NDArray[Any]]:
        return {}

    @cached_property
    def _results(self) -> dict[Callable[[Any], Any], Any]:
        return {}

    @cached_property
    def _origin(self) -> tuple[Self, Index] | None:
        """The candidates that these were taken from, and their rows there."""
        return None

    def once(self, of: Callable[[Any], T]) -> T:
        """`of(self)`, remembered.  It gives an array with one row per candidate, or some of the candidates, and looks
        at each of them by itself."""
        if of not in self._results:
            known = self._known(of)
            self._results[of] = of(self) if known is None else known
        result: T = self._results[of]
        return result

    def _known(self, of: Callable[[Any], Any]) -> NDArray[Any] | None:
        """What is remembered here or where these candidates come from, if it is an array."""
        if of in self._results:
            result = self._results[of]
            return result if isinstance(result, np.ndarray) else None
        if self._origin is None:
            return None
        origin, rows = self._origin
        result = origin._known(of)
        return None if result is None else result.take(rows, axis=0)

    def track(self, field: str) -> NDArray[Any]:
        """A track field, shape (n, k); floating ones as float64.  Not to be written to."""
        if field not in self._tracks:
            some = (
                self.columns.at("Track", field, self.tracks)
                if len(self)
                else np.empty(self.tracks.shape, TRACK_DTYPES[field])
            )
            self._tracks[field] = _wide(some)
            self._tracks[field].flags.writeable = False
        return self._tracks[field]

    def per_event(self, name: str) -> NDArray[Any]:
        """An event-level branch, shape (n,); floating ones as float64."""
        return _wide(self.columns.event(name)[self.event] if len(self) else np.empty(0, DTYPES[name]))

    def at_plane(self, z: float) -> Float:
        """Track positions (x, y) in the plane z, shape (n, k, 2), mm: measured lines before or after the magnet."""
        if z < (Z_BEFORE_MAGNET + Z_AFTER_MAGNET) / 2:
            names, dz = ("x", "slope_x", "y", "slope_y"), z - Z_BEFORE_MAGNET
        else:
            names, dz = ("x_after", "slope_x_after", "y_after", "slope_y_after"), z - Z_AFTER_MAGNET
        x, sx, y, sy = (self.track(name) for name in names)
        return np.stack([x + sx * dz, y + sy * dz], axis=-1)

    def take(self, rows: NDArray[Any]) -> Self:
        """The candidates of a mask or an index array; all of them are these themselves."""
        if rows.dtype == bool:
            if rows.all():
                return self
            rows = np.flatnonzero(rows)
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        some: dict[str, Any] = {name: v.take(rows, axis=0) for name, v in values.items() if isinstance(v, np.ndarray)}
        taken = replace(self, **some)
        taken.__dict__["_origin"] = (self, rows)
        if "momentum" in self.__dict__:  # computed already: a copy is cheaper than eleven columns
            taken.__dict__["momentum"] = self.momentum.take(rows, axis=0)
        return taken

    def without(self, columns: Columns, kept: NDArray[np.bool_]) -> Self:
        """The candidates of the events `kept` (events,), as candidates of `columns`, which hold only these."""
        return self._moved(columns, kept, np.cumsum(kept) - 1)

    def _moved(self, columns: Columns, kept: NDArray[np.bool_], place: Index) -> Self:
        """The same, with the row (events,) in `columns` of each event that is kept."""
        rows = np.flatnonzero(kept[self.event])
        left = self.take(rows)
        event = place[left.event]
        moved = self.columns.offsets("Track")[left.event] - columns.offsets("Track")[event]
        left = replace(left, columns=columns, event=event, tracks=left.tracks - moved[:, None])
        for of, value in self._results.items():
            if isinstance(value, np.ndarray):
                left._results[of] = value.take(rows, axis=0)
            else:  # some of the candidates, which can be all of them
                left._results[of] = left if value is self else value._moved(columns, kept, place)
        return left

    def ordered(self, order: Index, particles: tuple[str, ...], masses: tuple[float, ...]) -> Self:
        """Tracks reordered per candidate by `order` (n, k) so that slot i is `particles[i]` of mass `masses[i]`."""
        if (order == np.arange(order.shape[1])).all():
            same = replace(self, particles=particles, masses=masses)
            same.__dict__["_tracks"] = self._tracks
            return same
        rows = np.arange(len(self))[:, None]
        return replace(
            self,
            tracks=self.tracks[rows, order],
            measured=None if self.measured is None else self.measured[rows, order],
            particles=particles,
            masses=masses,
        )


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def three_track_vertices(columns: Columns) -> Candidates:
    """Events with exactly one good three-track vertex (CERN-EP-2022-018 Section 2)."""
    views = [tuple(columns.flat("Track", name) for name in names) for names in VIEWS]
    event, tracks, vertex, chi2 = fit_triplets(columns.offsets("Track"), *views, VERTEX_CHI2, VERTEX_Z)
    return Candidates(columns, event, tracks, vertex, chi2)


def _momenta_at_vertex(c: Candidates) -> Float:
    """Momenta with the directions that the vertex, as a constraint, gives the tracks."""
    dz = c.vertex[:, 2, None] - Z_BEFORE_MAGNET
    views = [np.stack([c.track(name) for name in names]) for names in VIEWS]
    sx, sy = (constrained_slope(view, c.vertex[:, axis, None], dz) for axis, view in enumerate(views))
    pz = c.track("momentum") / np.sqrt(1 + sx**2 + sy**2)
    return np.stack([sx * pz, sy * pz, pz], axis=-1)
