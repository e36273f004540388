"""Decays of the pi0: two photons, Dalitz, double Dalitz and the electron pair, to hang below a kaon decay.

Kroll and Wada, PR 98 (1955) 1355; the exchange term of the double Dalitz decay is kept: T. Miyazaki and E.
Takasugi, PRD 8 (1973) 2051. Slope of the transition form factor: NA62, PLB 768 (2017) 38.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI0
from rarekaon.analysis.decays.mode import Floats, mass2
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import SLOPE, dalitz
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import (
    HELICITIES,
    Complex,
    antiparticle_spinor,
    epsilon,
    particle_spinor,
    vector_current,
)

TREES = {
    "gamma gamma": Pair("gamma", "gamma", "pi0"),
    "e+ e- gamma": Pair("gamma", Pair("e+", "e-", "log"), "pi0"),
    "e+ e- e+ e-": Pair(Pair("e+", "e-", "log"), Pair("e+", "e-", "log"), "pi0"),
    "e+ e-": Pair("e+", "e-", "pi0"),
}


def from_pi0(products: str) -> Pair:
    """The tree of a pi0 decay; its leaves are in the order gamma, e+, e- or e+, e-, e+, e-."""
    return TREES[products]


def _currents(plus: Floats, minus: Floats) -> list[list[Complex]]:
    """Vector currents of a pair times form factor over squared mass, by the helicities of e+ and e-."""
    q2 = mass2(plus, minus)
    factor = (1 + SLOPE * q2 / MASS_PI0**2) / q2
    return [
        [
            factor * vector_current(particle_spinor(minus, MASS_E, h), antiparticle_spinor(plus, MASS_E, g))
            for h in HELICITIES
        ]
        for g in HELICITIES
    ]


def double_dalitz(plus: Floats, minus: Floats, plus2: Floats, minus2: Floats) -> Floats:
    """Squared amplitude of pi0 -> e+ e- e+ e-, dimensionless.

    The rate is symmetric in the positrons, and so it is sampled with the poles of the pairs of the tree only: the
    squared amplitude is multiplied with 2 a / (a + b), a and b the squared propagators of the direct and the
    exchanged pairs.
    """
    first, second = _currents(plus, minus), _currents(plus2, minus2)
    third, fourth = _currents(plus2, minus), _currents(plus, minus2)
    direct_q, crossed_q = plus2 + minus2, plus + minus2
    total = np.zeros(plus.shape[-1])
    # turning all helicities round conjugates the amplitude: one of the first positron's is enough
    for h, k, m in product((0, 1), repeat=3):
        direct = epsilon(first[0][h], second[k][m], plus + minus, direct_q)
        crossed = epsilon(third[k][h], fourth[0][m], plus2 + minus, crossed_q)
        total += 2 * np.abs(direct - crossed) ** 2
    a = (mass2(plus, minus) * mass2(plus2, minus2)) ** -2.0
    b = (mass2(plus2, minus) * mass2(plus, minus2)) ** -2.0
    return np.asarray(total * 2 * a / (a + b) / MASS_PI0**4)


__all__ = ["dalitz", "double_dalitz", "from_pi0"]
