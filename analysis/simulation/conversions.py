"""Photons that convert in the spectrometer's first two chambers: the magnet sweeps the pair apart.

Behind the magnet a pair stays together and its shower is that of the photon.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.detector import inside_octagon, straw_views
from analysis.simulation.constants import Constants
from analysis.simulation.kernel import kernel
from analysis.simulation.transport import PX, PY, PZ, X, Y, Z

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
def pair_deposits(
    rng: np.random.Generator, c: Constants, x: float, y: float, energy: float, deposit: Floats, deposits: int
) -> int:
    """Calorimeter deposits of a pair whose photon pointed at (x, y); returns the number of deposits.

    The share of the energy is uniform, the angle of the pair is neglected against the kick.
    """
    share, charge = rng.random(), 1.0
    for _ in range(2):
        part = energy * share
        if part > c.lkr_threshold and deposits < deposit.shape[0]:
            x_here = x + charge * c.magnet_kick / part * (c.lkr_z - c.magnet_z)
            if inside_octagon(x_here, y, c.lkr_r_min, c.lkr_apothem):
                deposit[deposits, 0], deposit[deposits, 1] = x_here, y
                deposit[deposits, 2], deposit[deposits, 3] = part, 0.0
                deposits += 1
        share, charge = 1 - share, -charge
    return deposits


@kernel
def missed_with_pairs(
    rng: np.random.Generator,
    c: Constants,
    row: Floats,
    x: float,
    y: float,
    energy: float,
    inefficiency: float,
    pairs: bool,
    deposit: Floats,
) -> float:
    """Probability that a photon that points at (x, y) in the calorimeter is missed there, whole or as a pair.

    Of a pair one sharing of the energy is drawn: without a deposit of either lepton it is missed, with one it is seen,
    and with `pairs` every pair is.  `deposit` is scratch.
    """
    probability = conversion_probability(c, row)
    if pairs:
        return (1 - probability) * inefficiency
    if pair_deposits(rng, c, x, y, energy, deposit, 0) > 0:
        probability = 0.0
    return probability + (1 - probability) * inefficiency
