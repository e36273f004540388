"""K+ -> pi+ nu nu against the spectrum lambda^(3/2) f_+^2 and the angular distribution of a vector current."""

import itertools

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI
from rarekaon.analysis.decays.mode import kallen, mass2
from rarekaon.analysis.decays.modes.pi_nu_nu import PI_NU_NU
from tests.simulation.decays.sampling import boosted, cosine, sampled


def spectrum(q2):
    f = 1 + 0.0252 * q2 / MASS_PI**2 + 0.0016 * (q2 / MASS_PI**2) ** 2 / 2
    return float(np.maximum(kallen(MASS_K**2, MASS_PI**2, q2), 0)) ** 1.5 * f**2


def test_missing_mass_spectrum():
    p, weight = sampled(PI_NU_NU, 15)
    q2 = mass2(p[1], p[2])
    edges = np.linspace(0, (MASS_K - MASS_PI) ** 2, 11)
    content, _ = np.histogram(q2, edges, weights=weight)
    expected = np.array([integrate.quad(spectrum, a, b)[0] for a, b in itertools.pairwise(edges)])
    assert content / content.sum() == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_angular_distribution():
    """sin^2 of the neutrino's angle to the pion in the neutrinos' frame: the mean of cos^2 is 1/5."""
    p, weight = sampled(PI_NU_NU, 15)
    c = cosine(boosted(p[1], p[1] + p[2]), p[0])
    assert np.average(c**2, weights=weight) == pytest.approx(1 / 5, abs=0.003)
    assert np.average(c, weights=weight) == pytest.approx(0, abs=0.005)
