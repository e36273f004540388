"""K_e4: the angles against explicit boosts, the intensity against the exact V-A contraction."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.modes import kmu4
from rarekaon.analysis.decays.modes.ke4 import KE4, angles, squared_amplitude
from tests.simulation.decays.sampling import boosted, cosine, points


@pytest.fixture(scope="module")
def decays():
    return points(KE4.flat, 13)


def test_angles_are_those_of_explicit_boosts(decays):
    (neutrino, electron, plus, minus), _ = decays
    dipion, dilepton = plus + minus, electron + neutrino
    massless = mass2(dilepton) > (60 * MASS_E) ** 2  # the cosine is written for a massless electron
    cos_pi, cos_e, *_ = angles(plus, minus, electron, neutrino)
    assert cos_pi == pytest.approx(cosine(boosted(plus, dipion), dipion), abs=1e-5)
    expected = cosine(boosted(electron, dilepton), dilepton)
    assert cos_e[massless] == pytest.approx(expected[massless], abs=0.01)


def test_intensity_is_the_exact_contraction(decays):
    (neutrino, electron, plus, minus), _ = decays
    exact = kmu4.squared_amplitude(neutrino, electron, plus, minus)
    ratio = squared_amplitude(neutrino, electron, plus, minus) / exact
    assert np.quantile(ratio, [0.05, 0.95]) == pytest.approx(np.median(ratio), rel=0.01)


def test_positive_pion_is_the_harder_one(decays):
    """F and G have the same sign: the pi+ goes with the dipion."""
    p, weight = decays
    weight = weight * KE4.density(p)
    assert np.average(p[2, 3], weights=weight) > np.average(p[3, 3], weights=weight) + 5
