"""K+ -> mu+ nu (gamma): the analytic spectrum, the share of hard photons, the inclusive sample."""

import itertools
from math import pi

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import ALPHA, MASS_K, MASS_MU
from rarekaon.analysis.decays.modes.mu_nu_gamma import (
    HARD,
    MU_NU,
    MU_NU_BORN,
    MU_NU_GAMMA,
    SOFT,
    R,
    bremsstrahlung,
    density,
    fraction,
)
from tests.simulation.decays.sampling import E2, points, sampled, width

TOP = (MASS_K**2 - MASS_MU**2) / (2 * MASS_K)


def soft_coefficient():
    """E d Gamma / dE / Gamma(mu nu) for E -> 0: the classical (alpha / pi)(ln(1 / R)(1 + R) / (1 - R) - 2)."""
    return ALPHA / pi * ((1 + R) / (1 - R) * np.log(1 / R) - 2)


def test_soft_photons_are_classical():
    slope = fraction(1e-3, 2e-3) / np.log(2)
    assert slope == pytest.approx(soft_coefficient(), rel=1e-3)


def test_fraction_is_the_integral_of_the_density():
    def over_y(x):
        value, _ = integrate.quad(lambda y: float(density(x, y)), 1 - x + R / (1 - x), 1 + R, epsrel=1e-7)
        return value

    value, _ = integrate.quad(over_y, 2 * HARD / MASS_K, 1 - R, epsrel=1e-5)
    assert fraction(HARD) == pytest.approx(ALPHA / (2 * pi * (1 - R) ** 2) * value, rel=1e-4)
    assert fraction(SOFT) == pytest.approx(fraction(SOFT, HARD) + fraction(HARD), rel=1e-6)


def test_soft_photons_follow_low_theorem():
    """Low's factor S for soft photons, from momenta: d Gamma / dx dy = alpha m_K^2 / (4 pi (1 - R)) S Gamma(mu nu)."""
    (gamma, muon, _), _ = points(MU_NU.flat, 12)
    soft = gamma[3] < 0.05
    p_q = (muon[3] * gamma[3] - (muon[:3] * gamma[:3]).sum(axis=0))[soft]
    k_q = MASS_K * gamma[3][soft]
    eikonal = 2 * MASS_K * muon[3][soft] / (k_q * p_q) - MASS_K**2 / k_q**2 - MASS_MU**2 / p_q**2
    ratio = bremsstrahlung(2 * gamma[3] / MASS_K, 2 * muon[3] / MASS_K)[soft] / eikonal
    assert ratio == pytest.approx((1 - R) * MASS_K**2 / 2, rel=2e-3)


def test_sampled_spectrum_is_the_analytic_one():
    p, weight = sampled(MU_NU_GAMMA, 15)
    edges = np.linspace(HARD, TOP, 9)
    content, _ = np.histogram(p[0, 3], edges, weights=weight)
    expected = np.array([fraction(a, b) for a, b in itertools.pairwise(edges)])
    assert content / content.sum() == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_measured_rate():
    """PDG: 6.2(8)e-3 for muon momenta below 231.5 MeV."""
    p, weight = sampled(MU_NU_GAMMA, 15)
    slow = np.average((p[1, :3] ** 2).sum(axis=0) < 231.5**2, weights=weight)
    p, weight = sampled(MU_NU, 15)
    slow = np.average((p[1, :3] ** 2).sum(axis=0) < 231.5**2, weights=weight)
    assert 0.6356 * slow == pytest.approx(6.2e-3, abs=0.8e-3)


def test_inclusive_sample_splits_into_soft_and_hard():
    p, weight = sampled(MU_NU, 15)
    energy = p[0, 3]
    assert np.average(energy > HARD, weights=weight) == pytest.approx(fraction(HARD), rel=5e-3)
    assert np.average(energy > 100.0, weights=weight) == pytest.approx(fraction(100.0), rel=1e-2)
    assert np.average(energy < SOFT, weights=weight) == pytest.approx(1 - fraction(SOFT), rel=1e-3)
    missing = MASS_K**2 + MASS_MU**2 - 2 * MASS_K * p[1, 3]
    assert np.abs(missing[energy < SOFT]).max() < 0.05e-3 * 1e6  # a thirtieth of the resolution, 1.5e-3 GeV^2


def test_two_body_decay_without_photons():
    p, _ = points(MU_NU_BORN.flat, 5)
    assert p[MU_NU_BORN.products.index("mu+"), 3] == pytest.approx((MASS_K**2 + MASS_MU**2) / (2 * MASS_K))


def test_absolute_rate_from_low_theorem():
    """Rate of the soft photons by phase space times e^2 times the eikonal factor."""
    (gamma, muon, _), weight = points(MU_NU.flat, 14)
    p_q = muon[3] * gamma[3] - (muon[:3] * gamma[:3]).sum(axis=0)
    k_q = MASS_K * gamma[3]
    eikonal = 2 * MASS_K * muon[3] / (k_q * p_q) - MASS_K**2 / k_q**2 - MASS_MU**2 / p_q**2
    chosen = (gamma[3] > 0.1) & (gamma[3] < 1.0)
    two_body = TOP / (4 * pi * MASS_K) / (2 * MASS_K)
    assert width(weight * E2 * eikonal * chosen) / two_body == pytest.approx(fraction(0.1, 1.0), rel=0.01)
