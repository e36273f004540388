"""Decays of the pi0 against Kroll and Wada's spectrum, spinors, and the published rate of the double Dalitz decay."""

import itertools
from math import pi, sqrt

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.mode import dot, kallen, mass2
from rarekaon.analysis.decays.modes.pi0 import double_dalitz
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import SLOPE, dalitz
from rarekaon.analysis.decays.modes.pi_pi0 import PI_PI0, PI_PI0D, PI_PI0DD, PI_PI0EE
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.decays.weyl import (
    HELICITIES,
    antiparticle_spinor,
    epsilon,
    particle_spinor,
    polarisations,
    vector_current,
)
from tests.simulation.decays.sampling import E2, points, sampled

R2 = (2 * MASS_E / MASS_PI0) ** 2


def kroll_wada(x):
    """d Gamma / dx over (2 alpha / 3 pi) Gamma(gamma gamma), x = m_ee^2 / m_pi0^2."""
    return (1 - x) ** 3 / x * sqrt(1 - R2 / x) * (1 + R2 / (2 * x)) * (1 + SLOPE * x) ** 2


def test_mass_spectrum_of_the_dalitz_decay():
    p, weight = sampled(PI_PI0D, 15)
    x = mass2(p[2], p[3]) / MASS_PI0**2
    edges = np.geomspace(R2, 1, 12)
    content, _ = np.histogram(x, edges, weights=weight)
    expected = np.array([integrate.quad(kroll_wada, a, b)[0] for a, b in itertools.pairwise(edges)])
    assert content / content.sum() == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_dalitz_amplitude_from_spinors():
    p, _ = points(PI_PI0D.flat, 8)
    _, gamma, plus, minus = p
    q = plus + minus
    total = np.zeros(len(q[0]))
    for g in HELICITIES:
        for h in HELICITIES:
            u, v = particle_spinor(minus, MASS_E, g), antiparticle_spinor(plus, MASS_E, h)
            for photon in polarisations(gamma):
                total += np.abs(epsilon(vector_current(u, v), photon, q, gamma)) ** 2
    ratio = total / mass2(q) ** 2 * (1 + SLOPE * mass2(q) / MASS_PI0**2) ** 2 / dalitz(gamma, plus, minus)
    assert ratio == pytest.approx(ratio[0], rel=1e-6)


def test_rate_of_the_double_dalitz_decay():
    """3.46e-5 of the two photons' rate with the exchange term: PRD 8 (1973) 2051; the form factor adds 1%."""
    p, weight = generate(PI_PI0DD.flat, np.random.default_rng(8).random((2**16, PI_PI0DD.flat.dimensions)))
    momentum = sqrt(float(kallen(MASS_K**2, MASS_PI**2, MASS_PI0**2))) / (2 * MASS_K)
    volume = weight / (momentum * MASS_K * (4 * pi) ** 3 * pi**2)
    # Gamma(gamma gamma) = C^2 m^3 / (64 pi) for the amplitude C epsilon(e1, e2, k1, k2); two pairs of identical leptons
    squared = double_dalitz(*p[1:]) * MASS_PI0**4 * E2**2
    ratio = (squared * volume).mean() / (2 * MASS_PI0) / 4 / (MASS_PI0**3 / (64 * pi))
    assert ratio == pytest.approx(3.46e-5, rel=0.03)


def test_exchange_of_the_positrons_changes_nothing_but_the_share():
    """The two ways to pair the positrons carry weights that add up to 2, so their sum is symmetric."""
    p, _ = points(PI_PI0DD.flat, 8)
    _, plus, minus, plus2, minus2 = p
    direct, crossed = double_dalitz(plus, minus, plus2, minus2), double_dalitz(plus2, minus, plus, minus2)
    a = (mass2(plus, minus) * mass2(plus2, minus2)) ** -2.0
    b = (mass2(plus2, minus) * mass2(plus, minus2)) ** -2.0
    assert direct * b == pytest.approx(crossed * a, rel=1e-6)


@pytest.mark.parametrize("m", [PI_PI0, PI_PI0D, PI_PI0DD, PI_PI0EE])
def test_pion_has_the_momentum_of_the_two_body_decay(m):
    p, _ = points(m.flat, 6)
    assert np.sqrt((p[0, :3] ** 2).sum(axis=0)) == pytest.approx(205.138, abs=0.01)
    total = p[1:].sum(axis=0)
    assert np.sqrt(dot(total, total)) == pytest.approx(MASS_PI0, rel=1e-7)
