"""Decays of the pi0: two photons, Dalitz, double Dalitz and the electron pair, to hang below a kaon decay.

Kroll and Wada, PR 98 (1955) 1355; the exchange term of the double Dalitz decay is kept: T. Miyazaki and E.
Takasugi, PRD 8 (1973) 2051. Slope of the transition form factor: NA62, PLB 768 (2017) 38.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI0
from rarekaon.analysis.decays.mode import Floats
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import SLOPE, dalitz
from rarekaon.analysis.decays.pair_currents import contracted, fill_current, fill_spinors
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.kernels.compiled import entry, kernel

Complex = npt.NDArray[np.complex128]

TREES = {
    "gamma gamma": Pair("gamma", "gamma", "pi0"),
    "e+ e- gamma": Pair("gamma", Pair("e+", "e-", "log"), "pi0"),
    "e+ e- e+ e-": Pair(Pair("e+", "e-", "log"), Pair("e+", "e-", "log"), "pi0"),
    "e+ e-": Pair("e+", "e-", "pi0"),
}


def from_pi0(products: str) -> Pair:
    """The tree of a pi0 decay; its leaves are in the order gamma, e+, e- or e+, e-, e+, e-."""
    return TREES[products]


@kernel
def _squared_mass(p: Floats, q: Floats, i: int) -> float:
    x, y, z, energy = p[0, i] + q[0, i], p[1, i] + q[1, i], p[2, i] + q[2, i], p[3, i] + q[3, i]
    return energy * energy - x * x - y * y - z * z


@kernel
def _fill_currents(plus: Complex, minus: Complex, q2: float, out: Complex) -> None:
    """Vector currents of a pair times form factor over squared mass, by the helicities of e+ and e-."""
    factor = (1 + SLOPE * q2 / MASS_PI0**2) / q2
    for g in range(2):
        for h in range(2):
            fill_current(minus[h], plus[g], factor, out[g, h])


@entry
def _double_dalitz(plus: Floats, minus: Floats, plus2: Floats, minus2: Floats, out: Floats) -> None:
    spinors = np.empty((4, 2, 4), np.complex128)
    currents = np.empty((4, 2, 2, 4), np.complex128)
    sums = np.empty((4, 4))
    for i in range(out.size):
        fill_spinors(plus, i, MASS_E, True, spinors[0])
        fill_spinors(minus, i, MASS_E, False, spinors[1])
        fill_spinors(plus2, i, MASS_E, True, spinors[2])
        fill_spinors(minus2, i, MASS_E, False, spinors[3])
        first, second = _squared_mass(plus, minus, i), _squared_mass(plus2, minus2, i)
        third, fourth = _squared_mass(plus2, minus, i), _squared_mass(plus, minus2, i)
        _fill_currents(spinors[0], spinors[1], first, currents[0])
        _fill_currents(spinors[2], spinors[3], second, currents[1])
        _fill_currents(spinors[2], spinors[1], third, currents[2])
        _fill_currents(spinors[0], spinors[3], fourth, currents[3])
        for mu in range(4):
            sums[0, mu], sums[1, mu] = plus[mu, i] + minus[mu, i], plus2[mu, i] + minus2[mu, i]
            sums[2, mu], sums[3, mu] = plus2[mu, i] + minus[mu, i], plus[mu, i] + minus2[mu, i]
        # turning all helicities round conjugates the amplitude: one of the first positron's is enough
        total = 0.0
        for h in range(2):
            for k in range(2):
                for m in range(2):
                    direct = contracted(currents[0, 0, h], currents[1, k, m], sums[0], sums[1])
                    crossed = contracted(currents[2, k, h], currents[3, 0, m], sums[2], sums[3])
                    total += 2 * ((direct.real - crossed.real) ** 2 + (direct.imag - crossed.imag) ** 2)
        a, b = (first * second) ** -2.0, (third * fourth) ** -2.0
        out[i] = total * 2 * a / (a + b) / MASS_PI0**4


def double_dalitz(plus: Floats, minus: Floats, plus2: Floats, minus2: Floats) -> Floats:
    """Squared amplitude of pi0 -> e+ e- e+ e-, dimensionless.

    The rate is symmetric in the positrons, and so it is sampled with the poles of the pairs of the tree only: the
    squared amplitude is multiplied with 2 a / (a + b), a and b the squared propagators of the direct and the
    exchanged pairs.
    """
    out = np.empty(plus.shape[-1])
    _double_dalitz(*(np.ascontiguousarray(p) for p in (plus, minus, plus2, minus2)), out)
    return out


__all__ = ["dalitz", "double_dalitz", "from_pi0"]
