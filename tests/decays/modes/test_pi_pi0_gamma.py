"""Radiative decays against measured and predicted rates and the transverse photon."""

from math import pi, sqrt

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.mode import KAON, dot, kallen
from rarekaon.analysis.decays.modes import pi0_dalitz_e_nu_gamma, pi_pi0_ee, pi_pi0_gamma
from rarekaon.analysis.decays.modes.pi0_dalitz_e_nu_gamma import amplitude, radiative
from rarekaon.analysis.decays.modes.pi_pi0_gamma import X_E, X_M, low, squared_amplitude
from rarekaon.analysis.decays.modes.semileptonic import kl3
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import HELICITIES, dual, polarisations
from tests.simulation.decays.sampling import E2, cosine, points, width

PI_PI0 = 0.2067
MOMENTUM = sqrt(float(kallen(MASS_K**2, MASS_PI**2, MASS_PI0**2))) / (2 * MASS_K)
WIDTH_PI_PI0 = MOMENTUM / (8 * pi * MASS_K**2)


@pytest.fixture(scope="module")
def radiated():
    return points(Pair("gamma", Pair("pi+", "pi0", "soft")), 15)


def test_bremsstrahlung_rate(radiated):
    """PDG: 2.75(15)e-4 for pion energies of 55 to 90 MeV."""
    (gamma, charged, _), weight = radiated
    chosen = np.abs(charged[3] - MASS_PI - 72.5) < 17.5
    rate = PI_PI0 * width(weight * low(charged, gamma) * E2 * chosen) / WIDTH_PI_PI0
    assert rate == pytest.approx(2.75e-4, abs=2 * 0.15e-4)


def test_direct_emission_rate(radiated):
    """PDG: 6.0(4)e-6 for pion energies below 80 MeV; it is measured together with the interference."""
    (gamma, charged, _), weight = radiated
    w = dot(gamma, KAON) * dot(gamma, charged)
    direct = low(charged, gamma) * (X_E**2 + X_M**2) * w**2 * E2 * (charged[3] - MASS_PI < 80)
    assert PI_PI0 * width(weight * direct) / WIDTH_PI_PI0 == pytest.approx(6.0e-6, abs=0.4e-6)


def test_squared_amplitude_from_polarisations(radiated):
    """Bremsstrahlung, electric and magnetic emission as vectors, contracted with explicit polarisations."""
    (gamma, charged, _), _ = radiated
    kaon = KAON + 0 * gamma
    k_q, p_q = dot(kaon, gamma), dot(charged, gamma)
    electric = charged / p_q - kaon / k_q + X_E * (k_q * charged - p_q * kaon)
    magnetic = X_M * dual(kaon, charged, gamma)
    total = sum(dot(e, electric) ** 2 + dot(e, magnetic) ** 2 for e in polarisations(gamma))
    chosen = gamma[3] > 1
    assert squared_amplitude(gamma, charged)[chosen] == pytest.approx(total[chosen], rel=1e-5)


def test_pair_production_rate():
    """4.18e-6 predicted (EPJ C 72 (2012) 1872), 4.24(14)e-6 measured (PLB 788 (2019) 552)."""
    p, weight = points(Pair(Pair("pi+", "pi0"), Pair("e+", "e-", "log")), 15)
    squared = 4 * E2**2 * pi_pi0_ee.squared_amplitude(p[0], p[1], 0 * p[1], p[2], p[3])
    rate = PI_PI0 * width(weight * squared) / WIDTH_PI_PI0
    assert rate == pytest.approx(4.18e-6, rel=0.02)
    assert rate == pytest.approx(4.24e-6, abs=0.14e-6)


@pytest.fixture(scope="module")
def semileptonic():
    return points(Pair("nu_e", Pair("pi0", Pair("e+", "gamma", "log"))), 16)


@pytest.mark.parametrize(
    ("energy", "low_cosine", "high_cosine", "published"),
    [
        (10, -1, np.cos(np.radians(10)), 1.804e-2),
        (30, -1, np.cos(np.radians(20)), 0.640e-2),
        (10, 0.6, 0.9, 0.559e-2),
    ],
)
def test_radiative_ke3_ratios(semileptonic, energy, low_cosine, high_cosine, published):
    """Chiral perturbation theory: EPJ C 50 (2007) 557, errors 1%; structure-dependent terms are missing here."""
    (nu, pion, positron, gamma), weight = semileptonic
    angle = cosine(positron, gamma)
    chosen = (gamma[3] > energy) & (angle > low_cosine) & (angle < high_cosine)
    rate = width(weight * radiative(pion, positron, nu, gamma) * E2 * chosen)
    born, born_weight = points(Pair("nu_e", Pair("pi0", "e+")), 14)
    assert rate / width(born_weight * kl3(born[1], born[2], born[0])) == pytest.approx(published, rel=0.02)


def test_radiative_ke3_is_gauge_invariant(semileptonic):
    (nu, pion, positron, gamma), _ = semileptonic
    nu, pion, positron, gamma = (x[:, :200] for x in (nu, pion, positron, gamma))
    photon, _ = polarisations(gamma)
    for spin in HELICITIES:
        size = np.abs(amplitude(photon, pion, positron, nu, gamma, spin)) * gamma[3]
        longitudinal = np.abs(amplitude(gamma, pion, positron, nu, gamma, spin))
        assert longitudinal.max() < 1e-6 * size.max()


def test_modes_cut_where_they_say():
    for m in (pi_pi0_gamma.PI_PI0D_GAMMA, pi0_dalitz_e_nu_gamma.PI0D_E_NU_GAMMA):
        p, _ = points(m.flat, 12)
        radiative_photon = p[0 if m is pi_pi0_gamma.PI_PI0D_GAMMA else -1, 3]
        assert np.array_equal(m.density(p) > 0, radiative_photon > 10.0)
