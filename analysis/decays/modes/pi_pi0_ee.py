"""K+ -> pi+ pi0 e+ e-: a virtual photon from inner bremsstrahlung and magnetic direct emission.

H. Pichl, EPJ C 20 (2001) 371; L. Cappiello, O. Cata, G. D'Ambrosio and D.-N. Gao, EPJ C 72 (2012) 1872. X_M
as in `pi_pi0_gamma`; the electric term and the interference of the two, odd under time reversal up to strong
phases, are left out.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.modes.pi0 import from_pi0
from rarekaon.analysis.decays.modes.pi_pi0_gamma import X_M
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import dual


def pair_tensor(current: Floats, plus: Floats, minus: Floats) -> Floats:
    """sum over spins of |current . (u-bar gamma v)|^2 / 4 for a real current."""
    trace = 2 * dot(current, plus) * dot(current, minus)
    return np.asarray(trace - dot(current, current) * (dot(plus, minus) + MASS_E**2))


def squared_amplitude(pi: Floats, first: Floats, second: Floats, plus: Floats, minus: Floats) -> Floats:
    """|M|^2 / (4 e^4 |A(pi+ pi0)|^2) in MeV^-4; the photons of the pi0 enter by its momentum only."""
    del first, second
    q = plus + minus
    q2 = mass2(q)
    inner = (2 * pi + q) / (2 * dot(pi, q) + q2) - (2 * KAON - q) / (2 * dot(KAON, q) - q2)
    magnetic = X_M * dual(KAON + 0 * q, pi, q)
    return np.asarray((pair_tensor(inner, plus, minus) + pair_tensor(magnetic, plus, minus)) / q2**2)


PI_PI0_EE = Mode(
    "K+ -> pi+ pi0 e+ e-, pi0 -> gamma gamma",
    67,
    Pair(Pair("pi+", from_pi0("gamma gamma")), Pair("e+", "e-", "log")),
    "EPJ C 20 (2001) 371, EPJ C 72 (2012) 1872; X_M of EPJ C 68 (2010) 75",
    squared_amplitude,
)
