"""Three-track vertices: every triplet of tracks of an event, fitted to a common point by weighted least squares.

A track is a straight line upstream of the magnet, x(z) = x0 + s (z - z0) in each view, with the covariance of
(x0, s) from its fit.  For weights taken at the current z the sum of squares is quadratic in (x, y, z) and has a
closed minimum; three passes settle the weights.  The slopes are then updated with the vertex as a constraint (one
Kalman step), which sharpens invariant masses.

Most triplets are no vertex, and that is known before any weights are: the chi2 of a triplet is at least its unweighted
sum of squares, at the closest approach, over the largest variance that one of its tracks has in the z range.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from analysis.schema import Z_BEFORE_MAGNET

DEGREES_OF_FREEDOM = 3  # six residuals, three coordinates
PASSES = 3

Float = NDArray[np.float64]
Index = NDArray[np.int64]
View = tuple[NDArray[np.floating], ...]
"""One view, x or y: position, slope, var, cov, var_slope of all tracks, five arrays (tracks,) of any precision."""

POSITION, SLOPE, VAR, COV, VAR_SLOPE = range(5)
LARGEST = 5
"""Row after those of a view in the kernel's own table: the largest variance in the z range."""
ROWS = 6
MARGIN = 1 + 1e-6
"""Room for rounding, so that the bound never refuses what the fit would accept."""


@numba.njit(cache=True)
def _variance(view: Float, n: int, dz: float) -> float:
    """Variance of a track's position at dz."""
    return view[VAR, n] + 2 * view[COV, n] * dz + view[VAR_SLOPE, n] * dz * dz  # type: ignore[no-any-return]


@numba.njit(cache=True)
def _load(view: View, first: int, last: int, low: float, high: float, into: Float) -> None:
    """The tracks of one event in float64; the variance is convex in z, so it is largest at an end of the range."""
    for n in range(last - first):
        for row in range(LARGEST):
            into[row, n] = view[row][first + n]
        into[LARGEST, n] = max(_variance(into, n, low), _variance(into, n, high))


@numba.njit(cache=True)
def _sums(view: Float, i: int, j: int, k: int, w: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    """Weighted means of position and slope of three tracks and what the closest approach needs: sums of products
    and squares of the deviations from them."""
    x0, x1, x2 = view[POSITION, i], view[POSITION, j], view[POSITION, k]
    s0, s1, s2 = view[SLOPE, i], view[SLOPE, j], view[SLOPE, k]
    total = 1 / (w[0] + w[1] + w[2])
    mean = (w[0] * x0 + w[1] * x1 + w[2] * x2) * total
    slope = (w[0] * s0 + w[1] * s1 + w[2] * s2) * total
    x0, x1, x2, s0, s1, s2 = x0 - mean, x1 - mean, x2 - mean, s0 - slope, s1 - slope, s2 - slope
    cross = w[0] * x0 * s0 + w[1] * x1 * s1 + w[2] * x2 * s2
    square = w[0] * s0 * s0 + w[1] * s1 * s1 + w[2] * s2 * s2
    spread = w[0] * x0 * x0 + w[1] * x1 * x1 + w[2] * x2 * x2
    return mean, slope, cross, square, spread


@numba.njit(cache=True)
def _weights(view: Float, i: int, j: int, k: int, dz: float) -> tuple[float, float, float]:
    return 1 / _variance(view, i, dz), 1 / _variance(view, j, dz), 1 / _variance(view, k, dz)


@numba.njit(cache=True)
def _fit(x: Float, y: Float, i: int, j: int, k: int, low: float, high: float, below: float):  # type: ignore[no-untyped-def]
    """Vertex of one triplet: (x, y, z - z0, chi2); chi2 is -1 where it cannot be below `below`, or where z - z0
    starts outside (low, high)."""
    equal = (1.0, 1.0, 1.0)
    _, _, cross_x, square_x, spread_x = _sums(x, i, j, k, equal)
    _, _, cross_y, square_y, spread_y = _sums(y, i, j, k, equal)
    cross, square = cross_x + cross_y, square_x + square_y
    dz = -cross / square if square > 0 else 0.0
    if not low < dz < high:
        return 0.0, 0.0, dz, -1.0
    largest = max(x[LARGEST, i], x[LARGEST, j], x[LARGEST, k], y[LARGEST, i], y[LARGEST, j], y[LARGEST, k])
    if spread_x + spread_y + cross * dz > below * largest * MARGIN:
        return 0.0, 0.0, dz, -1.0
    px, py, left = 0.0, 0.0, 0.0
    for _ in range(PASSES):
        mx, sx, cross_x, square_x, spread_x = _sums(x, i, j, k, _weights(x, i, j, k, dz))
        my, sy, cross_y, square_y, spread_y = _sums(y, i, j, k, _weights(y, i, j, k, dz))
        cross, square = cross_x + cross_y, square_x + square_y
        dz = -cross / square
        px, py = mx + sx * dz, my + sy * dz
        left = spread_x + spread_y + cross * dz
    return px, py, dz, max(left, 0.0)  # rounding can leave exact lines just below zero


@numba.njit(cache=True)
def fit_triplets(  # type: ignore[no-untyped-def]
    offsets: Index, x: View, y: View, chi2_below: float, z_range: tuple[float, float]
):
    """Events with exactly one good vertex among all triplets of their tracks.

    `offsets` (events + 1,) delimits the tracks of each event in the views `x` and `y`.  Returns (event (n,), tracks
    (n, 3) as indices into the views, vertex (n, 3) in mm, chi2 (n,)).  A vertex is good if its chi2 is below
    `chi2_below` and its z inside `z_range` (mm from the target).
    """
    n_events = len(offsets) - 1
    room = 1
    for e in range(n_events):
        room = max(room, offsets[e + 1] - offsets[e])
    xs, ys = np.empty((ROWS, room)), np.empty((ROWS, room))
    event = np.empty(n_events, np.int64)
    tracks = np.empty((n_events, 3), np.int64)
    vertex = np.empty((n_events, 3), np.float64)
    chi2 = np.empty(n_events, np.float64)
    low, high = z_range[0] - Z_BEFORE_MAGNET, z_range[1] - Z_BEFORE_MAGNET
    found = 0
    for e in range(n_events):
        first, count = offsets[e], offsets[e + 1] - offsets[e]
        if count < 3:
            continue
        _load(x, first, first + count, low, high, xs)
        _load(y, first, first + count, low, high, ys)
        good = 0
        for i in range(count - 2):
            for j in range(i + 1, count - 1):
                for k in range(j + 1, count):
                    px, py, dz, c = _fit(xs, ys, i, j, k, low, high, chi2_below)
                    if 0 <= c < chi2_below and low < dz < high:
                        good += 1
                        if good == 1:
                            event[found], chi2[found] = e, c
                            tracks[found, 0], tracks[found, 1], tracks[found, 2] = first + i, first + j, first + k
                            vertex[found, 0], vertex[found, 1] = px, py
                            vertex[found, 2] = Z_BEFORE_MAGNET + dz
        if good == 1:
            found += 1
    return event[:found].copy(), tracks[:found].copy(), vertex[:found].copy(), chi2[:found].copy()


def constrained_slope(view: Float, vertex: Float, dz: Float) -> Float:
    """Slopes updated with the vertex as a constraint.

    `view` has shape (5, n, 3); `vertex` is the coordinate of that view and `dz` its z - z0, both (n, 1).
    """
    position, slope, var, cov, var_slope = view
    gain = (cov + var_slope * dz) / (var + 2 * cov * dz + var_slope * dz**2)
    return np.asarray(slope - gain * (position + slope * dz - vertex))
