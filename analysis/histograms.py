"""Histograms of a selection: weighted, with named axes and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import hist
import numpy as np
from numpy.typing import NDArray

from analysis.search import Quantity

Array = NDArray[Any]


class BadValueError(ValueError):
    """A quantity came out as NaN: the events are broken, not rare."""


def spectrum(quantity: Quantity) -> hist.Hist[Any]:
    """An empty weighted histogram of a quantity, in its display unit."""
    number, low, high = quantity.bins
    axis = hist.axis.Regular(number, low, high, name=quantity.name, label=quantity.label)
    return hist.Hist(axis, storage=hist.storage.Weight())


RESIDUAL_BINS = 400


def residual(quantity: Quantity, values: Array, truth: Array, weight: Array) -> hist.Hist[Any]:
    """Reconstructed minus true values, in the display unit; ValueError for a quantity without truth."""
    if quantity.truth is None:
        raise ValueError(f"{quantity.name} declares no true value")
    reach, label = quantity.truth.reach, f"reconstructed - true {quantity.label}"
    axis = hist.axis.Regular(RESIDUAL_BINS, -reach, reach, name=quantity.name, label=label)
    histogram = hist.Hist(axis, storage=hist.storage.Weight())
    fill(histogram, quantity, values - truth, weight)
    return histogram


def response(quantity: Quantity, values: Array, truth: Array, weight: Array) -> hist.Hist[Any]:
    """What becomes of each true value, in the display unit: true values by the differences of reconstructed ones.

    Differences beyond the quantity's reach are in the overflow bins.
    """
    if quantity.truth is None:
        raise ValueError(f"{quantity.name} declares no true value")
    reach, unit = quantity.truth.reach, quantity.unit
    _, _, high = quantity.bins
    true_axis = hist.axis.Regular(int(high / 2), 0, 2 * int(high / 2), name="true", label=f"true {quantity.label}")
    difference = hist.axis.Regular(
        20 * round(2 * reach), -reach, reach, name="difference", label="reconstructed - true"
    )
    histogram = hist.Hist(true_axis, difference, storage=hist.storage.Weight())
    histogram.fill(truth / unit, (values - truth) / unit, weight=weight)
    return histogram


def fill(histogram: hist.Hist[Any], quantity: Quantity, values: Array, weight: Array | None) -> None:
    """Fill values of shape (n,) or (n, k) with one weight per row, None for one each; BadValueError on NaN."""
    if np.isnan(values).any():
        raise BadValueError(f"{quantity.title} is NaN for {int(np.isnan(values).sum())} values; check the input files")
    repeated = weight if weight is None or values.ndim == 1 else np.repeat(weight, values.shape[1])
    histogram.fill(values.ravel() / quantity.unit, weight=repeated)


class Sum(NamedTuple):
    """A sum of weights with its variance."""

    value: float
    variance: float


def total(weights: Array | None, mask: NDArray[np.bool_]) -> Sum:
    """The sum of the weights (n,) of independent events, None for one each, in a mask (n,)."""
    if weights is None:
        number = int(np.count_nonzero(mask))
        return Sum(number, number)
    chosen = weights if mask.all() else weights[mask]
    return Sum(float(chosen.sum()), float(np.square(chosen).sum()))


def counts(names: Sequence[str], sums: Sequence[Sum], axis: str) -> hist.Hist[Any]:
    """Sums of weights by category: a cutflow or a region table."""
    histogram = hist.Hist(hist.axis.StrCategory(list(names), name=axis, label=axis), storage=hist.storage.Weight())
    view = histogram.view()
    for row, entry in enumerate(sums):
        view["value"][row], view["variance"][row] = entry
    return histogram


def by_two(rows: tuple[str, ...], columns: tuple[str, ...], sums: Sequence[Sequence[Sum]]) -> hist.Hist[Any]:
    """Sums of weights by cut and region: `sums[i][k]` in row i and column k."""
    axes = (hist.axis.StrCategory(rows, name="cut"), hist.axis.StrCategory(columns, name="region"))
    histogram = hist.Hist(*axes, storage=hist.storage.Weight())
    view = histogram.view()
    for i, row in enumerate(sums):
        for k, entry in enumerate(row):
            view["value"][i, k], view["variance"][i, k] = entry
    return histogram
