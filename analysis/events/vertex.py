"""Three-track vertices: every triplet of tracks of an event, fitted to a common point by weighted least squares.

A track is a straight line upstream of the magnet, x(z) = x0 + s (z - z0) in each view, with the covariance of
(x0, s) from its fit.  For weights taken at the current z the sum of squares is quadratic in (x, y, z) and has a
closed minimum; three passes settle the weights.  The slopes are then updated with the vertex as a constraint (one
Kalman step), which sharpens invariant masses.

Most triplets are no vertex, and that is known before any weights are: the chi2 of a triplet is at least its unweighted
sum of squares, at the closest approach, over the largest variance that one of its tracks has in the z range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.kernels.compiled import unchecked

PASSES = 3

Float = NDArray[np.float64]
Index = NDArray[np.int64]
View = tuple[NDArray[np.floating], ...]
"""One view, x or y: position, slope, var, cov, var_slope of all tracks, five arrays (tracks,) of any precision."""

Three = tuple[float, float, float]
"""Of the three tracks of a triplet."""
EQUAL = (1.0, 1.0, 1.0)

POSITION, SLOPE, VAR, COV, VAR_SLOPE = range(5)
LARGEST = 5
"""Row after those of a view in the kernel's own table: the largest variance in the z range."""
ROWS = 6
MARGIN = 1 + 1e-6
"""Room for rounding, so that the bound never refuses what the fit would accept."""


@unchecked
def _variance(view: Float, n: int, dz: float) -> float:
    """Variance of a track's position at dz."""
    return view[VAR, n] + 2 * view[COV, n] * dz + view[VAR_SLOPE, n] * dz * dz  # type: ignore[no-any-return]


@unchecked
def _load(view: View, first: int, last: int, low: float, high: float, into: Float) -> None:
    """The tracks of one event in float64; the variance is convex in z, so it is largest at an end of the range."""
    position, slope, var, cov, var_slope = view
    for n in range(last - first):
        into[POSITION, n] = position[first + n]
        into[SLOPE, n] = slope[first + n]
        into[VAR, n] = var[first + n]
        into[COV, n] = cov[first + n]
        into[VAR_SLOPE, n] = var_slope[first + n]
        into[LARGEST, n] = max(_variance(into, n, low), _variance(into, n, high))


@unchecked
def _three(view: Float, row: int, i: int, j: int, k: int) -> Three:
    return view[row, i], view[row, j], view[row, k]


@unchecked
def _products(a: Three, b: Three) -> Three:
    """Products of the differences between two tracks, each pair in the place of the third track."""
    return (a[1] - a[2]) * (b[1] - b[2]), (a[0] - a[2]) * (b[0] - b[2]), (a[0] - a[1]) * (b[0] - b[1])


@unchecked
def _dot(a: Three, b: Three) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@unchecked
def _variances(v: Three, c: Three, vs: Three, dz: float) -> Three:
    """Variances of the positions at dz."""
    return v[0] + (2 * c[0] + vs[0] * dz) * dz, v[1] + (2 * c[1] + vs[1] * dz) * dz, v[2] + (2 * c[2] + vs[2] * dz) * dz


@unchecked
def _others(v: Three) -> Three:
    """Products of the other two variances: inverse variances up to a common factor."""
    return v[1] * v[2], v[0] * v[2], v[0] * v[1]


@unchecked
def _fit(x: Float, y: Float, i: int, j: int, k: int, low: float, high: float, below: float):  # type: ignore[no-untyped-def]
    """Vertex of one triplet: (x, y, z - z0, chi2); chi2 is -1 where it cannot be below `below`, or where z - z0
    starts outside (low, high).

    With variances v_i, weights w_i = 1 / v_i and their sum W, a weighted sum over deviations from the mean equals a
    sum over pairs, sum_ij w_i w_j (x_i - x_j) (s_i - s_j) / W. Here w_i w_j / W = v_k / (v_1 v_2 + v_1 v_3 + v_2
    v_3). The differences do not change from pass to pass, so a pass needs one division.
    """
    xs, sx = _three(x, POSITION, i, j, k), _three(x, SLOPE, i, j, k)
    ys, sy = _three(y, POSITION, i, j, k), _three(y, SLOPE, i, j, k)
    xx, xsx, ssx = _products(xs, xs), _products(xs, sx), _products(sx, sx)
    yy, ysy, ssy = _products(ys, ys), _products(ys, sy), _products(sy, sy)
    cross, square = _dot(EQUAL, xsx) + _dot(EQUAL, ysy), _dot(EQUAL, ssx) + _dot(EQUAL, ssy)
    dz = -cross / square if square > 0 else 0.0
    if not low < dz < high:
        return 0.0, 0.0, dz, -1.0
    largest = max(x[LARGEST, i], x[LARGEST, j], x[LARGEST, k], y[LARGEST, i], y[LARGEST, j], y[LARGEST, k])
    if _dot(EQUAL, xx) + _dot(EQUAL, yy) + cross * dz > 3 * below * largest * MARGIN:
        return 0.0, 0.0, dz, -1.0
    vx, cx, vsx = _three(x, VAR, i, j, k), _three(x, COV, i, j, k), _three(x, VAR_SLOPE, i, j, k)
    vy, cy, vsy = _three(y, VAR, i, j, k), _three(y, COV, i, j, k), _three(y, VAR_SLOPE, i, j, k)
    a, b = EQUAL, EQUAL
    for _ in range(PASSES):
        a, b = _variances(vx, cx, vsx, dz), _variances(vy, cy, vsy, dz)
        down_x, down_y = _dot(EQUAL, _others(a)), _dot(EQUAL, _others(b))
        cross = _dot(a, xsx) * down_y + _dot(b, ysy) * down_x
        dz = -cross / (_dot(a, ssx) * down_y + _dot(b, ssy) * down_x)
    chi2 = _dot(a, xx) / down_x + _dot(b, yy) / down_y + cross * dz / (down_x * down_y)
    px = (_dot(_others(a), xs) + _dot(_others(a), sx) * dz) / down_x
    py = (_dot(_others(b), ys) + _dot(_others(b), sy) * dz) / down_y
    return px, py, dz, max(chi2, 0.0)  # rounding can leave exact lines just below zero


@unchecked
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
