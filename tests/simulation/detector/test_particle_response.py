"""Calorimeter and RICH responses follow the identification curves, drawn naturally or with a bias."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.stats import norm

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector import particle_response as r
from rarekaon.analysis.simulation.ground.constants import constants

NATURAL = RareResponses()


@njit
def _ratios(rng, c, pdg, charge, p, bias, out, weight):
    for i in range(out.size):
        out[i], weight[i] = r.charged_e_over_p(rng, c, pdg, charge, p, bias)


def ratios(pdg, p, n=200_000, charge=1.0, bias=NATURAL):
    out, weight = np.empty(n), np.empty(n)
    _ratios(np.random.default_rng(1), constants(), pdg, charge, p, bias, out, weight)
    return out, weight


@njit
def _likelihoods(rng, c, pdg, p, confusion, rare, rare_muon, out, weight):
    for i in range(weight.size):
        weight[i] = r.rich_likelihoods(rng, c, pdg, p, confusion, rare, rare_muon, out[i])


def likelihoods(pdg, p, n=200_000, rare=0.0, confusion=0.0, rare_muon=0.0):
    out, weight = np.empty((n, 4)), np.empty(n)
    _likelihoods(np.random.default_rng(2), constants(), pdg, p, confusion, rare, rare_muon, out, weight)
    return out, weight


def fraction(condition, weight):
    """Weighted fraction and its error."""
    value = (weight * condition).mean()
    return value, (weight * condition).std() / np.sqrt(len(weight))


@pytest.mark.parametrize(("p", "low", "high"), [(6000.0, 0.0185, 0.0215), (44000.0, 0.011, 0.013)])
def test_electrons_look_like_pions_as_often_as_published(p, low, high):
    """PLB 797 (2019) 134794 Table 1: 1.2% to 2.0%."""
    ratio, _ = ratios(11, p)
    assert low < (ratio < 0.85).mean() < high


@pytest.mark.parametrize("p", [6000.0, 20000.0, 44000.0])
def test_electron_efficiency_is_in_the_published_range(p):
    """Table 1: 95.5% to 97.5% in the calorimeter, 91.0% to 96.5% with the RICH."""
    ratio, _ = ratios(11, p)
    inside = ((ratio > 0.9) & (ratio < 1.1)).mean()
    out, _ = likelihoods(11, p)
    assert 0.953 < inside < 0.977
    assert 0.905 < inside * (out[:, 0] > out[:, 2]).mean() < 0.968


@njit
def _photons(rng, c, energy, out):
    for i in range(out.size):
        out[i] = r.photon_energy_response(rng, c, energy)


@pytest.mark.parametrize("energy", [2000.0, 10000.0, 40000.0])
def test_photons_lose_energy_as_often_as_electrons(energy):
    out = np.empty(200_000)
    _photons(np.random.default_rng(4), constants(), energy, out)
    seen, electron = out, ratios(11, energy)[0]
    assert (seen < 0.8).mean() == pytest.approx((electron < 0.8).mean(), rel=0.1)
    core = seen[np.abs(seen - 1) < 0.3]
    median, low, high = np.percentile(core, [50, 15.87, 84.13])
    assert median == pytest.approx(1, abs=0.01)
    assert (high - low) / 2 == pytest.approx(r.energy_resolution(constants(), energy), rel=0.2)


@pytest.mark.parametrize("p", [10000.0, 25000.0, 44000.0])
def test_pions_look_like_electrons_as_often_as_published(p):
    """Table 1: 0.8% to 1.1% for pi-, efficiency 98.2% to 98.7%; pi+ above it by 5e-4 (CERN-EP-2022-018 Section 3)."""
    plus, minus = (ratios(211, p, 1_000_000, charge)[0] for charge in (1.0, -1.0))
    like = [((ratio > 0.9) & (ratio < 1.1)).mean() for ratio in (plus, minus)]
    assert 0.0078 < like[1] < 0.0112
    assert like[0] - like[1] == pytest.approx(5e-4, abs=4 * np.sqrt(2 * 0.01 / 1e6))
    assert 0.981 < (plus < 0.85).mean() < 0.988


@pytest.mark.parametrize(("p", "published"), [(10000.0, 2e-3), (25000.0, 1e-5), (45000.0, 1e-4)])
def test_pion_misidentification_with_the_rich_is_the_published_curve(p, published):
    """PLB 797 (2019) 134794 Section 3.1; the calorimeter's share is about 1%."""
    out, weight = likelihoods(211, p, rare=0.3)
    value, error = fraction(out[:, 0] > out[:, 2], weight)
    assert value == pytest.approx(published / 0.01, abs=4 * error)
    assert error < 0.02 * value


def test_biased_draws_have_the_same_means():
    natural, _ = ratios(211, 20000.0, 1_000_000)
    bias = RareResponses(0.5, 0.8, 0.3, 0.3)
    for charge in (1.0, -1.0):
        natural, _ = ratios(211, 20000.0, 1_000_000, charge)
        biased, weight = ratios(211, 20000.0, 400_000, charge, bias)
        assert (biased > 0.9).mean() > 0.2
        value, error = fraction(biased > 0.9, weight)
        assert value == pytest.approx((natural > 0.9).mean(), abs=4 * np.hypot(error, 1e-4))
        assert weight.mean() == pytest.approx(1, abs=0.01)
    electrons, weight = ratios(11, 20000.0, 400_000, 1.0, bias)
    value, error = fraction(electrons < 0.85, weight)
    assert value == pytest.approx((ratios(11, 20000.0, 1_000_000)[0] < 0.85).mean(), abs=4 * np.hypot(error, 2e-4))


def test_shower_resolution_is_the_published_one():
    """4.8%/sqrt(E) (+) 11%/E (+) 0.9%, E in GeV."""
    assert r.energy_resolution(constants(), 10000.0) == pytest.approx(np.sqrt(0.048**2 / 10 + 0.011**2 + 0.009**2))


def test_muons_are_minimum_ionising():
    ratio, weight = ratios(13, 20000.0)
    assert np.median(ratio * 20000) == pytest.approx(constants().lkr_mip, rel=0.01)
    assert (weight == 1).all()


def test_ring_has_its_size_and_threshold():
    c = constants()
    assert r.ring_radius(c, 1e6, 0.511) == pytest.approx(189.5, rel=0.01)
    assert r.ring_radius(c, 12000.0, 139.57) == 0
    out, _ = likelihoods(211, 11000.0, 20_000)
    assert (out[out[:, 0] < out[:, 2], 3] == 0).all()


def test_likelihoods_are_relative_to_the_best():
    for pdg in (11, 13, 211):
        out, _ = likelihoods(pdg, 20000.0, 5000)
        assert out[:, :3].max(axis=1) == pytest.approx(0)


def test_overlapping_rings_spoil_the_decision():
    apart, together = (likelihoods(11, 20000.0, confusion=value)[0] for value in (0.0, 0.1))
    lost = [(out[:, 0] < out[:, 2]).mean() for out in (apart, together)]
    assert lost[1] - lost[0] == pytest.approx(0.1, abs=0.005)


def test_rings_confuse_less_the_farther_apart_they_are_and_without_a_step_at_the_cut():
    """A pair of pions at 3.9 mrad, measured at 4.0, is misread twice hardly more often than by nature."""
    angles = np.linspace(0, 8e-3, 801)
    confusion = np.array([r.ring_confusion(angle) for angle in angles])
    assert confusion[0] == r.OVERLAP_CONFUSION
    assert (np.diff(confusion) <= 0).all()
    assert (np.abs(np.diff(confusion)) < 0.005 * r.OVERLAP_CONFUSION).all()
    assert (confusion[angles >= 4e-3] == 0).all()
    measured_outside = r.ring_confusion(4e-3 - 2e-5)  # one resolution of an angle inside
    assert measured_outside < constants().rich_pi.min()


def test_curves_are_interpolated_and_constant_outside():
    xs, ys = np.array([1.0, 2.0, 4.0]), np.array([1.0, 4.0, 16.0])
    assert [r.interpolate(x, xs, ys) for x in (0.0, 1.5, 3.0, 9.0)] == [1.0, 2.5, 10.0, 16.0]
    assert [r.log_interpolate(x, xs, ys) for x in (0.0, 1.5, 3.0, 9.0)] == pytest.approx([1.0, 2.0, 8.0, 16.0])


@njit
def _gaps(rng, c, p, light, heavy, out):
    for i in range(out.size):
        out[i] = r.likelihood_gap(rng, c, p, light, heavy)


def test_likelihoods_of_a_right_decision_follow_the_ring_radii():
    """Two hypotheses d resolutions apart: log L differs by d^2/2 with a spread d; ring radii in closed form."""
    c, p, gaps = constants(), 38000.0, np.empty(200_000)
    _gaps(np.random.default_rng(1), c, p, MASS_E, MASS_PI, gaps)
    squared = [2 * c.rich_refractivity - (m / p) ** 2 for m in (MASS_E, MASS_PI)]
    apart = c.rich_focal * (np.sqrt(squared[0]) - np.sqrt(squared[1])) / c.rich_sigma_radius
    assert apart < r.STRONGEST_SEPARATION
    right = gaps[gaps > 0.1 * apart**2]
    assert right.mean() == pytest.approx(apart**2 / 2, rel=0.01)
    assert right.std() == pytest.approx(apart, rel=0.02)


def test_wrong_decisions_are_weak():
    """A threshold on the likelihoods that electrons pass removes most of the pions that look like electrons."""
    wrong, _ = likelihoods(211, 14000.0, 400_000)
    right, _ = likelihoods(11, 14000.0, 20_000)
    difference = wrong[:, 0] - wrong[:, 2]
    fakes = difference[difference > 0]
    threshold = 1.2
    assert (fakes > threshold).mean() == pytest.approx(np.exp(-threshold / constants().rich_fake_gap), abs=0.02)
    taken = right[:, 0] - right[:, 2]
    assert (taken > threshold).sum() / (taken > 0).sum() > 0.995


@pytest.mark.parametrize("rare", [0.0, 0.5])
@pytest.mark.parametrize("p", [25000.0, 30000.0, 35000.0])
def test_a_muon_passes_for_a_pion_in_the_rich_as_often_as_its_ring_is_mistaken(p, rare):
    """Gaussian radii s standard deviations apart: log L(pi) - log L(mu) has the mean -s^2/2 and the variance s^2."""
    c = constants()
    s = (r.ring_radius(c, p, MASS_MU) - r.ring_radius(c, p, MASS_PI)) / c.rich_sigma_radius
    out, weight = likelihoods(13, p, rare_muon=rare)
    gap = out[:, 2] - out[:, 1]
    for threshold in (0.0, 3.0):
        value, error = fraction(gap > threshold, weight)
        assert value == pytest.approx(norm.sf(s / 2 + threshold / s), abs=5 * error + 2e-5)
    assert weight.mean() == pytest.approx(1, abs=5 * weight.std() / np.sqrt(len(weight)) + 1e-12)
    pions, _ = likelihoods(211, p)
    kept = (pions[:, 2] - pions[:, 1] > 3.0).mean()
    assert kept == pytest.approx(norm.sf(3.0 / s - s / 2), abs=2e-3 + 5 * np.sqrt(0.25 / len(pions)))


@pytest.mark.parametrize("rare", [0.0, 0.9])
def test_muons_knock_on_electrons_as_often_as_they_should(rare):
    """Energies fall as 1/T^2 above the least one: half of them lie above twice that."""
    c, p = constants(), 30000.0
    ratio, weight = ratios(-13, p, bias=RareResponses(muon_showers=rare))
    for factor in (1.0, 2.0):
        value, error = fraction(ratio * p > factor * c.mu_shower_energy, weight)
        assert value == pytest.approx(c.mu_shower / factor, abs=5 * error)


@njit
def _thinned(rng, weight, least, n):
    out = np.empty(n)
    for i in range(n):
        out[i] = r.russian_roulette(rng, weight, least)
    return out


def test_thinning_keeps_the_mean_weight():
    out = _thinned(np.random.default_rng(4), 0.02, 0.1, 200_000)
    assert set(np.unique(out)) == {0.0, 0.1}
    assert out.mean() == pytest.approx(0.02, abs=5 * out.std() / np.sqrt(out.size))
    assert (_thinned(np.random.default_rng(4), 0.2, 0.1, 10) == 0.2).all()
    assert (_thinned(np.random.default_rng(4), 0.2, 0.0, 10) == 0.2).all()
