"""The scan of K+ -> mu+ N: its geometry, its oracle and a peak that is there."""

import numpy as np
import pytest
from iminuit import Minuit
from iminuit.cost import ExtendedBinnedNLL

from rarekaon.analysis.statistics import Background, upper_limit
from rarekaon.analysis.statistics.peak_search import (
    ScanSettings,
    events_of_histogram,
    mass_hypotheses,
    peak_search,
    sideband_edges,
    sideband_fit,
)
from tests.statistics.spectra import resolution, toy


def polynomial_integral(order, centre, scale):
    powers = np.arange(1, order + 2)
    return lambda x, p: (((x - centre) / scale)[:, None] ** powers / powers) @ np.asarray(p)


def test_the_269_masses_of_the_paper():
    masses = mass_hypotheses()
    assert masses.size == 269
    assert (masses[0], masses[-1]) == (200.0, 384.0)
    assert set(np.diff(masses[masses <= 300])) == {1.0}
    assert set(np.diff(masses[masses >= 300])) == {0.5}


def test_sidebands_of_the_paper():
    edges = sideband_edges(ScanSettings())
    assert edges[[0, 13, 14, -1]] == pytest.approx([-11.25, -1.5, 1.5, 11.25])
    assert np.diff(edges[14:]) == pytest.approx(0.75)


@pytest.mark.parametrize("mass", [200.0, 245.0, 310.5, 384.0])
def test_expected_background_as_iminuit_finds_it(mass):
    spectrum = toy()
    width = float(resolution(mass))
    fit = sideband_fit(spectrum, np.array([mass]), np.array([width]))
    edges = np.clip(mass + width * sideband_edges(ScanSettings()), 188, 386)
    counts = np.histogram(spectrum, edges)[0].astype(float)
    used = (np.diff(edges) > 1e-3 * width) & (np.arange(counts.size) != 13)
    assert fit.observed[0] == counts[13]
    expectations = []
    for order in (2, 3):
        integral = polynomial_integral(order, mass, 10 * width)
        cost = ExtendedBinnedNLL(counts, edges, integral)
        cost.mask = used
        minuit = Minuit(cost, np.array([counts[used].mean() * 13, *([1.0] * order)]))
        minuit.strategy = 2
        minuit.tol = 1e-4
        minuit.migrad()
        expectations.append(np.diff(integral(mass + width * np.array([-1.5, 1.5]), minuit.values))[0])
    assert fit.expected[0] == pytest.approx(expectations[0], abs=0.05 * fit.fit_error[0])
    assert fit.order_error[0] == pytest.approx(abs(expectations[0] - expectations[1]), abs=0.1 * fit.fit_error[0])


def test_limits_are_those_of_single_counts():
    scan = peak_search(toy(), resolution, masses=[210.0, 290.0, 370.0])
    for k in range(3):
        background = Background(scan.expected[k], scan.errors[k], "truncated_gaussian")
        exact = upper_limit(int(scan.observed[k]), background)
        assert scan.upper_limits[k] == pytest.approx(exact.signal_events, rel=1e-5)
        assert scan.expected_limits[:, k] == pytest.approx(exact.expected_upper_limit, rel=1e-5)


def test_relative_error_of_the_background_is_as_published():
    # Section 5: 1-2% below 300 MeV; the spectrum here has about the paper's number of events.
    scan = peak_search(toy(), resolution)
    relative = scan.errors / scan.expected
    assert np.median(relative[scan.masses < 300]) == pytest.approx(0.02, abs=0.012)
    assert relative[-1] > 3 * np.median(relative[scan.masses < 300])


def test_an_injected_peak_is_found_where_it_is():
    generator = np.random.default_rng(3)
    spectrum = np.concatenate([toy(), generator.normal(330.0, resolution(330.0), 400)])
    scan = peak_search(spectrum, resolution)
    assert scan.masses[scan.largest] == pytest.approx(330.0, abs=1.5)
    assert scan.significances.max() > 5
    k = int(np.flatnonzero(scan.masses == 330.0)[0])
    assert scan.upper_limits[k] > 400 * 0.866 * 0.7
    assert scan.upper_limits[k] > scan.expected_limits[4, k]


def test_sidebands_without_a_peak_fit_and_those_with_a_peak_in_them_do_not():
    """A peak in the sidebands of other masses pulls their backgrounds: their fits say so."""
    plain = peak_search(toy(), resolution)
    assert 0.3 < np.median(plain.fit_probability) < 0.7
    width = float(resolution(320.0))
    events = np.random.default_rng(3).normal(320.0, width, 600)
    scan = peak_search(np.concatenate([toy(), events]), resolution)
    distance = np.abs(scan.masses - 320.0) / resolution(scan.masses)
    inside = (distance > 3) & (distance < 9)  # at the edges the window or the end of the sidebands has a part of it
    assert (scan.fit_probability[inside] < 1e-6).all()
    far = distance > 18
    np.testing.assert_array_equal(scan.fit_probability[far], plain.fit_probability[far])


def test_leakage_correction_raises_every_limit_by_the_same_share():
    plain = peak_search(toy(), resolution)
    corrected = peak_search(toy(), resolution, correct_leakage=True)
    assert corrected.corrected
    assert not plain.corrected
    np.testing.assert_allclose(corrected.upper_limits * (1 - plain.leakage), plain.upper_limits)
    assert (plain.leakage > 0).all()
    # 13% of a Gaussian lies outside +-1.5 sigma and pulls a parabola over 26 bins.
    assert np.median(plain.leakage) == pytest.approx(0.06, abs=0.01)


def test_histogram_and_events_are_the_same_scan():
    spectrum = toy()
    counts, edges = np.histogram(spectrum, np.linspace(188, 386, 19_801))
    from_histogram = peak_search(events_of_histogram(edges, counts), resolution)
    from_events = peak_search(spectrum, resolution)
    difference = from_histogram.observed - from_events.observed
    assert np.abs(difference).max() <= 0.2 * np.sqrt(from_events.observed.max())


def test_bad_input_names_the_argument():
    with pytest.raises(ValueError, match="counts"):
        events_of_histogram([0.0, 1.0], [0.5])
    with pytest.raises(ValueError, match="resolution"):
        peak_search(toy(), lambda m: 0 * m)
    with pytest.raises(ValueError, match="masses"):
        peak_search(toy(), lambda m: 1 + 0 * m, masses=[np.nan])
