"""What must hold for any input: limits grow and fall with what they depend on, and parts make the whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from rarekaon.analysis.statistics import Background, upper_limit
from rarekaon.analysis.statistics.combination import Channel, combined_limit
from rarekaon.analysis.statistics.counting import cls_limits
from rarekaon.analysis.statistics.exact_coverage import least_coverage
from rarekaon.analysis.statistics.limit import METHODS

EXPECTED = st.one_of(st.floats(0.01, 40), st.floats(2, 12).map(lambda x: 10**x))
PRIORS = st.sampled_from(["gamma_posterior", "truncated_gaussian"])


def at(n, background, error=0.0, level=0.9):
    return cls_limits([n], [background], error, level)[0]


@given(n=st.integers(0, 60), expected=EXPECTED, relative=st.floats(0.01, 0.5), prior=PRIORS, error=st.floats(0, 0.3))
@settings(max_examples=500, deadline=None)
def test_more_events_have_a_higher_limit_and_a_higher_level_too(n, expected, relative, prior, error):
    background = Background(expected, relative * expected, prior)
    limits = cls_limits([n, n + 1], [background], error, 0.9)
    assert limits[0] < limits[1]
    assert limits[0] < at(n, background, error, 0.95)


@given(n=st.integers(0, 60), expected=st.floats(0.0, 40), more=st.floats(0.01, 30), error=st.floats(0, 0.3))
@settings(max_examples=500, deadline=None)
def test_more_background_has_no_higher_limit(n, expected, more, error):
    lower = at(n, Background(expected + more), error)
    assert lower <= at(n, Background(expected), error) * (1 + 1e-9)


@given(n=st.integers(501, 10**9), share=st.floats(0.9, 1.1), relative=st.floats(0.0, 0.1), prior=PRIORS)
@settings(max_examples=200, deadline=None)
def test_large_counts_obey_the_same(n, share, relative, prior):
    expected = share * n
    background = Background(expected, relative * expected, prior)
    more = Background(expected * 1.01, relative * expected, prior)
    step = max(1, n // 1000)
    limits = cls_limits([n, n + step], [background], 0.03, 0.9)
    assert limits[0] < limits[1]
    assert at(n, more, 0.03) <= limits[0] * (1 + 1e-7)
    assert limits[0] < at(n, background, 0.03, 0.95)


@given(n=st.integers(0, 60), expected=st.floats(0.01, 40), ses=st.floats(1e-13, 1e3), error=st.floats(0, 0.4))
@settings(max_examples=400, deadline=None)
def test_limits_are_proportional_to_the_sensitivity(n, expected, ses, error):
    one, scaled = (upper_limit(n, Background(expected), ses=s, ses_error=error * s) for s in (1.0, ses))
    assert scaled.upper_limit == pytest.approx(ses * one.upper_limit, rel=1e-12)


@given(n=st.integers(0, 12), expected=st.floats(0.05, 10), relative=st.floats(0.01, 0.5), prior=PRIORS)
@settings(max_examples=200, deadline=None)
def test_a_combination_of_one_is_the_single_limit(n, expected, relative, prior):
    background = Background(expected, relative * expected, prior)
    assert combined_limit([Channel(n, background)]).upper_limit == pytest.approx(at(n, background), rel=1e-6)


@given(first=st.integers(0, 6), second=st.integers(0, 6), expected=st.floats(0.1, 8), share=st.floats(0.1, 0.9))
@settings(max_examples=200, deadline=None)
def test_a_channel_split_in_two_is_the_whole(first, second, expected, share):
    parts = [
        Channel(first, Background(share * expected), 1 / share),
        Channel(second, Background((1 - share) * expected), 1 / (1 - share)),
    ]
    whole = at(first + second, Background(expected))
    assert combined_limit(parts).upper_limit == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("method", ["cls", "bayes"])
@pytest.mark.parametrize("background", [0.0, 0.1, 0.5, 1.0, 3.0, 10.0, 40.0])
def test_least_coverage_of_methods_that_cover(method, background):
    """Exactly, over all signals: the least is right above one of the limits, and n = 0 is among them."""
    assert least_coverage(METHODS[method], background, 0.9) >= 0.9 - 1e-9


@pytest.mark.parametrize("background", [0.0, 0.5, 3.0])
def test_feldman_cousins_covers(background):
    """Right above the limit of n the coverage is least: the probability of more than n."""
    limits = METHODS["fc"](list(range(9)), [Background(background)], 0.0, 0.9)
    for n, limit in enumerate(limits):
        last = max(k for k, other in enumerate(limits) if other <= limit)
        assert poisson.sf(last, limit + background) >= 0.895, n


def least(limits, true_background):
    """Smallest coverage over all signals of limits on 0 .. len(limits) - 1 events, the last ten left out."""
    return min(poisson.sf(n, limit + true_background) for n, limit in enumerate(limits[:-10]))


@pytest.mark.parametrize("seen", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("hidden", [0.0, 0.2, 1.15])
def test_a_mode_of_which_no_event_is_left_is_not_subtracted_and_the_limit_covers(seen, hidden):
    """Weight of one simulated event 1: the 68% limit is 1.15 events.  See docs/decisions/016."""
    limits = cls_limits(range(40), [Background(seen)], 0.0, 0.9)
    assert least(limits, seen + hidden) >= 0.9 - 1e-9


def test_subtracting_such_a_mode_would_not_cover():
    subtracting = [Background(0.5), Background(0.0, 1.0, "gamma_posterior")]
    assert least(cls_limits(range(40), subtracting, 0.0, 0.9), 0.5) < 0.895
