"""Priors of the efficiency: their moments, the integral they stand for, and what they are equal to in the limit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from rarekaon.analysis.statistics import Background, upper_limit
from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.sensitivity_prior import efficiencies, limits_with_prior

LEVEL = 0.9


@pytest.mark.parametrize("relative", [0.01, 0.1, 0.3])
def test_efficiencies_have_mean_one_and_the_relative_error(relative):
    for prior in ("lognormal", "truncated_gaussian"):
        values, weights = efficiencies(prior, relative)
        assert weights.sum() == pytest.approx(1)
        tolerance = 1e-9 if prior == "lognormal" or relative < 0.2 else 5e-3  # a cut at zero moves both
        assert weights @ values == pytest.approx(1, abs=tolerance)
        assert math.sqrt(weights @ (values - 1) ** 2) == pytest.approx(relative, rel=max(10 * tolerance, 1e-6))


@pytest.mark.parametrize("prior", ["lognormal", "truncated_gaussian"])
def test_without_events_the_limit_solves_the_integral_of_the_prior(prior):
    r = 0.25
    found = upper_limit(0, Background(1.2), ses_error=r, ses_prior=prior).signal_events
    width = math.sqrt(math.log1p(r**2))
    density = {
        "lognormal": stats.lognorm(width, scale=math.exp(-(width**2) / 2)).pdf,
        "truncated_gaussian": stats.truncnorm(-1 / r, np.inf, 1, r).pdf,
    }[prior]
    value = integrate.quad(lambda e: density(e) * math.exp(-found * e), 0, 5, epsabs=1e-12, points=[1.0])[0]
    assert value == pytest.approx(1 - LEVEL, rel=1e-8)


@pytest.mark.parametrize("method", ["cls", "bayes"])
@pytest.mark.parametrize("observed", [0, 3, 2000])
def test_small_errors_of_any_shape_are_one_and_the_same(method, observed):
    background = Background(0.9 * observed + 0.5)
    gamma = upper_limit(observed, background, ses_error=0.01, method=method).signal_events
    lognormal = upper_limit(observed, background, ses_error=0.01, method=method, ses_prior="lognormal").signal_events
    without = upper_limit(observed, background, method=method).signal_events
    assert lognormal == pytest.approx(gamma, rel=1e-5)
    (none,) = limits_with_prior(method, "lognormal")((observed,), (background,), 0.0, LEVEL)
    assert none == pytest.approx(without, rel=1e-7)


def test_wide_errors_differ_with_their_shape():
    limits = [
        upper_limit(2, Background(0.5), ses_error=0.4, ses_prior=prior).signal_events
        for prior in ("lognormal", "gamma", "truncated_gaussian")
    ]
    assert limits == sorted(limits)  # the more of a small efficiency, the higher
    assert limits[2] > 1.05 * limits[0]


@pytest.mark.parametrize(("method", "prior"), [("fc", "lognormal"), ("bayes", "truncated_gaussian"), ("cls", "flat")])
def test_a_method_without_that_prior_says_so(method, prior):
    with pytest.raises(ArgumentError, match="ses_prior"):
        upper_limit(1, Background(1.0), ses_error=0.1, method=method, ses_prior=prior)
