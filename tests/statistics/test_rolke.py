"""Against the authors' own program: intervals published by ROOT 5.34/03 for its tutorial Rolke.C (TRolke 2.0)."""

import itertools
import json
import math
from pathlib import Path

import pytest
from scipy import stats

from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.exact_coverage import least_coverage
from rarekaon.analysis.statistics.rolke import (
    GaussianBackground,
    ProfileLikelihood,
    SidebandBackground,
    rolke_limits,
)

TROLKE = Path(__file__).with_name("trolke.json")


@pytest.mark.parametrize(
    ("likelihood", "level", "published"),
    [
        (ProfileLikelihood(10, SidebandBackground(3, 2.5), 0.9, 0.05), 0.95, 18.4584),
        (ProfileLikelihood(10, GaussianBackground(5, 0.5), 0.9, 0.05), 0.99, 17.5005),
        (ProfileLikelihood(1, GaussianBackground(0, 1.0), 0.65), 0.799999, 4.91504),
        (ProfileLikelihood(15, GaussianBackground(10, 0.0), 0.77, 0.15), 0.95, 20.1747),
    ],
)
def test_program_output(likelihood, level, published):
    assert likelihood.upper_limit(level) == pytest.approx(published, rel=2e-5)


def test_program_output_unbounded():
    likelihood = ProfileLikelihood(1, SidebandBackground(7, 5), 0.25)
    assert likelihood.upper_limit(0.68, bounded=False) == pytest.approx(4.08807, rel=2e-5)
    assert likelihood.upper_limit(0.68) > 4.08807


def likelihood(kind, arguments, observed, efficiency_error):
    if kind == "poisson":
        return ProfileLikelihood(observed, SidebandBackground(*arguments), 1.0, efficiency_error)
    mean, error = arguments if kind == "gauss" else (arguments[0], 0.0)
    return ProfileLikelihood(observed, GaussianBackground(mean, error), 1.0, efficiency_error)


@pytest.mark.parametrize(
    ("kind", "arguments", "observed", "error", "level", "bounded", "published"),
    json.loads(TROLKE.read_text())["limits"],
)
def test_the_authors_program(kind, arguments, observed, error, level, bounded, published):
    """Limits of ROOT 6.40's TRolke, with and without bounds, without events and with (see the file).

    The program stops within 1e-5 of the likelihood; its limits without events are three times as far off.
    """
    found = likelihood(kind, arguments, observed, error).upper_limit(level, bounded=bounded)
    assert found == pytest.approx(published, rel=2e-4 if error else 2e-5, abs=1e-4 if found < 2 else 0)


def test_the_coverage_is_said_where_it_is_below_the_level():
    limit = upper_limit(0, Background(0.5), method="rolke")
    least = least_coverage(rolke_limits, 0.5, 0.9)
    assert least == pytest.approx(limit.least_coverage)
    assert 0.8 < least < 0.9
    assert f"{100 * least:.1f}%" in repr(limit)
    assert "coverage" not in repr(upper_limit(0, Background(0.5)))


def test_deviance_rises_by_the_quantile():
    likelihood = ProfileLikelihood(7, SidebandBackground(12, 4), 1.0, 0.1)
    _, lowest = likelihood.minimum()
    rise = likelihood.deviance(likelihood.upper_limit(0.9)) - lowest
    assert rise == pytest.approx(stats.chi2.isf(0.1, 1), rel=1e-6)


@pytest.mark.parametrize(("background", "signal"), [(SidebandBackground(7, 5), 3.0), (GaussianBackground(4, 1.5), 0.7)])
def test_profiled_background_is_the_maximum(background, signal):
    likelihood = ProfileLikelihood(6, background)
    best = background.profiled(6, signal)

    def deviance(b):
        return -2 * stats.poisson.logpmf(6, signal + b) + background.penalty(b)

    assert likelihood.deviance(signal) == pytest.approx(deviance(best) + 2 * stats.poisson.logpmf(6, 6), abs=1e-9)
    assert all(deviance(best + step) > deviance(best) for step in (-1e-3, 1e-3))


def test_an_efficiency_compatible_with_zero_has_no_limit():
    with pytest.raises(ArgumentError, match="ses_error"):
        upper_limit(0, Background(0.3), ses_error=0.8, method="rolke")


@pytest.mark.parametrize(("observed", "background"), [(0, 1e8), (10, 60.0), (10**9, 1.001e9)])
def test_an_empty_unbounded_interval_is_that_of_the_first_count_with_one(observed, background):
    known, threshold = GaussianBackground(background, 0.0), stats.chi2.isf(0.1, 1)
    limit = ProfileLikelihood(observed, known).upper_limit(0.9, bounded=False)
    counts = itertools.count(int(background - 1.7 * background**0.5))
    first = next(n for n in counts if poisson_deviance(n, background) < threshold)
    assert limit == pytest.approx(ProfileLikelihood(first, known).upper_limit(0.9, bounded=False))
    assert limit > 0


def poisson_deviance(n, mean):
    return 2 * (mean - n + n * math.log(n / mean))
