"""Photons that convert in the spectrometer's first two chambers: the magnet sweeps the pair apart.

Behind the magnet a pair stays together and its shower is that of the photon.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.kernels.geometry import inside_octagon, straw_views
from rarekaon.analysis.simulation.detector.scratch import CLUSTER_ENERGY, CLUSTER_TIME, CLUSTER_X, CLUSTER_Y
from rarekaon.analysis.simulation.detector.transport import (
    ELECTRON,
    ENERGY,
    PARENT,
    PX,
    PY,
    PZ,
    Z_END,
    X,
    Y,
    Z,
    append,
    move,
)
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

PAIR_PER_RADIATION_LENGTH = 7 / 9
"""Pairs per radiation length at high energy (PDG review "Passage of particles through matter", Section 34.4.5)."""
CHAMBERS_BEFORE_MAGNET = 2


@kernel
def conversion_probability(c: Constants, row: Floats) -> float:
    """Probability that a photon makes a pair in a chamber in front of the magnet; a view is a quarter of one."""
    thickness = 0.0
    for chamber in range(CHAMBERS_BEFORE_MAGNET):
        step = c.straw_z[chamber] - row[Z]
        if step > 0 and row[PZ] > 0:
            x, y = row[X] + row[PX] / row[PZ] * step, row[Y] + row[PY] / row[PZ] * step
            if x * x + y * y < c.straw_r_max**2:
                thickness += c.straw_x0 * straw_views(x, y, c.straw_hole_x[chamber], c.straw_half) / 4
    return PAIR_PER_RADIATION_LENGTH * thickness


@kernel
def converts(rng: np.random.Generator, c: Constants, row: Floats) -> bool:
    """Whether a photon makes a pair there."""
    return rng.random() < conversion_probability(c, row)


@kernel
def pair_deposits(c: Constants, x: float, y: float, energy: float, share: float, deposit: Floats, deposits: int) -> int:
    """Calorimeter deposits of a pair whose photon pointed at (x, y); returns the number of deposits.

    The positron has the `share` of the energy; the angle of the pair is neglected against the kick.
    """
    charge = 1.0
    for _ in range(2):
        part = energy * share
        if part > c.lkr_threshold and deposits < deposit.shape[0]:
            x_here = x + charge * c.magnet_kick / part * (c.lkr_z - c.magnet_z)
            if inside_octagon(x_here, y, c.lkr_r_min, c.lkr_apothem):
                deposit[deposits, CLUSTER_X], deposit[deposits, CLUSTER_Y] = x_here, y
                deposit[deposits, CLUSTER_ENERGY], deposit[deposits, CLUSTER_TIME] = part, 0.0
                deposits += 1
        share, charge = 1 - share, -charge
    return deposits


@kernel
def append_pair(c: Constants, particles: Floats, count: int, photon: int, share: float) -> int:
    """Append positron and electron of a photon that makes a pair in front of the magnet; returns the count.

    They begin in the last chamber there; up to the magnet they follow the photon's line in any case.
    """
    charge, part, z = 1.0, share, c.straw_z[CHAMBERS_BEFORE_MAGNET - 1]
    for _ in range(2):
        made = append(particles, count, int(-charge * ELECTRON), charge, particles[photon])
        if made < 0:
            return count
        for column in (PX, PY, PZ, ENERGY):
            particles[made, column] *= part
        move(particles[made], z)
        particles[made, PARENT], particles[made, Z_END] = photon, z
        count, part, charge = made + 1, 1 - share, -charge
    particles[photon, Z_END] = z
    return count
