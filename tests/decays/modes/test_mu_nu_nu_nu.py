"""K+ -> mu+ nu nu nu: integral of the published spectrum, the cut on the missing mass, the sample's spectrum."""

import itertools

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.modes.mu_nu_nu_nu import MU_NU_NU_NU, spectrum
from tests.simulation.decays.sampling import sampled

TOP = (MASS_K**2 - MASS_MU**2) / (2 * MASS_K)


def missing_mass_squared(p):
    return MASS_K**2 + MASS_MU**2 - 2 * MASS_K * np.sqrt(p**2 + MASS_MU**2)


def test_branching_fraction_is_the_integral():
    """1.62e-16 as published; the rounded coefficients give 1.634e-16."""
    total, _ = integrate.quad(spectrum, 0, TOP)
    assert total == pytest.approx(1.634e-16, rel=1e-3)
    assert total == pytest.approx(1.62e-16, rel=0.01)


def test_sample_follows_the_spectrum():
    p, weight = sampled(MU_NU_NU_NU, 15)
    momentum = np.sqrt((p[0, :3] ** 2).sum(axis=0))
    edges = np.linspace(0, TOP, 13)
    content, _ = np.histogram(momentum, edges, weights=weight)
    expected = np.array([integrate.quad(spectrum, a, b)[0] for a, b in itertools.pairwise(edges)])
    assert content / content.sum() == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_fraction_of_large_missing_masses():
    p, weight = sampled(MU_NU_NU_NU, 15)
    momentum = np.sqrt((p[0, :3] ** 2).sum(axis=0))
    fraction = np.average(missing_mass_squared(momentum) > 0.1e6, weights=weight)
    assert fraction == pytest.approx(0.423, abs=0.003)
