"""Histograms of a selection: weighted, with named axes and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def fill(histogram: hist.Hist[Any], quantity: Quantity, values: Array, weight: Array) -> None:
    """Fill values of shape (n,) or (n, k) with one weight per row; BadValueError on NaN."""
    if np.isnan(values).any():
        raise BadValueError(f"{quantity.title} is NaN for {int(np.isnan(values).sum())} values; check the input files")
    repeated = weight if values.ndim == 1 else np.repeat(weight, values.shape[1])
    histogram.fill(values.ravel() / quantity.unit, weight=repeated)


def counts(names: Sequence[str], weights: Sequence[Array], axis: str) -> hist.Hist[Any]:
    """Sums of weights by category: a cutflow or a region table.  `weights[i]` are those of the events in row i."""
    histogram = hist.Hist(hist.axis.StrCategory(list(names), name=axis, label=axis), storage=hist.storage.Weight())
    view = histogram.view()
    for row, values in enumerate(weights):
        view["value"][row] = values.sum()
        view["variance"][row] = np.square(values).sum()
    return histogram
