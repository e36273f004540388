"""The batched limits agree with the exact engine, which sums where this one integrates."""

import numpy as np
import pytest

from rarekaon.analysis.statistics import Background, significance, upper_limit
from rarekaon.analysis.statistics.gaussian_counts import GaussianCounts

CASES = [(0.5, 0.3, 0), (0.5, 0.0, 1), (4.0, 5.0, 9), (26.0, 3.0, 31), (410.0, 12.0, 370), (7400.0, 130.0, 7500)]


@pytest.mark.parametrize(("expected", "error", "observed"), CASES)
def test_limits_bands_and_significance(expected, error, observed):
    background = Background(expected, error, "truncated_gaussian" if error else "fixed")
    exact = upper_limit(observed, background)
    counts = GaussianCounts([expected], [error])
    assert counts.upper_limits([observed])[0] == pytest.approx(exact.signal_events, rel=2e-6)
    assert counts.expected_limits()[:, 0] == pytest.approx(exact.expected_upper_limit, rel=2e-6)
    assert counts.significances([observed])[0] == pytest.approx(significance(observed, background).sigmas, rel=1e-5)


def test_all_at_once_is_one_at_a_time():
    expected, error, observed = (np.array(column, dtype=float) for column in zip(*CASES, strict=True))
    together = GaussianCounts(expected, error).upper_limits(observed, 0.95)
    alone = [GaussianCounts([b], [e]).upper_limits([n], 0.95)[0] for b, e, n in CASES]
    assert together == pytest.approx(alone, rel=1e-9)


def test_quantiles_are_quantiles():
    counts = GaussianCounts([3.0, 900.0], [1.0, 40.0])
    generator = np.random.default_rng(1)
    for column, (mean, error) in enumerate([(3.0, 1.0), (900.0, 40.0)]):
        true = Background(mean, error, "truncated_gaussian").sample(400_000, generator)
        toys = generator.poisson(true)
        for quantile, level in zip(
            counts.count_quantiles()[:, column], (0.0228, 0.1587, 0.5, 0.8413, 0.9772), strict=True
        ):
            assert (toys <= quantile).mean() >= level - 2e-3
            assert (toys < quantile).mean() <= level + 2e-3
