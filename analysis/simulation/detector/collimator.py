"""Decays upstream of the vacuum tank: the final collimator absorbs what leaves its aperture, TRIM5 bends the rest.

The bend displaces the reconstructed vertex along the beam: upstream decays enter the fiducial volume that way.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.transport import PX, PY, PZ, X, Y, Z, kick, move
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]


@kernel
def inside_collimator(c: Constants, x: float, y: float, z: float, slope_x: float, slope_y: float) -> bool:
    """Whether a line that starts upstream of the collimator's planes goes through its aperture."""
    for plane in range(c.collimator_z.size):
        step = c.collimator_z[plane] - z
        across = abs(x + slope_x * step) > c.collimator_half[0] or abs(y + slope_y * step) > c.collimator_half[1]
        if step > 0 and across:
            return False
    return True


@kernel
def into_tank(c: Constants, row: Floats) -> bool:
    """Bring a forward product of a decay to TRIM5 and through it, where it starts upstream; False: it is absorbed."""
    if row[Z] >= c.trim5_z:
        return True
    if not inside_collimator(c, row[X], row[Y], row[Z], row[PX] / row[PZ], row[PY] / row[PZ]):
        return False
    move(row, c.trim5_z)
    kick(row, c.trim5_kick)
    return True
