"""The width of a peak against samples of known width."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from rarekaon.analysis.limits.resolutions import NoPeakError, gaussian_core, peaks


def filled(values, bins, low, high, weight=1.0):
    h = hist.Hist(hist.axis.Regular(bins, low, high, label="x"), storage=hist.storage.Weight())
    h.fill(values, weight=np.broadcast_to(weight, len(values)))
    return h


@pytest.mark.parametrize("bins", [600, 60, 24])
def test_a_gaussian_keeps_its_width_whatever_the_bins(bins):
    """Even with bins of more than a sigma: the fit integrates over them."""
    values = 3.0 + 1.7 * np.random.default_rng(1).standard_normal(100_000)
    width, error = gaussian_core(filled(values, bins, -27, 33))
    assert width == pytest.approx(1.7, abs=4 * error)
    assert error < 0.02


def test_tails_do_not_widen_the_core():
    rng = np.random.default_rng(2)
    core, tail = rng.standard_normal(50_000), rng.uniform(-30, 30, 5_000)
    width, _ = gaussian_core(filled(np.concatenate((core, tail)), 600, -30, 30))
    assert width == pytest.approx(1.0, rel=0.03)
    assert np.std(np.concatenate((core, tail))) > 4


def test_the_error_covers_and_scales_with_the_statistics():
    rng = np.random.default_rng(3)
    found = [gaussian_core(filled(rng.standard_normal(2000), 100, -10, 10)) for _ in range(200)]
    pulls = np.array([(width - 1) / error for width, error in found])
    assert pulls.std() == pytest.approx(1, abs=0.2)
    assert abs(pulls.mean()) < 0.3


def test_a_common_weight_changes_nothing():
    values = np.random.default_rng(4).standard_normal(20_000)
    plain, weighted = (gaussian_core(filled(values, 200, -10, 10, weight)) for weight in (1.0, 1e-9))
    assert weighted == pytest.approx(plain, rel=1e-3)


def test_without_a_peak_there_is_no_width():
    empty = filled(np.array([0.5]), 10, 0, 1)
    assert not peaks(empty)
    with pytest.raises(NoPeakError, match="filled bins"):
        gaussian_core(empty)


def test_two_high_bins_of_a_sparse_histogram_are_no_peak_of_their_own():
    """Between two low ones: half of the highest is reached at once."""
    histogram = filled(np.random.default_rng(12).normal(0, 1.5, 1300), 400, -10, 10)
    for at, content in zip(range(204, 208), (13, 29, 26, 13), strict=True):
        histogram.view()[at] = (content, content)
    width, error = gaussian_core(histogram)
    assert width == pytest.approx(1.5, abs=5 * error)
    assert error < 0.1
