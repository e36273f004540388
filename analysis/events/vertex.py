"""Three-track vertices: every triplet of tracks of an event, fitted to a common point by weighted least squares.

A track is a straight line upstream of the magnet, x(z) = x0 + s (z - z0) in each view, with the covariance of
(x0, s) from its fit.  For weights taken at the current z the sum of squares is quadratic in (x, y, z) and has a
closed minimum; three passes settle the weights.  The slopes are then updated with the vertex as a constraint (one
Kalman step), which sharpens invariant masses.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from analysis.schema import Z_BEFORE_MAGNET

DEGREES_OF_FREEDOM = 3  # six residuals, three coordinates
PASSES = 3

Float = NDArray[np.float64]


POSITION, SLOPE, VAR, COV, VAR_SLOPE = range(5)
"""Rows of a view: an array of shape (5, tracks) for x and one for y."""


@numba.njit(cache=True)
def _first_guess(x: Float, y: Float, t: NDArray[np.int64]) -> float:
    """z - z0 of the unweighted closest approach of three lines."""
    up, down = 0.0, 0.0
    for view in (x, y):
        mean = (view[POSITION, t[0]] + view[POSITION, t[1]] + view[POSITION, t[2]]) / 3
        mean_slope = (view[SLOPE, t[0]] + view[SLOPE, t[1]] + view[SLOPE, t[2]]) / 3
        for n in t:
            up += (view[POSITION, n] - mean) * (view[SLOPE, n] - mean_slope)
            down += (view[SLOPE, n] - mean_slope) ** 2
    return -up / down if down > 0 else 0.0


@numba.njit(cache=True)
def _moments(view: Float, t: NDArray[np.int64], dz: float):  # type: ignore[no-untyped-def]
    """Weighted means of position and slope with weights at dz, and the sums the closest approach needs."""
    total, mean, mean_slope = 0.0, 0.0, 0.0
    for n in t:
        w = 1 / (view[VAR, n] + 2 * view[COV, n] * dz + view[VAR_SLOPE, n] * dz * dz)
        total += w
        mean += w * view[POSITION, n]
        mean_slope += w * view[SLOPE, n]
    mean, mean_slope = mean / total, mean_slope / total
    cross, square, spread = 0.0, 0.0, 0.0
    for n in t:
        w = 1 / (view[VAR, n] + 2 * view[COV, n] * dz + view[VAR_SLOPE, n] * dz * dz)
        cross += w * (view[POSITION, n] - mean) * (view[SLOPE, n] - mean_slope)
        square += w * (view[SLOPE, n] - mean_slope) ** 2
        spread += w * (view[POSITION, n] - mean) ** 2
    return mean, mean_slope, cross, square, spread


@numba.njit(cache=True)
def _fit(x: Float, y: Float, t: NDArray[np.int64], low: float, high: float):  # type: ignore[no-untyped-def]
    """Vertex of one triplet: (x, y, z - z0, chi2); chi2 is -1 where z - z0 starts outside (low, high)."""
    dz = _first_guess(x, y, t)
    px, py, chi2 = 0.0, 0.0, -1.0
    if low < dz < high:
        for _ in range(PASSES):
            mx, msx, cross_x, square_x, spread_x = _moments(x, t, dz)
            my, msy, cross_y, square_y, spread_y = _moments(y, t, dz)
            dz = -(cross_x + cross_y) / (square_x + square_y)
        px, py = mx + msx * dz, my + msy * dz
        left = spread_x + spread_y + 2 * (cross_x + cross_y) * dz + (square_x + square_y) * dz * dz
        chi2 = max(left, 0.0)  # rounding can leave exact lines just below zero
    return px, py, dz, chi2


@numba.njit(cache=True)
def fit_triplets(  # type: ignore[no-untyped-def]
    offsets: NDArray[np.int64], x: Float, y: Float, chi2_below: float, z_range: tuple[float, float]
):
    """Events with exactly one good vertex among all triplets of their tracks.

    `offsets` (events + 1,) delimits the tracks of each event in the views `x` and `y`, of shape (5, tracks).  Returns
    (event (n,), tracks (n, 3) as indices into the views, vertex (n, 3) in mm, chi2 (n,)).  A vertex is good if its
    chi2 is below `chi2_below` and its z inside `z_range` (mm from the target).
    """
    n_events = len(offsets) - 1
    event = np.empty(n_events, np.int64)
    tracks = np.empty((n_events, 3), np.int64)
    vertex = np.empty((n_events, 3), np.float64)
    chi2 = np.empty(n_events, np.float64)
    low, high = z_range[0] - Z_BEFORE_MAGNET, z_range[1] - Z_BEFORE_MAGNET
    found = 0
    t = np.empty(3, np.int64)
    for e in range(n_events):
        good = 0
        for i in range(offsets[e], offsets[e + 1] - 2):
            for j in range(i + 1, offsets[e + 1] - 1):
                for k in range(j + 1, offsets[e + 1]):
                    t[0], t[1], t[2] = i, j, k
                    px, py, dz, c = _fit(x, y, t, low, high)
                    if 0 <= c < chi2_below and low < dz < high:
                        good += 1
                        if good == 1:
                            event[found], chi2[found], tracks[found] = e, c, t
                            vertex[found] = px, py, Z_BEFORE_MAGNET + dz
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
