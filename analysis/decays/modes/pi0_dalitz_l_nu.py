"""K+ -> pi0 e+ nu followed by pi0 -> e+ e- gamma.

K_l3: vector form factor f_+(t) with the quadratic slopes of the PDG; pi0 Dalitz decay: Kroll and Wada, PR 98
(1955) 1355, with the transition form factor's slope of NA62, PLB 768 (2017) 38.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.phase_space import Pair

LAMBDA1, LAMBDA2 = 0.0252, 0.0016
SLOPE = 0.0368


def vector_form_factor(t: Floats) -> Floats:
    """f_+(t) / f_+(0), t in MeV2."""
    ratio = t / MASS_PI**2
    return np.asarray(1 + LAMBDA1 * ratio + LAMBDA2 * ratio**2 / 2)


def semileptonic(pi0: Floats, lepton: Floats, neutrino: Floats) -> Floats:
    """|f_+|^2 times the contraction of (P + p)^mu with the V-A lepton tensor (terms in the lepton's mass left out)."""
    sum_p = KAON + pi0
    tensor = 2 * dot(sum_p, lepton) * dot(sum_p, neutrino) - dot(sum_p, sum_p) * dot(lepton, neutrino)
    return np.asarray(vector_form_factor(mass2(lepton, neutrino)) ** 2 * tensor / MASS_PI**4)


def dalitz(gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    """Squared amplitude of pi0 -> e+ e- gamma: (1 - x)^2 / x (1 + y^2 + r^2 / x) (1 + a x)^2."""
    x = mass2(plus, minus) / MASS_PI0**2
    y = 2 * dot(plus + minus + gamma, plus - minus) / (MASS_PI0**2 * (1 - x))
    return np.asarray((1 - x) ** 2 / x * (1 + y**2 + (2 * MASS_E / MASS_PI0) ** 2 / x) * (1 + SLOPE * x) ** 2)


def squared_amplitude(neutrino: Floats, lepton: Floats, gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    return semileptonic(gamma + plus + minus, lepton, neutrino) * dalitz(gamma, plus, minus)


PI0D_E_NU = Mode(
    "K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma",
    41,
    Pair("nu_e", Pair("e+", Pair("gamma", Pair("e+", "e-", "log"), "pi0"))),
    "PDG 2020 slopes; PR 98 (1955) 1355, PLB 768 (2017) 38",
    squared_amplitude,
)
