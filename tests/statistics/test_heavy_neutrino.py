"""Kinematic factor and mixing limits against the paper's numbers and an independent phase-space calculation."""

import math

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU
from rarekaon.analysis.statistics import ArgumentError
from rarekaon.analysis.statistics.heavy_neutrino import kinematic_factor, mixing_limits
from rarekaon.analysis.statistics.peak_search import peak_search
from tests.statistics.spectra import resolution, toy


def test_factor_as_published():
    masses = np.arange(1.0, 388.0, 0.1)
    factor = kinematic_factor(masses)
    assert factor.max() == pytest.approx(4.13, abs=0.005)
    assert masses[factor.argmax()] == pytest.approx(263, abs=0.5)
    assert kinematic_factor(0.0) == pytest.approx(1.0)
    assert kinematic_factor(MASS_K - MASS_MU + 0.01) == 0
    assert kinematic_factor(MASS_K - MASS_MU - 1e-6) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("lepton", [MASS_MU, MASS_E])
@pytest.mark.parametrize("mass", [50.0, 200.0, 350.0])
def test_factor_from_the_matrix_element(lepton, mass):
    """|M|^2 = m_K^2 (m_l^2 + m_N^2) - (m_l^2 - m_N^2)^2 of a pseudoscalar decay, times the momentum."""

    def rate(m):
        energy = (MASS_K**2 + lepton**2 - m**2) / (2 * MASS_K)
        squared = MASS_K**2 * (lepton**2 + m**2) - (lepton**2 - m**2) ** 2
        return squared * math.sqrt(energy**2 - lepton**2)

    assert kinematic_factor(mass, lepton) == pytest.approx(rate(mass) / rate(0.0), rel=1e-9)


def test_mixing_limits_of_the_papers_order():
    scan = peak_search(toy(), resolution)
    result = mixing_limits(scan, kaon_decays=1.14e10, acceptance=np.interp(scan.masses, [200, 384], [0.3, 0.2]))
    # Abstract: O(1e-8) between 200 and 384 MeV.
    assert 1e-9 < np.median(result.mixing) < 2e-7
    ratio = result.branching_fraction / result.mixing
    np.testing.assert_allclose(ratio, 0.6356 * kinematic_factor(scan.masses))
    np.testing.assert_allclose(result.mixing / result.single_event_mixing, scan.upper_limits)
    np.testing.assert_allclose(result.single_event_branching_fraction[0], 1 / (1.14e10 * 0.3))
    assert result.expected_mixing.shape == (5, 269)


def test_bad_input():
    scan = peak_search(toy(), resolution, masses=[250.0])
    with pytest.raises(ArgumentError, match="acceptance"):
        mixing_limits(scan, kaon_decays=1e10, acceptance=0.0)
    with pytest.raises(ArgumentError, match="kaon_decays"):
        mixing_limits(scan, kaon_decays=0.0, acceptance=0.2)
    with pytest.raises(ArgumentError, match="masses"):
        mixing_limits(scan, kaon_decays=1e10, acceptance=0.2, lepton_mass=300.0)
