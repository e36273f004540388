"""The batched Poisson fits find what a general minimiser finds, and their errors are honest."""

import numpy as np
import pytest
from iminuit import Minuit
from iminuit.cost import ExtendedBinnedNLL

from rarekaon.analysis.statistics.polynomial import bin_integrals, fit_polynomials

EDGES = np.linspace(-1, 1, 29)


def sample(rng, coefficients, spectra):
    design = bin_integrals(EDGES, len(coefficients) - 1)
    means = design @ np.asarray(coefficients)
    return rng.poisson(means, (spectra, means.size)).astype(float)


def fit(counts, order, used=None):
    used = np.ones(counts.shape, dtype=bool) if used is None else used
    design = np.broadcast_to(bin_integrals(EDGES, order), (*counts.shape, order + 1))
    return fit_polynomials(counts, used, design)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("level", [12.0, 400.0, 30_000.0])
def test_same_as_iminuit(order, level):
    counts = sample(np.random.default_rng(4), [level, -0.4 * level, 0.3 * level], 3)
    fits = fit(counts, order)
    powers = np.arange(1, order + 2)
    for row, coefficients, covariance in zip(counts, fits.coefficients, fits.covariance, strict=True):
        cost = ExtendedBinnedNLL(row, EDGES, lambda x, p: (x[:, None] ** powers / powers) @ np.asarray(p))
        minuit = Minuit(cost, np.array([level, *([0.0] * order)]))
        minuit.strategy = 2
        minuit.tol = 1e-4
        minuit.migrad()
        # The same point on the likelihood, and no other minimiser finds a better one.
        assert cost(coefficients) <= minuit.fval + 1e-4
        errors = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose(np.array(minuit.values), coefficients, atol=0.02 * errors.max())
        # Fisher (expected) and Hesse (observed) information differ by the fluctuations of the data.
        np.testing.assert_allclose(np.array(minuit.errors), errors, rtol=0.15)


def test_integral_and_its_error_describe_repeated_experiments():
    coefficients = [50.0, -20.0, 15.0]
    fits = fit(sample(np.random.default_rng(8), coefficients, 4000), 2)
    value, error = fits.integral(-0.2, 0.2)
    truth = bin_integrals(np.array([-0.2, 0.2]), 2)[0] @ coefficients
    pulls = (value - truth) / error
    assert abs(pulls.mean()) < 0.08
    assert pulls.std() == pytest.approx(1, abs=0.05)


def test_unbiased_with_few_events_where_a_neyman_fit_is_not():
    counts = sample(np.random.default_rng(9), [40.0, 0.0, 0.0], 4000)
    value, error = fit(counts, 2).integral(-1, 1)
    assert value.mean() == pytest.approx(80, abs=4 * error.mean() / np.sqrt(4000))
    # Weights 1 / n in place of 1 / mu: a constant fitted that way is the harmonic mean of the counts.
    neyman = counts.shape[1] ** 2 / (1 / np.maximum(counts, 1)).sum(axis=1)
    assert neyman.mean() < 80 - 10


def test_unused_bins_do_not_matter():
    counts = sample(np.random.default_rng(10), [100.0, 5.0, -20.0], 5)
    used = np.ones(counts.shape, dtype=bool)
    used[:, 10:14] = False
    before = fit(counts, 2, used)
    counts[:, 10:14] = 1e6
    np.testing.assert_array_equal(fit(counts, 2, used).coefficients, before.coefficients)


def test_empty_spectra_and_too_few_bins():
    counts = np.zeros((1, EDGES.size - 1))
    assert abs(fit(counts, 2).integral(-0.1, 0.1)[0][0]) < 0.05
    used = np.zeros(counts.shape, dtype=bool)
    used[0, :2] = True
    with pytest.raises(ValueError, match="fewer than 3 bins"):
        fit(counts, 2, used)
