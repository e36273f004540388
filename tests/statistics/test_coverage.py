"""The coverage studies measure coverage: exact sums confirm them, and known failures show."""

import numpy as np
import pytest
from scipy import stats

from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.coverage import counting_coverage, injection_study
from tests.statistics.spectra import background, resolution


@pytest.mark.parametrize("method", ["cls", "bayes", "rolke", "fc"])
def test_toys_agree_with_the_exact_sum_for_a_known_background(method):
    signals = [1.0, 2.0, 4.0]
    n = np.arange(40)
    limits = np.array([upper_limit(int(k), Background(1.2), method=method).signal_events for k in n])
    toys = 4000
    for row in counting_coverage(Background(1.2), signals, method=method, toys=toys, seed=1):
        exact = stats.poisson.pmf(n, row.true_signal + 1.2)[limits >= row.true_signal].sum()
        assert row.coverage == pytest.approx(exact, abs=4.5 * np.sqrt(max(exact * (1 - exact), 1e-3) / toys))


@pytest.mark.parametrize(
    "measured",
    [
        Background(0.91, 0.41, "gamma_posterior"),
        Background(1.65, 0.31, "truncated_gaussian"),
        Background(1.65, 0.31, "lognormal"),
    ],
)
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_cls_covers_around_the_searches(measured, shift):
    truth = measured.expected + shift * measured.error
    for row in counting_coverage(
        measured, [1.0, 3.0, 6.0], true_background=truth, relative_error=0.05, toys=3000, seed=2
    ):
        assert row.coverage > 0.9 - 3 * row.error


def test_rolke_undercovers_where_the_authors_say_cls_does_not():
    study = {m: counting_coverage(Background(0.1), [2.0], method=m, toys=4000, seed=3)[0] for m in ("cls", "rolke")}
    assert study["rolke"].coverage < 0.89
    assert study["cls"].coverage > 0.95


def test_null_experiments_behave():
    study = injection_study(background(), resolution, 300.0, 0.0, toys=400, seed=4)
    assert abs(study.bias) < 4 * study.bias_error
    assert study.excesses[0] == pytest.approx(stats.norm.sf(1), abs=0.06)
    assert study.containment[0] == pytest.approx(0.683, abs=0.09)
    assert study.containment[1] == pytest.approx(0.954, abs=0.05)


@pytest.mark.parametrize("mass", [300.0, 384.0])
def test_a_strong_signal_leaks_and_the_correction_restores_the_coverage(mass):
    null = injection_study(background(), resolution, mass, 0.0, toys=100, seed=5)
    signal = 4 * null.median_expected_limit
    study = injection_study(background(), resolution, mass, signal, toys=300, seed=5)
    shift = study.bias - null.bias
    assert shift == pytest.approx(study.leakage * signal, rel=0.25)
    assert study.coverage < 0.89
    assert study.corrected_coverage > max(0.86, study.coverage + 0.03)
    assert study.found > 0.5


def test_studies_repeat_with_the_seed():
    first, second = (counting_coverage(Background(1.0), [2.0], toys=50, seed=9) for _ in range(2))
    assert first == second
    with pytest.raises(ArgumentError, match="signal"):
        injection_study(background(), resolution, 300.0, -1.0, toys=1, seed=1)
