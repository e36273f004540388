"""The look-elsewhere effect of the scan."""

import math

import numpy as np
import pytest
from scipy import stats

from rarekaon.analysis.statistics.global_significance import ScanToys, scan_toys, smooth_spectrum
from tests.statistics.spectra import background, resolution, toy


@pytest.fixture(scope="module")
def toys():
    return scan_toys(background(), resolution, toys=150, seed=5)


def test_local_excesses_are_as_frequent_as_gaussian_ones(toys):
    assert toys.excesses[1.0] == pytest.approx(stats.norm.sf(1), abs=0.03)
    assert toys.excesses[2.0] == pytest.approx(stats.norm.sf(2), abs=0.012)
    assert toys.excesses[3.0] < 0.006


def test_effective_trials_are_fewer_than_hypotheses(toys):
    assert 60 < toys.effective_trials(2.5) < 269


def test_gross_vitells_bounds_the_toys(toys):
    for level in (2.5, 3.0):
        share = (toys.largest >= level).mean()
        error = math.sqrt(share * (1 - share) / toys.largest.size)
        assert toys.gross_vitells(level) > share - 4 * error
        assert toys.gross_vitells(level) < 3 * share + 4 * error


def test_global_significance_is_below_the_local_one(toys):
    assert toys.global_significance(4.0) < 3.0
    assert toys.global_significance(6.0) < 6.0
    assert toys.p_value(8.0) < 1e-10


def test_gross_vitells_formula():
    toys = ScanToys(largest=np.zeros(10), level=1.0, upcrossings=14.0, excesses={})
    assert toys.p_value(4.0) == pytest.approx(stats.norm.sf(4) + 14 * math.exp((1 - 16) / 2))
    assert toys.p_value(0.1) == 1.0


def test_toys_repeat_with_the_seed():
    masses = np.array([220.0, 300.0, 370.0])
    first, second, other = (scan_toys(background(), resolution, toys=3, seed=seed, masses=masses) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.largest, second.largest)
    assert (first.largest != other.largest).any()


def test_smooth_spectrum_follows_the_data_but_not_a_peak():
    truth = background()
    spectrum = np.concatenate([toy(2), np.full(300, 320.0)])
    smooth = smooth_spectrum(spectrum)
    assert smooth.expected.sum() == pytest.approx(spectrum.size, rel=1e-6)
    middle = (truth.edges[:-1] > 200) & (truth.edges[1:] < 370)
    np.testing.assert_allclose(smooth.expected[middle], truth.expected[middle], rtol=0.12)
