"""Response in the invisible mass: closed forms, and an extra mass simulated on its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import norm

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.modes.invisible import HIGHEST
from rarekaon.analysis.limits.response import Response, invisible_masses
from tests.limits.single_muon import PEAK, simulated_booked

MASSES = np.arange(1.0, 387.0, 2.0)
EDGES = np.linspace(-20, 20, 801)


def sigma(m):
    return 560 / m - 0.6


def acceptance(m):
    return 0.3 - 0.2 * (m / 390) ** 4


@pytest.fixture(scope="module")
def exact():
    """A Gaussian response of known width and acceptance."""
    low = np.full(len(MASSES), -np.inf)
    edges = np.column_stack((low, *np.broadcast_to(EDGES, (len(MASSES), len(EDGES))).T, -low))
    shares = np.diff(norm.cdf(edges / sigma(MASSES)[:, None]), axis=1) * acceptance(MASSES)[:, None]
    return Response(MASSES, EDGES, shares, shares / 5000, lowest=170.0)


def test_resolution_and_window_of_a_gaussian(exact):
    masses = np.linspace(200, 384, 30)
    np.testing.assert_allclose(exact.resolution(masses), sigma(masses), rtol=0.01)
    found, error = exact.in_window(masses, 1.5 * sigma(masses))
    np.testing.assert_allclose(found, acceptance(masses) * erf(1.5 / np.sqrt(2)), rtol=0.015)
    assert (error < 0.02).all()


@pytest.mark.parametrize("bound", [200.0, 316.0, 374.0])
def test_the_accepted_share_above_a_bound(exact, bound):
    expected = acceptance(MASSES) * norm.sf((bound - MASSES) / sigma(MASSES))
    inside = np.abs(bound - MASSES) < 19
    np.testing.assert_allclose(exact.above(bound)[inside], expected[inside], atol=2e-3)
    assert (exact.above(bound)[bound - MASSES > 20] == 0).all()
    np.testing.assert_allclose(exact.above(bound)[MASSES - bound > 20], acceptance(MASSES[MASSES - bound > 20]))


def test_a_two_body_decay_has_one_mass_and_a_spectrum_is_an_average(exact):
    masses, _ = invisible_masses("K+ -> mu+ N", 250.0)
    np.testing.assert_allclose(masses, 250.0, rtol=1e-6)
    bounds = np.array([100.0, 260.0])
    found = exact.spectrum_above("K+ -> mu+ N", 250.0, bounds)
    np.testing.assert_allclose(found, [np.interp(250.0, MASSES, exact.above(b)) for b in bounds])


@pytest.mark.parametrize("kind", ["scalar", "vector"])
def test_spectra_of_mediators_end_where_they_must(kind):
    masses, weights = invisible_masses(f"K+ -> mu+ nu X, {kind} X", 200.0)
    used = masses[weights > 0]
    assert used.min() >= 200.0 - 1e-6
    assert used.max() <= MASS_K - MASS_MU == HIGHEST


def test_mean_masses_are_those_of_the_model():
    """Mean missing masses (MeV) of the model of arXiv:1902.07715, scalar and vector, by independent integration."""
    for mass, scalar, vector in ((10.0, 214.5, 110.2), (100.0, 273.6, 241.0), (200.0, 315.5, 306.2)):
        for kind, expected in (("scalar", scalar), ("vector", vector)):
            masses, weights = invisible_masses(f"K+ -> mu+ nu X, {kind} X", mass)
            assert np.average(masses, weights=weights) == pytest.approx(expected, rel=0.01)


def test_modes_without_one_muon_are_refused():
    with pytest.raises(ValueError, match="no decay to one muon"):
        invisible_masses("K+ -> pi+ nu nu", None)


def test_an_extra_mass_simulated_on_its_own_agrees(tmp_path):
    """K+ -> mu+ N of 310 MeV against the response that is uniform in the mass."""
    masses = np.array([250.0, 310.0, 370.0])
    (tmp_path / "own").mkdir()
    response = Response.of(simulated_booked(tmp_path, "K+ -> mu+ nu nu", 150_000))
    widths = response.resolution(masses)
    found, error = response.in_window(masses, 1.5 * widths)
    own = simulated_booked(tmp_path / "own", "K+ -> mu+ N", 25_000, 310.0)
    histogram = own.histogram("mu_invisible", PEAK.signal, "missing_mass")
    edges, counts = histogram.axes[0].edges, histogram.view()["value"]
    middle = (edges[:-1] + edges[1:]) / 2
    low, high = np.interp([0.15865, 0.84135], np.cumsum(counts) / counts.sum(), edges[1:])
    assert widths[1] == pytest.approx((high - low) / 2, rel=0.06)
    inside = np.abs(middle - 310) < 1.5 * widths[1]
    direct = counts[inside].sum() * own.efficiency / own.exposure("mu_invisible").weight_in_fv
    spread = np.sqrt(histogram.view()["variance"][inside].sum()) / counts[inside].sum()
    assert spread < 0.03
    assert found[1] == pytest.approx(direct, rel=4 * np.hypot(spread, error[1]))
