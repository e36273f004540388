"""Currents a decay at a time are those of whole arrays, and the rate of four electrons is that of their amplitudes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI0
from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.modes.pi0 import double_dalitz
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import SLOPE
from rarekaon.analysis.decays.pair_currents import fill_current, fill_spinors
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.decays.weyl import HELICITIES, antiparticle_spinor, epsilon, particle_spinor, vector_current

FOUR_ELECTRONS = mode("K+ -> pi+ pi0, pi0 -> e+ e- e+ e-")


@pytest.fixture(scope="module")
def electrons():
    """Momenta (4, 4, n): e+, e-, e+, e-."""
    x = np.random.default_rng(3).random((300, FOUR_ELECTRONS.flat.dimensions))
    return generate(FOUR_ELECTRONS.flat, x)[0][1:]


def test_currents_are_those_of_the_spinors(electrons):
    plus, minus = electrons[:2]
    out, spinors = np.empty(4, complex), np.empty((2, 2, 4), complex)
    for i, (g, h) in product(range(20), product(range(2), repeat=2)):
        fill_spinors(plus, i, MASS_E, True, spinors[0])
        fill_spinors(minus, i, MASS_E, False, spinors[1])
        fill_current(spinors[1, h], spinors[0, g], 0.5, out)
        whole = vector_current(
            particle_spinor(minus, MASS_E, HELICITIES[h]), antiparticle_spinor(plus, MASS_E, HELICITIES[g])
        )
        assert out == pytest.approx(0.5 * whole[:, i], rel=1e-9, abs=1e-9 * np.abs(whole[:, i]).max())


def test_the_rate_of_four_electrons_is_the_sum_over_all_spins(electrons):
    """Direct less exchanged amplitude, with all sixteen combinations of spins."""
    plus, minus, plus2, minus2 = electrons

    def current(one, other, g, h):
        q2 = mass2(one, other)
        spinors = particle_spinor(other, MASS_E, h), antiparticle_spinor(one, MASS_E, g)
        return (1 + SLOPE * q2 / MASS_PI0**2) / q2 * vector_current(*spinors)

    total = np.zeros(plus.shape[-1])
    for g, h, k, m in product(HELICITIES, repeat=4):
        direct = epsilon(current(plus, minus, g, h), current(plus2, minus2, k, m), plus + minus, plus2 + minus2)
        crossed = epsilon(current(plus2, minus, k, h), current(plus, minus2, g, m), plus2 + minus, plus + minus2)
        total += np.abs(direct - crossed) ** 2
    a = (mass2(plus, minus) * mass2(plus2, minus2)) ** -2.0
    b = (mass2(plus2, minus) * mass2(plus, minus2)) ** -2.0
    assert double_dalitz(*electrons) == pytest.approx(total * 2 * a / (a + b) / MASS_PI0**4, rel=1e-7)
