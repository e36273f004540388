"""Combinations reduce to single limits where they must, and toys confirm them where they do not."""

import numpy as np
import pytest

from rarekaon.analysis.statistics import ArgumentError, Background, correlated_sum, significance, upper_limit
from rarekaon.analysis.statistics.combination import Channel, combined_limit, combined_measurement
from rarekaon.analysis.statistics.interval import central_interval

PIMUMU = Background(0.91, 0.41, "gamma_posterior")


@pytest.mark.parametrize("observed", [0, 1, 4])
def test_one_channel_is_the_single_limit(observed):
    single = upper_limit(observed, PIMUMU, ses=1.28e-11, ses_error=0.04e-11).upper_limit
    own = combined_limit([Channel(observed, PIMUMU, 1.28e-11, 0.04e-11)])
    shared = combined_limit([Channel(observed, PIMUMU, 1.28e-11)], shared_ses_error=0.04 / 1.28)
    assert own.upper_limit == pytest.approx(single, rel=1e-7)
    assert shared.upper_limit == pytest.approx(single, rel=1e-6)


def test_equal_channels_are_one_channel_with_the_sums():
    parts = [Channel(1, Background(1.0), 2.0), Channel(3, Background(1.0), 2.0)]
    whole = upper_limit(4, Background(2.0), ses=1.0).upper_limit
    assert combined_limit(parts).upper_limit == pytest.approx(whole, rel=1e-8)


def test_nothing_observed_adds_the_sensitivities():
    parts = [Channel(0, Background(0.16), 0.94e-10), Channel(0, Background(0.43), 2.28e-11)]
    total = 1 / (1 / 0.94e-10 + 1 / 2.28e-11)
    assert combined_limit(parts).upper_limit == pytest.approx(np.log(10) * total, rel=1e-7)


def test_a_channel_without_sensitivity_changes_nothing():
    alone = combined_limit([Channel(1, PIMUMU, 1.28)]).upper_limit
    blind = combined_limit([Channel(1, PIMUMU, 1.28), Channel(5, Background(5.0), 1e9)]).upper_limit
    assert blind == pytest.approx(alone, rel=1e-3)


def test_shared_background_error_equals_the_correlated_sum():
    # Two regions of equal s / b whose errors are one: the sum has the linear sum of the errors.
    parts = [Channel(2, Background(3.0), 1.0, shared=(("veto", 0.6),)) for _ in range(2)]
    errors = [Background(3.0, 0.6, "truncated_gaussian")] * 2
    whole = upper_limit(4, correlated_sum(errors), ses=0.5).upper_limit
    assert combined_limit(parts).upper_limit == pytest.approx(whole, rel=1e-4)
    apart = upper_limit(4, errors, ses=0.5).upper_limit
    assert abs(whole / apart - 1) > 1e-3


def test_toys_confirm_the_definition():
    channels = [Channel(1, Background(0.15, 0.09, "gamma_posterior"), 3.13), Channel(2, Background(1.5), 0.389)]
    limit = combined_limit(channels, shared_ses_error=0.05).upper_limit
    generator = np.random.default_rng(6)
    size = 400_000
    weights = [np.log1p(limit / c.ses / c.expected) for c in channels]
    means = [Background(0.15, 0.09, "gamma_posterior").sample(size, generator), np.full(size, 1.5)]
    efficiency = generator.gamma(400, 1 / 400, size)
    observed = sum(w * c.observed for w, c in zip(weights, channels, strict=True))

    def below(mu):
        rates = [b + mu * efficiency / c.ses for b, c in zip(means, channels, strict=True)]
        return (sum(w * generator.poisson(r) for w, r in zip(weights, rates, strict=True)) <= observed + 1e-9).mean()

    assert below(limit) / below(0.0) == pytest.approx(0.1, abs=3e-3)


def test_pi_nu_nu_two_data_sets_give_the_journal_value():
    # 2016: what the combined and the 2017 sensitivity and background leave over.  JHEP 11 (2020) 042 prints 1.78e-10.
    ses_2016 = 1 / (1 / 0.346e-10 - 1 / 0.389e-10)
    channels = [
        Channel(1, Background(0.15, 0.09, "gamma_posterior"), ses_2016),
        Channel(2, Background(1.5, 0.28, "gamma_posterior"), 0.389e-10),
    ]
    limit = combined_limit(channels, shared_ses_error=0.017 / 0.346).upper_limit
    assert limit == pytest.approx(1.78e-10, rel=0.01)


def test_readable_and_refusing():
    result = combined_limit([Channel(0, Background(0.1))])
    assert "90% CL" in repr(result)
    with pytest.raises(ArgumentError, match="channels"):
        combined_limit([])
    with pytest.raises(ArgumentError, match="outcomes"):
        combined_limit([Channel(400, Background(390.0 + k)) for k in range(3)])
    with pytest.raises(ArgumentError, match="shared"):
        Channel(0, Background(0.0), shared=(("x", 0.1),))
    with pytest.raises(ArgumentError, match="ses"):
        Channel(0, Background(1.0), ses=0.0)
    with pytest.raises(ArgumentError, match="three shared"):
        combined_limit([Channel(0, Background(1.0), shared=tuple((name, 0.1) for name in "abcd"))])


@pytest.mark.parametrize(("observed", "background"), [(20, 7.0), (3, 2.5), (0, 0.4), (5, 0.3)])
def test_one_channel_is_the_single_measurement(observed, background):
    error = Background(background, 0.2 * background, "truncated_gaussian")
    single = central_interval(observed, error, ses=2.0)
    found = combined_measurement([Channel(observed, error, 2.0)])
    for ours, theirs in ((found.interval.low, single.low), (found.interval.high, single.high)):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    assert found.interval.value == pytest.approx(single.value)
    assert found.p_value == pytest.approx(significance(observed, error).p_value, rel=1e-6)


def test_a_measurement_split_in_two_is_the_whole():
    parts = [Channel(6, Background(2.0), 2.0), Channel(9, Background(2.0), 2.0)]
    whole, found = central_interval(15, Background(4.0)), combined_measurement(parts)
    assert (found.interval.low, found.interval.high) == pytest.approx((whole.low, whole.high), rel=1e-6)
    assert found.interval.value == pytest.approx(11.0)
    assert found.p_value == pytest.approx(significance(15, Background(4.0)).p_value, rel=1e-6)


def test_asymmetric_errors_stay_so_where_errors_are_shared():
    low, high = (
        combined_limit([Channel(2, Background(1.5, 0.6, "truncated_gaussian", down), shared=(("a", 0.1),))]).upper_limit
        for down in (0.6, 0.1)
    )
    assert low != pytest.approx(high, rel=1e-3)
