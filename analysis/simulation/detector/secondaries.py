"""Charged pions that interact in front of the calorimeter: a neutral pion of the interaction showers off the track.

What the interaction does to the track's own E/p is in the measured identification curves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.kernels.geometry import inside_octagon
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.scratch import CLUSTER_ENERGY, CLUSTER_TIME, CLUSTER_X, CLUSTER_Y
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

LEAST_SHARE = 0.05
"""Photon of a neutral pion with a smaller share of its energy than this: too soft to count."""


@kernel
def neutral_pion(rng: np.random.Generator, c: Constants, momentum: float) -> tuple[float, float, float, float]:
    """Energy (MeV) of the neutral pion of an interaction, its two angles to the track, and the path (mm) left.

    The energy share x follows 3 (1 - x)^2, the transverse momentum is Gaussian in each direction.
    """
    energy = max(MASS_PI0, momentum * (1 - rng.random() ** (1 / 3)))
    angle_x = c.interaction_pt * rng.standard_normal() / energy
    angle_y = c.interaction_pt * rng.standard_normal() / energy
    z = c.interaction_z[0] + (c.interaction_z[1] - c.interaction_z[0]) * rng.random()
    return energy, angle_x, angle_y, c.lkr_z - z


@kernel
def secondary_deposits(rng: np.random.Generator, c: Constants, at: Floats, deposit: Floats, deposits: int) -> int:
    """Calorimeter deposits of what the pion with the impact `at` makes on its way; returns the number of deposits.

    What would merge with the track's own cluster is in the identification curves already.
    """
    if abs(at[t.IMPACT_PDG]) != t.PION or rng.random() > 1 - np.exp(-c.interaction_lengths):
        return deposits
    energy, angle_x, angle_y, path = neutral_pion(rng, c, at[t.IMPACT_P])
    share = LEAST_SHARE + (1 - 2 * LEAST_SHARE) * rng.random()
    opening = MASS_PI0 / (energy * np.sqrt(share * (1 - share)))
    phi = 2 * np.pi * rng.random()
    for part, recoil in ((share, 1 - share), (1 - share, -share)):
        x = at[t.IMPACT_X] + path * (angle_x + recoil * opening * np.cos(phi))
        y = at[t.IMPACT_Y] + path * (angle_y + recoil * opening * np.sin(phi))
        seen = energy * part > c.lkr_threshold and inside_octagon(x, y, c.lkr_pipe, c.lkr_apothem)
        apart = (x - at[t.IMPACT_X]) ** 2 + (y - at[t.IMPACT_Y]) ** 2 > c.lkr_merging**2
        if seen and apart and deposits < deposit.shape[0]:
            deposit[deposits, CLUSTER_X], deposit[deposits, CLUSTER_Y] = x, y
            deposit[deposits, CLUSTER_ENERGY], deposit[deposits, CLUSTER_TIME] = energy * part, 0.0
            deposits += 1
    return deposits
