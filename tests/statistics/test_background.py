"""The predicted counts are probabilities with the right moments, for every prior."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from rarekaon.analysis.statistics.background import Background, correlated_sum
from rarekaon.analysis.statistics.few_counts import log_counts, total_counts
from rarekaon.analysis.statistics.many_counts import count_quantiles, log_above

PRIORS = ("gamma_posterior", "truncated_gaussian", "lognormal")


@pytest.mark.parametrize("prior", PRIORS)
@given(expected=st.floats(0.05, 60), relative=st.floats(0.02, 0.9))
@settings(max_examples=25)
def test_predicted_counts_are_normalised(prior, expected, relative):
    background = Background(expected, relative * expected, prior)
    highest = int(40 * (expected + 10))
    assert np.exp(log_counts(background, highest).log_probabilities).sum() == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(
    ("background", "mean", "variance"),
    [
        (Background(3.0), 3.0, 0.0),
        (Background(3.0, 0.6, "truncated_gaussian"), 3.0, 0.36),
        (Background(3.0, 1.5, "lognormal"), 3.0, 2.25),
        # A flat prior's posterior of N events of weight w: mean (N + 1) w, variance (N + 1) w^2.
        (Background(3.0, 1.0, "gamma_posterior"), 3.0 + 1 / 3, (9 + 1) / 9),
        # No simulated event of weight 0.2: exponential with mean 0.2.
        (Background(0.0, 0.2, "gamma_posterior"), 0.2, 0.04),
    ],
)
def test_moments_of_the_counts(background, mean, variance):
    n = np.arange(400)
    probability = np.exp(log_counts(background, 399).log_probabilities)
    assert probability @ n == pytest.approx(mean, rel=1e-4)
    assert probability @ (n - mean) ** 2 == pytest.approx(mean + variance, rel=2e-3)


@pytest.mark.parametrize("prior", PRIORS)
def test_samples_follow_the_prior(prior):
    background = Background(2.0, 1.1, prior)
    generator = np.random.default_rng(7)
    counts = generator.poisson(background.sample(400_000, generator))
    observed = np.bincount(counts, minlength=12)[:12] / counts.size
    np.testing.assert_allclose(
        observed, np.exp(log_counts(background, 11).log_probabilities), atol=4 * math.sqrt(0.2 / 400_000)
    )


def test_gamma_posterior_becomes_poisson_as_the_error_vanishes():
    exact = log_counts(Background(4.0), 20).log_probabilities
    np.testing.assert_allclose(
        log_counts(Background(4.0, 1e-5, "gamma_posterior"), 20).log_probabilities, exact, atol=1e-8
    )


def test_independent_components_add_by_convolution():
    parts = [
        Background(1.0, 0.4, "gamma_posterior"),
        Background(0.5, 0.2, "lognormal"),
        Background(0.7),
        Background(0.3),
    ]
    total = total_counts(parts, 60)
    generator = np.random.default_rng(3)
    means = sum(part.sample(500_000, generator) for part in parts)
    counts = np.bincount(generator.poisson(means), minlength=9)[:9] / 500_000
    np.testing.assert_allclose(total[:9] / total.sum(), counts, atol=3e-3)


def test_many_expected_events_do_not_underflow():
    assert total_counts([Background(10_000.0)], 0) == pytest.approx([1.0])
    assert np.isfinite(total_counts([Background(10_000.0, 100.0, "truncated_gaussian")], 3)).all()


def test_correlated_errors_add_linearly_and_uncorrelated_in_quadrature():
    parts = [Background(0.29, 0.06, "truncated_gaussian"), Background(0.14, 0.03, "truncated_gaussian")]
    # CERN-EP-2022-018, Table 1, signal region: 0.43 +- 0.09.
    assert correlated_sum(parts).expected == pytest.approx(0.43)
    assert correlated_sum(parts).error == pytest.approx(0.09)
    assert correlated_sum(parts, 0.0).error == pytest.approx(math.hypot(0.06, 0.03))
    matrix = [[1.0, -1.0], [-1.0, 1.0]]
    assert correlated_sum(parts, matrix).error == pytest.approx(0.03)


def test_count_quantiles_are_those_of_the_distribution():
    levels = stats.norm.cdf([-2, -1, 0, 1, 2])
    for mean in (0.05, 0.43, 3.0, 120.0):
        assert count_quantiles([Background(mean)], levels) == tuple(stats.poisson.ppf(levels, mean))


@pytest.mark.parametrize(("observed", "mean"), [(1, 0.3), (5, 2.0), (40, 3.0), (300, 2.0)])
def test_tail_keeps_its_digits(observed, mean):
    tail = special.logsumexp(stats.poisson.logpmf(np.arange(observed, observed + 500), mean))
    assert log_above(observed, [Background(mean)]) == pytest.approx(tail, rel=1e-9)
