"""What spectra draw: sums equal the background table, masked bins hold no data, intervals are the Poisson ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import poisson

from rarekaon.analysis.execution.store import load
from rarekaon.analysis.limits.backgrounds import background_table
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.report.spectra import poisson_interval, spectrum
from rarekaon.analysis.report.stack import Stack, stack
from rarekaon.analysis.search.channels import search, searches

HISTOGRAMS = Path(__file__).resolve().parents[2] / "results/quick/histograms"
SEARCHES = sorted((s.name, s.dataset) for group in searches().values() for s in group)


@cache
def booked(name: str, dataset: str) -> SearchHistograms:
    path = HISTOGRAMS / f"{name}.zip"
    assert path.exists(), "run `make limits QUICK=1` first (`make test` does)"
    return SearchHistograms(search(name, dataset), load(path))


@cache
def stacked(name: str, dataset: str) -> tuple[Stack, float]:
    histograms = booked(name, dataset)
    decays = normalise(histograms)[0].value
    return stack(histograms, histograms.search.signal, decays), decays


@pytest.mark.parametrize(("name", "dataset"), SEARCHES)
def test_what_is_drawn_sums_to_the_rows_of_the_table(name: str, dataset: str) -> None:
    """Exactly, where a region ends at edges of bins; elsewhere within what the bins at its ends hold."""
    shown, decays = stacked(name, dataset)
    selection = search(name, dataset).signal
    unit = selection.observable.unit
    centres = 0.5 * (shown.edges[1:] + shown.edges[:-1]) * unit
    rows = {(r.region, r.mode): r.expected for r in background_table(booked(name, dataset), decays)}
    compared = 0
    for region in selection.regions:
        cut = region.within if region.excluding is None else region.excluding
        ends = {region.within.low / unit, region.within.high / unit, cut.low / unit, cut.high / unit}
        at_ends = np.zeros(len(centres), dtype=bool)
        for end in ends:
            if shown.edges[0] < end < shown.edges[-1] and np.abs(shown.edges - end).min() > 1e-9:
                at_ends[np.searchsorted(shown.edges, end) - 1] = True
        inside = region.mask(centres)
        for component in shown.components:
            if (region.name, component.mode) not in rows:
                continue  # the paper's row is of a region around this one
            drawn = component.values[inside].sum()
            slack = component.values[at_ends].sum() + 1e-9 * abs(drawn) + 1e-15
            beyond = not (shown.edges[0] * unit <= region.within.low and region.within.high <= shown.edges[-1] * unit)
            wanted = rows[region.name, component.mode]
            if beyond:
                assert drawn <= wanted + slack
            else:
                assert drawn == pytest.approx(wanted, abs=slack)
            compared += 1
    assert compared or not shown.components


@pytest.mark.parametrize(("name", "dataset"), SEARCHES)
def test_no_data_are_drawn_in_a_masked_interval(name: str, dataset: str) -> None:
    shown, _ = stacked(name, dataset)
    selection = search(name, dataset).signal
    unit = selection.observable.unit
    for region in selection.masked:
        touched = (shown.edges[1:] > region.within.low / unit) & (shown.edges[:-1] < region.within.high / unit)
        assert np.isnan(shown.data[touched]).all() != is_open(search(name, dataset))


def test_a_joint_bin_with_a_masked_one_is_masked() -> None:
    nan = np.nan
    shown = Stack(np.arange(5.0), (), np.zeros(4), np.array([1.0, 2.0, nan, 3.0]), np.array([1.0, 2.0, nan, 3.0]))
    np.testing.assert_array_equal(shown.rebinned(2).data, [3.0, nan])
    np.testing.assert_array_equal(shown.rebinned(2).edges, [0.0, 2.0, 4.0])


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_intervals_of_counts_have_their_tails(count: int) -> None:
    low, high = poisson_interval(np.array([float(count)]), np.array([float(count)]))
    assert poisson.sf(count - 1, low[0]) == pytest.approx((1 - 0.6827) / 2)
    assert poisson.cdf(count, high[0]) == pytest.approx((1 - 0.6827) / 2)


def test_points_of_the_figure_are_the_data_outside_the_masked_interval() -> None:
    """Read from the artists: as many points as bins with data, at their heights, none in the shaded interval."""
    masked = next(s for group in searches().values() for s in group if not is_open(s))
    histograms = booked(masked.name, masked.dataset)
    selection = histograms.search.signal
    figure = spectrum(histograms, selection, normalise(histograms)[0].value)
    assert isinstance(figure, Figure)
    axes = figure.axes[0]
    (points,) = [c for c in axes.containers if c.get_label() == "data"]
    x, y = points.lines[0].get_data()  # type: ignore[attr-defined]
    drawn = np.isfinite(y)
    unit = selection.observable.unit
    for region in selection.masked:
        assert not ((x[drawn] * unit > region.within.low) & (x[drawn] * unit < region.within.high)).any()
    shown, _ = stacked(masked.name, masked.dataset)
    assert y[drawn].sum() == pytest.approx(np.nansum(shown.data), rel=0.5)
