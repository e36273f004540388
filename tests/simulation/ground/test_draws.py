"""Draws of kernels against SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rarekaon.analysis.kernels.compiled import entry
from rarekaon.analysis.simulation.ground.draws import poisson


@entry
def many(rng, mean, out):
    for i in range(out.size):
        out[i] = poisson(rng, mean)


@pytest.mark.parametrize("mean", [0.05, 0.96, 4.0, 14.0])
def test_poisson_numbers_have_their_probabilities(mean):
    drawn = np.empty(200_000, np.int64)
    many(np.random.default_rng(1), mean, drawn)
    top = int(stats.poisson.isf(1e-4, mean))
    seen = np.bincount(np.minimum(drawn, top), minlength=top + 1)
    expected = stats.poisson.pmf(np.arange(top + 1), mean)
    expected[top] = stats.poisson.sf(top - 1, mean)
    assert stats.chisquare(seen, expected * len(drawn)).pvalue > 1e-3


def test_no_signals_without_a_rate():
    drawn = np.empty(1000, np.int64)
    many(np.random.default_rng(1), 0.0, drawn)
    assert not drawn.any()


class Largest:
    """A generator of the largest number below 1."""

    def random(self):
        return np.nextafter(1.0, 0.0)


def test_the_largest_number_drawn_ends_the_search():
    assert poisson.py_func(Largest(), 0.3) < 30
