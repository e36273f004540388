"""Central intervals against closed forms and their definition."""

import math

import pytest
from scipy import stats

from rarekaon.analysis.statistics import Background
from rarekaon.analysis.statistics.interval import central_interval, profile_interval


@pytest.mark.parametrize("n", [1, 7, 20, 400, 700, 10**6])
def test_without_a_background_it_is_garwoods(n):
    found = central_interval(n, Background(0.0), level=0.9)
    assert found.low == pytest.approx(stats.chi2.ppf(0.05, 2 * n) / 2, rel=1e-7)
    assert found.high == pytest.approx(stats.chi2.ppf(0.95, 2 * n + 2) / 2, rel=1e-7)
    assert found.value == n


def test_twenty_events_where_seven_are_expected():
    found = central_interval(20, Background(7.0, 1.0, "truncated_gaussian"), ses=1e-11, ses_error=3e-13)
    assert found.value == pytest.approx(13e-11)
    assert 7e-11 < found.low < 9e-11
    assert 17e-11 < found.high < 20e-11


def test_an_error_widens_it_and_too_few_events_have_no_lower_end():
    narrow, wide = (central_interval(20, Background(7.0, e, "truncated_gaussian")) for e in (0.1, 2.0))
    assert wide.low < narrow.low
    assert wide.high > narrow.high
    assert central_interval(3, Background(3.0)).low == 0


@pytest.mark.parametrize("signal", [0.5, 3.0, 11.0])
def test_it_covers(signal):
    counts = range(60)
    inside = [n for n in counts if (i := central_interval(n, Background(0.0), level=0.9)).low <= signal <= i.high]
    assert stats.poisson.pmf(inside, signal).sum() >= 0.9


@pytest.mark.parametrize("n", [1, 7, 20, 10**6])
def test_the_profile_interval_is_where_the_likelihood_has_fallen(n):
    """-2 log of the Poisson likelihood ratio is 1."""
    found = profile_interval(n, Background(0.0))
    assert found.low < n < found.high
    for end in (found.low, found.high):
        assert 2 * (end - n + n * math.log(n / end)) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    "background", [Background(7.0, 1.0, "truncated_gaussian"), Background(7.0, 2.0, "gamma_posterior")]
)
def test_the_profile_interval_is_inside_the_exact_one(background):
    exact, profile = (
        interval(20, background, ses=1e-11, ses_error=3e-13) for interval in (central_interval, profile_interval)
    )
    assert exact.low < profile.low * 1.02
    assert profile.high < exact.high
    assert profile.value == pytest.approx(exact.value)
    assert profile_interval(3, Background(3.0)).low == 0
