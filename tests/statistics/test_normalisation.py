"""N_K, acceptance and single event sensitivity: published values, laws of error propagation, cancellations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.statistics.normalisation import (
    NormalisationError,
    acceptance,
    candidates,
    counted,
    kaon_decays,
    measurement,
    single_event_sensitivity,
    what_limits,
)


def pi_ee(n=11041, weighted=None):
    return kaon_decays(
        counted(n, weighted=weighted),
        branching_fraction=measurement(3.00e-7, "B(pi ee)", ext=0.09e-7),
        acceptance=measurement(3.62e-2, "A(pi ee)", syst=0.02e-2),
        contamination=1e-3,
    )


def test_kaon_decays_of_the_full_data_set():
    # CERN-EP-2022-018, Section 4: (1.015 +- 0.010 stat +- 0.030 syst) x 1e12.
    decays = pi_ee()
    assert decays.value == pytest.approx(1.015e12, rel=1e-3)
    assert decays.stat == pytest.approx(0.010e12, rel=0.05)
    assert decays.ext == pytest.approx(0.030e12, rel=0.02)
    assert decays.syst < decays.stat
    assert decays.largest.source == "B(pi ee) ext"


def test_weighted_candidates_have_the_error_of_their_weights():
    # arXiv:2211.04818, Section 3: 21401 weighted from 10975 candidates, error 0.02 / 1.97.
    decays = pi_ee(10975, weighted=21401)
    assert decays.value == pytest.approx(1.97e12, rel=1e-3)
    assert decays.stat / decays.value == pytest.approx(0.02 / 1.97, rel=0.1)
    assert decays.stat / decays.value > 1.3 / math.sqrt(21401)


@given(weights=st.lists(st.floats(0.1, 5), min_size=1, max_size=30))
def test_sum_of_weights(weights):
    result = candidates(weights)
    assert result.value == pytest.approx(sum(weights))
    assert result.stat == pytest.approx(math.sqrt(sum(w * w for w in weights)))


def test_sum_of_weights_error_describes_poisson_samples():
    generator = np.random.default_rng(1)
    samples = [generator.choice([1.0, 1.8, 2.9], generator.poisson(500)) for _ in range(3000)]
    sums = np.array([w.sum() for w in samples])
    assert np.mean([candidates(w).stat for w in samples]) == pytest.approx(sums.std(), rel=0.05)


def test_single_event_sensitivity_as_published():
    ses = single_event_sensitivity(pi_ee(), measurement(4.32e-2, "A(LNV)"))
    assert ses.value == pytest.approx(2.28e-11, rel=2e-3)
    assert ses.error == pytest.approx(0.07e-11, abs=0.005e-11)
    with_pi0 = single_event_sensitivity(
        pi_ee(), measurement(0.271e-2, "A", syst=0.003e-2), daughters=measurement(0.98823, "gg", ext=0.00034)
    )
    assert with_pi0.value == pytest.approx(3.68e-10, rel=2e-3)
    assert with_pi0.error == pytest.approx(0.12e-10, abs=0.005e-10)


def test_shared_sources_cancel_and_others_do_not():
    common, own = ("tracking", 0.02), ("photons", 0.011)
    normalisation = acceptance(36_200, 1e6, "pi ee", syst=[common])
    signal = acceptance(43_200, 1e6, "LNV", syst=[common, own])
    decays = kaon_decays(counted(10_000), branching_fraction=measurement(3e-7, "B"), acceptance=normalisation)
    assert decays.syst / decays.value == pytest.approx(0.02)
    ses = single_event_sensitivity(decays, signal)
    assert ses.syst / ses.value == pytest.approx(0.011)
    assert {part.source for part in ses.budget if part.kind == "syst"} == {"photons"}
    partly = single_event_sensitivity(decays, acceptance(43_200, 1e6, "LNV", syst=[("tracking", 0.015)]))
    assert partly.syst / partly.value == pytest.approx(0.005)


def test_correlated_errors_by_toys():
    """The signed budget is the linear propagation of common shifts."""
    generator = np.random.default_rng(2)
    shift = generator.normal(0, 1, 100_000)
    own = generator.normal(0, 1, 100_000)
    decays = 1 / (0.0362 * (1 + 0.02 * shift))
    toys = 1 / (decays * 0.0432 * (1 + 0.012 * shift + 0.01 * own))
    a = acceptance(1e15, 1e15, "n", syst=[("s", 0.02)])
    b = acceptance(1e15, 1e15, "s", syst=[("s", 0.012), ("own", 0.01)])
    ses = single_event_sensitivity(a.inverse(), b)
    assert ses.error / ses.value == pytest.approx(toys.std() / toys.mean(), rel=0.02)


@given(
    value=st.floats(1e-12, 1e12),
    stat=st.floats(0, 0.2),
    syst=st.floats(0, 0.2),
    other=st.floats(0.1, 10),
)
def test_products_and_quotients(value, stat, syst, other):
    first = measurement(value, "a", stat=stat * value, syst=syst * value)
    second = measurement(other, "b", stat=0.1 * other)
    product = first * second
    assert product.error / product.value == pytest.approx(math.sqrt(stat**2 + syst**2 + 0.01))
    assert (product / second).value == pytest.approx(value)
    assert (product / second).error / value == pytest.approx(math.hypot(stat, syst), abs=1e-12)
    assert (first / first).error == pytest.approx(0, abs=1e-12)
    parts = math.sqrt(product.stat**2 + product.syst**2 + product.ext**2)
    assert product.error == pytest.approx(parts)


def test_acceptance_error_is_binomial():
    flat = acceptance(300, 1000, "a")
    assert flat.stat == pytest.approx(math.sqrt(0.3 * 0.7 / 1000))
    generator = np.random.default_rng(3)
    fractions, errors = [], []
    for _ in range(1500):
        weights = generator.choice([0.2, 1.8], 1000)
        kept = weights[generator.random(1000) < 0.3]
        result = acceptance(
            kept.sum(),
            weights.sum(),
            "weighted",
            sum_of_squared_weights=(kept**2).sum(),
            generated_sum_of_squared_weights=(weights**2).sum(),
        )
        fractions.append(result.value)
        errors.append(result.stat)
    assert np.mean(errors) == pytest.approx(np.std(fractions), rel=0.06)


def test_what_limits_the_sensitivity():
    ses = single_event_sensitivity(pi_ee(), measurement(4.32e-2, "A(LNV)"))
    assert what_limits(ses, 0.43, 0.09).limited_by == "data set"
    assert what_limits(ses, 60.0, 2.0).limited_by == "background"
    assert what_limits(ses, 7549, 928).limited_by == "background systematics"
    assert str(what_limits(ses, 0.43, 0.09)) == "limited by the data set; largest error B(pi ee) ext (3.0%)"


def test_readable():
    assert repr(measurement(2.0, "x", stat=0.1)) == "2 ± 0.1 (stat 0.1)"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: measurement(0.0, "x"), "x"),
        (lambda: measurement(math.nan, "x"), "x"),
        (lambda: measurement(1.0, "x", stat=-1.0), "stat of x"),
        (lambda: measurement(1.0, "x", ext=math.nan), "ext of x"),
        (lambda: counted(0), "candidates"),
        (lambda: candidates([]), "weights"),
        (lambda: candidates([1.0, math.nan]), "weights"),
        (lambda: acceptance(2, 1, "a"), "selected of a"),
        (lambda: pi_ee() * 0.0, "above zero"),
        (
            lambda: kaon_decays(
                counted(1), branching_fraction=measurement(1, "b"), acceptance=measurement(1, "a"), contamination=1.0
            ),
            "contamination",
        ),
    ],
)
def test_bad_input(make, name):
    with pytest.raises(NormalisationError, match=name):
        make()
