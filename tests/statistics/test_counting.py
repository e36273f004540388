"""The limits obey their definition, an independent toy calculation, and closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from rarekaon.analysis.statistics import ArgumentError, Background, expected_upper_limits, upper_limit
from rarekaon.analysis.statistics.counting import CountingExperiment, bayesian_limits
from rarekaon.analysis.statistics.few_counts import log_counts

PRIORS = ("gamma_posterior", "truncated_gaussian", "lognormal")


@given(
    observed=st.integers(0, 40),
    expected=st.floats(0.01, 30),
    relative=st.floats(0.01, 1.5),
    efficiency=st.floats(0, 0.5),
    level=st.floats(0.5, 0.99),
    prior=st.sampled_from(PRIORS),
)
@settings(max_examples=150)
def test_cls_at_the_limit_is_one_minus_the_confidence_level(observed, expected, relative, efficiency, level, prior):
    background = Background(expected, relative * expected, prior)
    limit = upper_limit(observed, background, ses_error=efficiency, confidence_level=level)
    cls = CountingExperiment(observed, [background], efficiency).cls(limit.signal_events)
    assert cls == pytest.approx(1 - level, abs=1e-9)


def toy_cls(observed, backgrounds, efficiency_error, signal, toys, seed):
    """CLs and its statistical error, from nothing but random numbers."""
    generator = np.random.default_rng(seed)
    mean = sum(background.sample(toys, generator) for background in backgrounds)
    efficiency = np.ones(toys)
    if efficiency_error:
        efficiency = generator.gamma(efficiency_error**-2, efficiency_error**2, toys)
    counts = generator.poisson(mean)
    with_signal = (counts + generator.poisson(signal * efficiency) <= observed).mean()
    without = (counts <= observed).mean()
    ratio = with_signal / without
    return ratio, math.sqrt(ratio * (1 - ratio) / (toys * without))


@pytest.mark.parametrize(
    ("observed", "backgrounds", "efficiency"),
    [
        (0, [Background(0.26, 0.04, "gamma_posterior")], 0.034),
        (1, [Background(0.91, 0.41, "gamma_posterior")], 0.03),
        (3, [Background(1.65, 0.31, "truncated_gaussian")], 0.05),
        (4, [Background(2.0, 1.5, "truncated_gaussian"), Background(0.5, 0.4, "lognormal"), Background(1.0)], 0.3),
        (60, [Background(70.0, 12.0, "truncated_gaussian")], 0.1),
    ],
)
def test_a_million_toys_agree_to_a_thousandth(observed, backgrounds, efficiency):
    limit = upper_limit(observed, backgrounds, ses_error=efficiency).signal_events
    value, error = toy_cls(observed, backgrounds, efficiency, limit, 1_000_000, seed=11)
    assert abs(value - 0.1) < max(1e-3, 4 * error)
    assert error < 1e-3


@given(expected=st.floats(0, 1000), level=st.floats(0.01, 0.999))
@settings(max_examples=50)
def test_without_events_the_background_drops_out(expected, level):
    assert upper_limit(0, Background(expected), confidence_level=level).signal_events == -math.log1p(-level)


def test_without_background_the_limit_is_the_poisson_one():
    for n in range(20):
        expected = special.gammaincinv(n + 1, 0.9)
        assert upper_limit(n, Background(0.0)).signal_events == pytest.approx(expected, rel=1e-11)


@given(observed=st.integers(0, 20), expected=st.floats(0.1, 10), relative=st.floats(0.05, 0.8))
@settings(max_examples=40)
def test_limits_grow_with_count_level_and_sensitivity_error(observed, expected, relative):
    background = Background(expected, relative * expected, "gamma_posterior")
    limit = upper_limit(observed, background).signal_events
    assert upper_limit(observed + 1, background).signal_events > limit
    assert upper_limit(observed, background, confidence_level=0.95).signal_events > limit
    assert upper_limit(observed, background, ses_error=0.3).signal_events > limit
    assert upper_limit(observed, Background(expected * 1.1)).signal_events <= upper_limit(
        observed, Background(expected)
    ).signal_events * (1 + 1e-9)


def test_splitting_a_fixed_background_changes_nothing():
    whole = upper_limit(3, Background(2.5)).signal_events
    assert upper_limit(3, [Background(1.0), Background(1.5)]).signal_events == pytest.approx(whole, rel=1e-12)


def test_the_limit_scales_with_the_sensitivity():
    background = Background(0.91, 0.41, "gamma_posterior")
    in_events = upper_limit(1, background, ses_error=0.03)
    scaled = upper_limit(1, background, ses=1.28e-11, ses_error=0.03 * 1.28e-11)
    assert scaled.upper_limit == pytest.approx(1.28e-11 * in_events.signal_events, rel=1e-12)
    assert scaled.expected_upper_limit == pytest.approx([1.28e-11 * x for x in in_events.expected_upper_limit])


def test_expected_limits_are_limits_at_the_quantile_counts():
    background = Background(3.0)
    counts = stats.poisson.ppf(stats.norm.cdf([-2, -1, 0, 1, 2]), 3.0).astype(int)
    expected = [upper_limit(int(n), background).signal_events for n in counts]
    assert expected_upper_limits(background) == pytest.approx(expected, rel=1e-12)
    assert all(low <= high for low, high in pairwise(expected))


@pytest.mark.parametrize(("observed", "efficiency"), [(0, 0.0), (2, 0.0), (3, 0.2), (1, 0.5)])
def test_bayesian_limit_against_direct_integration(observed, efficiency):
    background = Background(1.2, 0.5, "gamma_posterior")
    predicted = np.exp(log_counts(background, observed).log_probabilities)

    def likelihood(signal):
        if efficiency:
            n, p = efficiency**-2, 1 / (1 + signal * efficiency**2)
            signals = stats.nbinom.pmf(np.arange(observed + 1), n, p)
        else:
            signals = stats.poisson.pmf(np.arange(observed + 1), signal)
        return float(signals @ predicted[::-1])

    (limit,) = bayesian_limits([observed], [background], efficiency, 0.9)
    above = integrate.quad(likelihood, limit, np.inf)[0]
    total = integrate.quad(likelihood, 0, limit)[0] + above
    assert above / total == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("method", ["cls", "bayes", "rolke"])
def test_ten_thousand_events(method):
    limit = upper_limit(10_000, Background(9_900.0, 50.0, "truncated_gaussian"), method=method).signal_events
    sigma = math.hypot(50, math.sqrt(10_000))
    gaussian = {
        "cls": 100 - sigma * stats.norm.ppf(0.1 * stats.norm.cdf(100 / sigma)),
        "rolke": 100 + sigma * math.sqrt(stats.chi2.isf(0.1, 1)),
    }
    assert limit == pytest.approx(gaussian.get(method, gaussian["cls"]), rel=0.01)


def test_extreme_inputs_stay_finite_and_right():
    # 100% error of the sensitivity: CLs = 1 / (1 + s) for n = 0.
    assert upper_limit(0, Background(0.3), ses_error=1.0).signal_events == pytest.approx(9.0, rel=1e-12)
    tiny = Background(1e-9)
    assert upper_limit(3, tiny).signal_events == pytest.approx(special.gammaincinv(4, 0.9), rel=1e-8)
    assert upper_limit(10_000, tiny).signal_events == pytest.approx(special.gammaincinv(10_001, 0.9), rel=1e-9)
    assert upper_limit(0, Background(1e4)).signal_events == pytest.approx(math.log(10), rel=1e-12)
    assert upper_limit(2, Background(1.0, 1.0, "gamma_posterior"), ses=1e-300).upper_limit > 0
    assert math.isfinite(upper_limit(5, Background(1e-9, 1e-9, "lognormal"), ses_error=1.0).signal_events)


def test_a_vanishing_sensitivity_error_is_no_error():
    background = Background(0.9)
    exact = upper_limit(2, background).signal_events
    assert upper_limit(2, background, ses_error=1e-7).signal_events == pytest.approx(exact, rel=1e-9)


def test_a_hopeless_sensitivity_error_is_refused():
    for observed in (0, 3):
        with pytest.raises(ArgumentError, match="ses_error"):
            upper_limit(observed, Background(0.3), ses_error=40.0)
