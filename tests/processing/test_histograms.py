"""Filling by the kernel here is filling by boost-histogram, bit for bit."""

import numpy as np
import pytest

from rarekaon.analysis.processing.histograms import BadValueError, fill, residual, spectrum, total
from rarekaon.analysis.search.declaration import Quantity, Truth

VALUES = 3000


def quantity(bins, unit, truth=None):
    return Quantity("x", "x", lambda c: c, bins, unit, truth=truth)


def values_of(kind, rng, low, high, unit):
    """Values in all bins and beyond, on all edges, and at the ends of the axis and of the numbers."""
    inside = rng.uniform(low - 1, high + 1, VALUES - 40) * unit
    edges = np.linspace(low, high, 36) * unit
    spread = rng.permutation(np.concatenate([inside, edges, [low * unit, high * unit, np.inf, -np.inf]]))
    whole = rng.integers(int(low) - 2, int(high) + 3, VALUES)
    return {"(n,)": spread, "(n, 3)": spread.reshape(-1, 3), "whole": whole, "whole (n, 3)": whole.reshape(-1, 3)}[kind]


@pytest.mark.parametrize("kind", ["(n,)", "(n, 3)", "whole", "whole (n, 3)"])
@pytest.mark.parametrize("bins", [(35, 0, 7), (180, 0.1, 0.7), (4200, 180, 390), (10, -0.5, 9.5)], ids=str)
@pytest.mark.parametrize("unit", [1.0, 1000.0, 1e-3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("some", [False, True])
def test_bins_hold_what_boost_histogram_puts_into_them(kind, bins, unit, weighted, some):
    rng = np.random.default_rng(3)
    values = values_of(kind, rng, *bins[1:], unit)
    weight = rng.uniform(0.1, 9, len(values)) if weighted else None
    rows = rng.random(len(values)) < 0.7 if some else None
    x = quantity(bins, unit)
    ours, theirs = spectrum(x), spectrum(x)
    fill(ours, x, values, weight, rows)
    every = np.ones(len(values), bool) if rows is None else rows
    repeated = np.repeat(weight[every], values[0].size) if weighted else None
    theirs.fill(values[every].ravel() / unit, weight=repeated)
    assert ours.view(flow=True).tobytes() == theirs.view(flow=True).tobytes()
    assert ours.values(flow=True).sum() > 0


def test_residuals_are_filled_within_their_own_reach():
    x = quantity((10, 0, 1), 10.0, Truth(lambda c: c, reach=2.5))
    rng = np.random.default_rng(4)
    values, truth, weight = rng.uniform(0, 10, (3, 500))
    theirs = residual(x, values[:0], truth[:0], weight[:0])
    theirs.fill((values - truth) / 10.0, weight=weight)
    assert residual(x, values, truth, weight).view(flow=True).tobytes() == theirs.view(flow=True).tobytes()


def test_values_that_are_none_are_refused_where_they_count():
    x, values = quantity((10, 0, 1), 1.0), np.array([0.5, np.nan, 0.7])
    with pytest.raises(BadValueError, match="x is NaN for 1 values"):
        fill(spectrum(x), x, values, None)
    fill(histogram := spectrum(x), x, values, None, np.array([True, False, True]))
    assert histogram.values().sum() == 2


def test_nothing_is_filled_with_nothing():
    x = quantity((10, 0, 1), 1.0)
    for shape in ((0,), (0, 3)):
        fill(histogram := spectrum(x), x, np.empty(shape), np.empty(0))
        assert histogram.values(flow=True).sum() == 0


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_totals_are_sums_over_the_mask(part):
    rng = np.random.default_rng(5)
    weights, mask = rng.uniform(0, 1, 999), rng.random(999) < part
    assert total(weights, mask) == (weights[mask].sum(), np.square(weights[mask]).sum())
    assert total(None, mask) == (mask.sum(), mask.sum())
