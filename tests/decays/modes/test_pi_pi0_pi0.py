"""K+ -> pi+ pi0 pi0: slopes, the cusp, and the isotropy of the photons."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.modes.pi_pi0_pi0 import PI_PI0_PI0, S0, G, squared_amplitude
from rarekaon.analysis.decays.phase_space import Pair
from tests.simulation.decays.sampling import boosted, cosine, points, sampled


@pytest.fixture(scope="module")
def plot():
    (pi, a, b), weight = points(Pair("pi+", Pair("pi0", "pi0")), 16)
    v = (mass2(pi, b) - mass2(pi, a)) / MASS_PI**2
    return mass2(a, b), v, squared_amplitude(pi, a, b), weight


def test_slope_at_the_centre(plot):
    s3, v, squared, _ = plot
    u = (s3 - S0) / MASS_PI**2
    near = np.abs(u) < 0.05
    terms = np.stack([np.ones(near.sum()), u[near], v[near] ** 2], axis=1)
    (value, slope, _), *_ = np.linalg.lstsq(terms, squared[near])
    assert slope / value == pytest.approx(G, rel=0.02)


def test_cusp_is_at_the_threshold_of_charged_pions(plot):
    """Below it the rate is 13% short of the smooth one (NA48/2, PLB 633 (2006) 173); the leading term gives 16%."""
    s3, v, squared, weight = plot
    u = (s3 - S0) / MASS_PI**2
    smooth = (1 + (G * u - 0.0270 * u**2 + 0.0081 * v**2) / 2) ** 2
    below = s3 < 4 * MASS_PI**2
    assert (weight * squared)[below].sum() / (weight * smooth)[below].sum() == pytest.approx(0.87, abs=0.04)
    assert (weight * squared)[~below].sum() / (weight * smooth)[~below].sum() == pytest.approx(1, abs=2e-3)


def test_sampled_decays_keep_the_dalitz_plot(plot):
    s3, _, squared, weight = plot
    p, sample = sampled(PI_PI0_PI0, 15)
    missing = MASS_K**2 + MASS_PI**2 - 2 * MASS_K * p[0, 3]
    assert np.average(missing, weights=sample) == pytest.approx(np.average(s3, weights=weight * squared), rel=1e-3)


def test_photons_are_isotropic_in_the_pion(plot):
    p, weight = sampled(PI_PI0_PI0, 14)
    pi0 = p[3] + p[4]
    assert mass2(p[3], p[4]) == pytest.approx(MASS_PI0**2)
    c = cosine(boosted(p[3], pi0), pi0)
    assert np.average(c**2, weights=weight) == pytest.approx(1 / 3, abs=0.01)
