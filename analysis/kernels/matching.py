"""Kernels that find the kaon of a track: the tagger's and the beam spectrometer's candidate that belong to it.

Shared by the selections and by the simulated experiment, which prescales events by what it reconstructs.
Lines are x, y, dx/dz and dy/dz in a reference plane of their own, each of shape (objects,): a tuple of columns as they
are stored, or an array (4, objects).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET, Z_GTK3
from rarekaon.analysis.contract.units import mm, ns
from rarekaon.analysis.kernels.compiled import compiled

Real = NDArray[np.floating]
"""Of any precision: kernels compute with what they make of it in float64."""
LineColumns = Real | tuple[Real, Real, Real, Real]
Index = NDArray[np.int64]
Offsets = tuple[Index, Index, Index]
"""Offsets (events + 1,) of the tracks, the tagger's and the beam spectrometer's candidates."""

X, Y, SLOPE_X, SLOPE_Y = range(4)

BEAM_TRACK_WINDOW = 0.5 * ns
"""Beam tracks farther from the KTAG time are not considered (PLB 816 (2021) 136259, Section 2)."""
MATCHING_WIDTHS = (0.12 * ns, 1.5 * mm)
"""Widths of the time difference and the closest approach in the discriminant.

The papers take the distributions from K3pi decays and publish none of them. Here the width in time follows from two
detectors with 70 and 100 ps, and the width in distance is the one of simulated single tracks.
"""
PLANES = (Z_BEFORE_MAGNET, Z_GTK3)
"""Where tracks and beam tracks are given."""


@compiled
def _line(lines: LineColumns, i: int) -> tuple[float, float, float, float]:
    """One line, in float64: what is computed from float32 would stay float32."""
    return (
        np.float64(lines[X][i]),
        np.float64(lines[Y][i]),
        np.float64(lines[SLOPE_X][i]),
        np.float64(lines[SLOPE_Y][i]),
    )


@compiled
def approach(a: LineColumns, i: int, z_a: float, b: LineColumns, j: int, z_b: float):  # type: ignore[no-untyped-def]
    """Closest approach of line i of `a`, given at z_a, and line j of `b`, given at z_b: (distance, x, y, z in the
    middle).

    Parallel lines have no such point: their distance is infinite.
    """
    ax, ay, ux, uy = _line(a, i)
    bx, by, vx, vy = _line(b, j)
    dx, dy, dz = bx - ax, by - ay, z_b - z_a
    nx, ny, nz = uy - vy, vx - ux, ux * vy - uy * vx
    square = nx * nx + ny * ny + nz * nz
    if square == 0.0:
        return np.inf, 0.0, 0.0, 0.0
    # parameters along the lines: (d x v) . n / n^2 and (d x u) . n / n^2
    along_a = ((dy - dz * vy) * nx + (dz * vx - dx) * ny + (dx * vy - dy * vx) * nz) / square
    along_b = ((dy - dz * uy) * nx + (dz * ux - dx) * ny + (dx * uy - dy * ux) * nz) / square
    distance = abs(dx * nx + dy * ny + dz * nz) / np.sqrt(square)
    x = (ax + ux * along_a + bx + vx * along_b) / 2
    y = (ay + uy * along_a + by + vy * along_b) / 2
    return distance, x, y, (z_a + along_a + z_b + along_b) / 2


@compiled
def _nearest(time: Real, first: int, last: int, wanted: float) -> int:
    """Index of the time nearest to the wanted one (in float64) among first..last; -1 where there is none."""
    best = -1
    for k in range(first, last):
        if best < 0 or abs(time[k] - wanted) < abs(time[best] - wanted):
            best = k
    return best


@compiled
def _positive_track(time: Real, charge: NDArray[np.integer], first: int, last: int, wanted: float) -> int:
    best = -1
    for k in range(first, last):
        if charge[k] > 0 and (best < 0 or abs(time[k] - wanted) < abs(time[best] - wanted)):
            best = k
    return best


@compiled
def match_kaons(  # type: ignore[no-untyped-def]
    offsets: Offsets,
    tracks: LineColumns,
    charge: NDArray[np.integer],
    kaons: LineColumns,
    times: tuple[Real, Real, Real],
    trigger: Real,
):
    """The positive track of each event nearest in time to its trigger, with the kaon it comes from.

    `tracks` and `kaons` (beam tracks) are lines in the two `PLANES`, `times` (ns) those of tracks,
    tagger and beam tracks.  The tagger's candidate is the one nearest in time to the track, the kaon the beam track
    within the window of it with the smallest sum of squares of time difference and closest approach, in units of
    their widths.

    Returns (event, track, tagger, beam track (n, 4) as indices; vertex x, y, z, closest approach, sum of
    squares (n, 5)), with columns that lie together in memory, for they are taken one by one.
    """
    time, tagged, passed = times
    events = len(offsets[0]) - 1
    indices = np.empty((4, events), np.int64)
    values = np.empty((5, events), np.float64)
    found = 0
    for e in range(events):
        t = _positive_track(time, charge, offsets[0][e], offsets[0][e + 1], np.float64(trigger[e]))
        if t < 0:
            continue
        k = _nearest(tagged, offsets[1][e], offsets[1][e + 1], np.float64(time[t]))
        if k < 0:
            continue
        best = np.inf
        for g in range(offsets[2][e], offsets[2][e + 1]):
            late = np.float64(passed[g]) - np.float64(tagged[k])
            if abs(late) < BEAM_TRACK_WINDOW:
                distance, x, y, z = approach(tracks, t, PLANES[0], kaons, g, PLANES[1])
                squares = (late / MATCHING_WIDTHS[0]) ** 2 + (distance / MATCHING_WIDTHS[1]) ** 2
                if squares < best:
                    best = squares
                    indices[0, found], indices[1, found], indices[2, found], indices[3, found] = e, t, k, g
                    values[0, found], values[1, found], values[2, found] = x, y, z
                    values[3, found], values[4, found] = distance, squares
        if best < np.inf:
            found += 1
    return indices[:, :found].T, values[:, :found].T


@compiled
def count_vertices(  # type: ignore[no-untyped-def]
    offsets: Index,
    tracks: LineColumns,
    event: Index,
    track: Index,
    distance: float,
    z_range: tuple[float, float],
    z: float,
):
    """Other tracks of the event that come closer to the track than `distance` (mm) inside `z_range`, per candidate.

    `tracks` are lines in the plane z (mm).
    """
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for other in range(offsets[event[n]], offsets[event[n] + 1]):
            if other != track[n]:
                d, _, _, at = approach(tracks, track[n], z, tracks, other, z)
                counts[n] += d < distance and z_range[0] < at < z_range[1]
    return counts
