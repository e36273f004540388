"""K+ -> pi+ pi+ pi-: the Dalitz slopes of the PDG with the Coulomb interaction of the pions.

|M|^2 = 1 + g u + h u^2 + k v^2, u = (s_3 - s_0)/m_pi^2, v = (s_2 - s_1)/m_pi^2, s_i = (P - p_i)^2, 3 the odd pion
(PDG review "Dalitz plot parameters for K -> 3 pi"); pairwise Gamow factors as in G. Isidori, EPJ C 53 (2008) 567.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import ALPHA, MASS_K, MASS_PI
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.phase_space import Pair

G, H, K = -0.21134, 0.01848, -0.00463
S0 = (MASS_K**2 + 3 * MASS_PI**2) / 3


def dalitz_variables(first: Floats, second: Floats, odd: Floats) -> tuple[Floats, Floats]:
    """u and v of the PDG; `odd` is the pion of the other charge."""
    s1, s2, s3 = (mass2(KAON - p) for p in (first, second, odd))
    return (s3 - S0) / MASS_PI**2, (s2 - s1) / MASS_PI**2


def gamow(p: Floats, q: Floats, charges: int) -> Floats:
    """Coulomb factor of two pions whose charges have the product `charges`."""
    energies = dot(p, q) / MASS_PI**2
    velocity = np.sqrt(np.maximum(1 - 1 / energies**2, 1e-12))
    x = 2 * np.pi * ALPHA * charges / velocity
    return np.asarray(x / np.expm1(x))


def squared_amplitude(first: Floats, second: Floats, odd: Floats) -> Floats:
    u, v = dalitz_variables(first, second, odd)
    coulomb = gamow(first, second, 1) * gamow(first, odd, -1) * gamow(second, odd, -1)
    return np.asarray((1 + G * u + H * u**2 + K * v**2) * coulomb)


K3PI = Mode(
    "K+ -> pi+ pi+ pi-",
    21,
    Pair("pi+", Pair("pi+", "pi-")),
    "PDG 2020 slopes; Coulomb factors of EPJ C 53 (2008) 567",
    squared_amplitude,
)
