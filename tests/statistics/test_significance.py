"""Local p-values and significances."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from rarekaon.analysis.statistics import Background, significance


@given(observed=st.integers(1, 400), mean=st.floats(0.01, 300))
def test_known_background_is_the_poisson_tail(observed, mean):
    result = significance(observed, Background(mean))
    tail = special.logsumexp(stats.poisson.logpmf(np.arange(observed, observed + 1500), mean))
    assert result.log_p_value == pytest.approx(tail, rel=1e-7, abs=1e-11)


def test_five_sigma():
    result = significance(30, Background(10.0))
    assert result.sigmas == pytest.approx(stats.norm.isf(stats.poisson.sf(29, 10.0)), rel=1e-9)
    assert result.p_value == pytest.approx(stats.poisson.sf(29, 10.0), rel=1e-9)


def test_the_error_of_the_background_lowers_the_significance():
    generator = np.random.default_rng(2)
    background = Background(10.0, 3.0, "truncated_gaussian")
    toys = (generator.poisson(background.sample(400_000, generator)) >= 20).mean()
    assert significance(20, background).p_value == pytest.approx(toys, rel=0.03)
    assert significance(20, background).sigmas < significance(20, Background(10.0)).sigmas


def test_far_tails_and_no_event():
    assert significance(500, [Background(1.0), Background(2.0, 0.5, "gamma_posterior")]).sigmas > 30
    nothing = significance(0, Background(1.0))
    assert nothing.p_value == 1.0
    assert nothing.sigmas == -math.inf
