"""The track fit: linear least squares with multiple scattering in the covariance.

Along x the model is a line with a kink at the magnet, with the parameters (x, dx/dz, kink); along y it is a line.
Both are given at z = 180 m, in front of the first chamber. The covariance of the four hits contains the scattering
in the chambers in front of each; a chamber that does not see the track has a hit of an error that makes it worthless.
The momentum follows from the change of the x component of the unit direction
vector.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.schema import Z_AFTER_MAGNET, Z_BEFORE_MAGNET
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.transport import NOT_MEASURED, scattering_angle
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

(
    FIT_X, FIT_TX, FIT_KINK, FIT_Y, FIT_TY, FIT_MOMENTUM, FIT_CHARGE, FIT_CHI2,
    VAR_X, COV_X_TX, VAR_TX, VAR_Y, COV_Y_TY, VAR_TY, FIT_CHAMBERS,
) = range(15)  # fmt: skip
FIT_COLUMNS = 15
PION_MASS = 139.57
"""The scattering of every track is weighted as a pion's: at these momenta beta is 1."""
SOFTEST_FIT, HARDEST_FIT = 500.0, 200000.0
"""Momenta (MeV) between which a track is reconstructed."""
PARAMETERS = 5
"""Of a track; each chamber that sees it measures two coordinates."""


@kernel
def chambers_of(hits: Floats) -> int:
    """How many of the four chambers see the track."""
    seen = 0
    for i in range(4):
        seen += int(hits[i, 2] < NOT_MEASURED)
    return seen


@kernel
def factorise(z: Floats, hits: Floats, column: int, angle: float, low: Floats) -> None:
    """Cholesky factor (4, 4) of the covariance (mm2) of four hits.

    Measurement errors are in `column` of the hits; scattering by `angle` (rad) in each chamber displaces the hits
    after it.
    """
    for i in range(4):
        for k in range(i + 1):
            v = hits[i, column] ** 2 if i == k else 0.0
            for j in range(k):
                v += angle * angle * (z[i] - z[j]) * (z[k] - z[j]) - low[i, j] * low[k, j]
            low[i, k] = np.sqrt(v) if i == k else v / low[k, k]


@kernel
def least_squares(z: Floats, values: Floats, kink_at: float, n: int, low: Floats, work: Floats) -> float:
    """Fit a line (n = 2) or a line with a kink (n = 3) to four values with Cholesky factor `low`; returns chi2.

    Row 0 of `work` (4, 4) receives the parameters (value and slope at `Z_BEFORE_MAGNET`, kink), rows 1 to 3 their
    covariance.
    """
    a = work[4:]
    for i in range(4):
        a[i, 0], a[i, 1], a[i, 2] = 1.0, z[i] - Z_BEFORE_MAGNET, max(0.0, z[i] - kink_at)
        a[i, 3] = values[i]
        for p in range(4):
            for j in range(i):
                a[i, p] -= low[i, j] * a[j, p]
            a[i, p] /= low[i, i]
    n00, n01, n11, r0, r1 = 0.0, 0.0, 0.0, 0.0, 0.0
    n02, n12, n22, r2, chi2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(4):
        n00 += a[i, 0] * a[i, 0]
        n01 += a[i, 0] * a[i, 1]
        n11 += a[i, 1] * a[i, 1]
        r0 += a[i, 0] * a[i, 3]
        r1 += a[i, 1] * a[i, 3]
        n02 += a[i, 0] * a[i, 2]
        n12 += a[i, 1] * a[i, 2]
        n22 += a[i, 2] * a[i, 2]
        r2 += a[i, 2] * a[i, 3]
        chi2 += a[i, 3] * a[i, 3]
    if n == 2:
        n02, n12, n22, r2 = 0.0, 0.0, 1.0, 0.0
    # the inverse of the symmetric 3 x 3 normal matrix by cofactors
    c00, c01, c02 = n11 * n22 - n12 * n12, n02 * n12 - n01 * n22, n01 * n12 - n02 * n11
    d = 1 / (n00 * c00 + n01 * c01 + n02 * c02)
    c11, c12, c22 = n00 * n22 - n02 * n02, n01 * n02 - n00 * n12, n00 * n11 - n01 * n01
    work[1, 0], work[1, 1], work[1, 2] = c00 * d, c01 * d, c02 * d
    work[2, 1], work[2, 2], work[3, 2] = c11 * d, c12 * d, c22 * d
    work[0, 0] = d * (c00 * r0 + c01 * r1 + c02 * r2)
    work[0, 1] = d * (c01 * r0 + c11 * r1 + c12 * r2)
    work[0, 2] = d * (c02 * r0 + c12 * r1 + c22 * r2)
    return chi2 - work[0, 0] * r0 - work[0, 1] * r1 - work[0, 2] * r2


@kernel
def momentum_from_kink(slope_x: float, kink: float, slope_y: float, kick: float) -> tuple[float, float]:
    """Momentum (MeV) and charge from the slopes before the magnet and the change of dx/dz there."""
    after = slope_x + kink
    turn = after / np.sqrt(1 + after * after + slope_y * slope_y)
    turn -= slope_x / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    if turn == 0.0:
        return np.inf, 1.0
    return abs(kick / turn), np.sign(kick * turn)


@kernel
def position(fit: Floats, z: float, magnet_z: float) -> tuple[float, float]:
    """Where the fitted track crosses the plane z."""
    x = fit[FIT_X] + fit[FIT_TX] * (z - Z_BEFORE_MAGNET) + fit[FIT_KINK] * max(0.0, z - magnet_z)
    return x, fit[FIT_Y] + fit[FIT_TY] * (z - Z_BEFORE_MAGNET)


@kernel
def fit_track(c: Constants, hits: Floats, low: Floats, work: Floats, fit: Floats) -> bool:
    """Fit the four hits (x, y, sigma_x, sigma_y); fills `fit` and says whether the track is accepted.

    `low` (4, 4) and `work` (8, 4) are scratch.
    """
    z = c.straw_z
    before = (hits[1, 0] - hits[0, 0]) / (z[1] - z[0])
    after = (hits[3, 0] - hits[2, 0]) / (z[3] - z[2])
    slope_y = (hits[3, 1] - hits[0, 1]) / (z[3] - z[0])
    rough, _ = momentum_from_kink(before, after - before, slope_y, c.magnet_kick)
    if not SOFTEST_FIT < rough < HARDEST_FIT:
        return False
    angle = scattering_angle(rough, PION_MASS, c.straw_highland)
    factorise(z, hits, 2, angle, low)
    chi2 = least_squares(z, hits[:, 0], c.magnet_z, 3, low, work)
    fit[FIT_X], fit[FIT_TX], fit[FIT_KINK] = work[0, 0], work[0, 1], work[0, 2]
    fit[VAR_X], fit[COV_X_TX], fit[VAR_TX] = work[1, 0], work[1, 1], work[2, 1]
    factorise(z, hits, 3, angle, low)
    chi2 += least_squares(z, hits[:, 1], c.magnet_z, 2, low, work)
    fit[FIT_Y], fit[FIT_TY] = work[0, 0], work[0, 1]
    fit[VAR_Y], fit[COV_Y_TY], fit[VAR_TY] = work[1, 0], work[1, 1], work[2, 1]
    fit[FIT_MOMENTUM], fit[FIT_CHARGE] = momentum_from_kink(fit[FIT_TX], fit[FIT_KINK], fit[FIT_TY], c.magnet_kick)
    fit[FIT_CHAMBERS] = chambers_of(hits)
    fit[FIT_CHI2] = chi2 / (2 * fit[FIT_CHAMBERS] - PARAMETERS)
    x, y = position(fit, z[3], c.magnet_z)  # a decay can make three chambers point anywhere
    inside = x * x + y * y < c.straw_r_max**2
    return inside and fit[FIT_CHI2] < c.straw_chi2_max and fit[FIT_MOMENTUM] < HARDEST_FIT


@kernel
def position_after(fit: Floats, magnet_z: float) -> tuple[float, float]:
    """Where it crosses the reference plane after the magnet."""
    return position(fit, Z_AFTER_MAGNET, magnet_z)
