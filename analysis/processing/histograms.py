"""Histograms of a selection: weighted, with named axes and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import hist
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.kernels.compiled import compiled, unchecked
from rarekaon.analysis.search.declaration import Quantity

Array = NDArray[Any]
Mask = NDArray[np.bool_]
EVERY_ONE = np.empty(0)
"""In place of weights: each counts as one."""


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
    _fill(histogram, quantity, values - truth, weight, None, (-reach, reach))
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
        round(2 * reach / quantity.truth.bin_width), -reach, reach, name="difference", label="reconstructed - true"
    )
    histogram = hist.Hist(true_axis, difference, storage=hist.storage.Weight())
    histogram.fill(truth / unit, (values - truth) / unit, weight=weight)
    return histogram


@unchecked
def _add_rows(  # type: ignore[no-untyped-def]
    values: Array, unit: float, rows: Array, weights: Array, axis: tuple[float, float], sums: Array, squares: Array
):
    """Add the weights of values (n, k), and their squares, to the bins of a regular `axis` (low, high) with underflow
    and overflow, for some rows by their numbers; the number of NaNs among them, which are added nowhere.

    In the order and with the arithmetic of boost-histogram: the sums are the same bit for bit.
    """
    low, width, number, bad = axis[0], axis[1] - axis[0], len(sums) - 2, 0
    for n in rows:
        weight = weights[n] if len(weights) else 1.0
        for k in range(values.shape[1]):
            value = values[n, k] / unit
            if np.isnan(value):
                bad += 1
                continue
            place = (value - low) / width
            i = number + 1 if place >= 1 else 1 + int(place * number) if place >= 0 else 0
            sums[i] += weight
            squares[i] += weight * weight
    return bad


def fill(
    histogram: hist.Hist[Any], quantity: Quantity, values: Array, weight: Array | None, rows: Mask | None = None
) -> None:
    """Fill the spectrum of a quantity with values of shape (n,) or (n, k) with one weight per row, None for one each,
    where the mask `rows` (n,) is true, or all; BadValueError on NaN."""
    _fill(histogram, quantity, values, weight, rows, quantity.bins[1:])


def _fill(
    histogram: hist.Hist[Any],
    quantity: Quantity,
    values: Array,
    weight: Array | None,
    rows: Mask | None,
    ends: tuple[float, float],
) -> None:
    bins: Any = np.asarray(histogram.view(flow=True))  # fields of a plain array: those of a view of sums are dear
    table = values if values.ndim == 2 else values[:, None]
    wanted = np.arange(len(values)) if rows is None else np.flatnonzero(rows)
    weights = EVERY_ONE if weight is None else weight
    axis = (float(ends[0]), float(ends[1]))  # not the axis' edges, which are rounded
    bad = _add_rows(table, float(quantity.unit), wanted, weights, axis, bins["value"], bins["variance"])
    if bad:
        raise BadValueError(f"{quantity.title} is NaN for {bad} values; check the input files")


class Sum(NamedTuple):
    """A sum of weights with its variance."""

    value: float
    """Sum of the weights."""
    variance: float
    """Sum of their squares."""


@compiled
def _where(values: Array, mask: Mask):  # type: ignore[no-untyped-def]
    """Values (n,) where the mask is true: as NumPy gives them, without its test of each."""
    chosen = np.empty(len(values) + 1, values.dtype)
    found = 0
    for n in range(len(values)):
        chosen[found] = values[n]
        found += mask[n]
    return chosen[:found]


def total(weights: Array | None, mask: Mask) -> Sum:
    """The sum of the weights (n,) of independent events, None for one each, in a mask (n,)."""
    if weights is None:
        number = int(np.count_nonzero(mask))
        return Sum(number, number)
    chosen: Array = weights if mask.all() else _where(weights, mask)
    return Sum(float(chosen.sum()), float(np.square(chosen).sum()))


def counts(names: Sequence[str], sums: Sequence[Sum], axis: str) -> hist.Hist[Any]:
    """Sums of weights by category: a cutflow or a region table."""
    histogram = hist.Hist(hist.axis.StrCategory(list(names), name=axis, label=axis), storage=hist.storage.Weight())
    _set(histogram, np.array(sums))
    return histogram


def by_two(rows: tuple[str, ...], columns: tuple[str, ...], sums: Sequence[Sequence[Sum]]) -> hist.Hist[Any]:
    """Sums of weights by cut and region: `sums[i][k]` in row i and column k."""
    axes = (hist.axis.StrCategory(rows, name="cut"), hist.axis.StrCategory(columns, name="region"))
    histogram = hist.Hist(*axes, storage=hist.storage.Weight())
    _set(histogram, np.array(sums))
    return histogram


def _set(histogram: hist.Hist[Any], sums: Array) -> None:
    """Write values and variances, in the last axis of `sums`, into all bins."""
    bins: Any = np.asarray(histogram.view())
    bins["value"], bins["variance"] = sums[..., 0], sums[..., 1]
