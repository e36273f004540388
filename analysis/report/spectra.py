"""Spectra of a search: data over the expected background, with the signal, the regions and the ratio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mplhep
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import chi2

from rarekaon.analysis.limits.from_events import normalise, sensitivity_of, signal_region
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.report.figures import COLOURS, axis_label, decay_label, save_figure, scientific, style
from rarekaon.analysis.report.page import Picture
from rarekaon.analysis.report.stack import Stack, stack
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.declaration import Selection

BINS = 75
"""About as many bins as a figure of this size can show."""
SIGNAL_EVENTS = 10
"""Events in the signal region for which the signal's shape is drawn."""
LEAST = 1e-3
"""Events a bin at which the axis begins."""


def spectrum(booked: SearchHistograms, selection: Selection, decays: float) -> Figure:
    """The observable of a selection: stacked expectation for `decays` kaon decays, and data.

    The hatched band is the statistical and systematic error of the sum.  The signal is drawn for 10 events in its
    region.  Masked intervals are shaded and hold no data point: the data in them were never read.
    """
    search, quantity = booked.search, selection.observable
    label = axis_label(quantity.label)
    factor = next(n for n in range(max(1, quantity.bins[0] // BINS), quantity.bins[0] + 1) if quantity.bins[0] % n == 0)
    shown = stack(booked, selection, decays).rebinned(factor)
    kind = "pseudo-data, " if set(search.samples.data) <= catalogue().pseudo_data.keys() else ""
    with style():
        figure = Figure()
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        _draw_expected(axes, shown)
        if selection is search.signal:
            _draw_signal(axes, booked, factor, decays)
        _draw_data(axes, below, shown)
        _draw_regions((axes, below), booked, selection)
        top = max(np.nanmax(np.append(shown.data, 1.0)), shown.total.max(), SIGNAL_EVENTS)
        axes.set(yscale="log", ylim=(LEAST, 30 * top), ylabel=f"events / {_width(shown, label)}")
        axes.set_title(
            f"{decay_label(search.title)}, {search.dataset}: {selection.name}", fontsize="medium", loc="left"
        )
        axes.text(
            0.02, 0.95, f"{kind}$N_K = {scientific(decays)}$", transform=axes.transAxes, va="top", fontsize="small"
        )
        axes.legend(ncols=2, loc="upper right", reverse=True)
        below.set(
            xlabel=axis_label(quantity.label),
            ylabel="data / exp.",
            ylim=(0, 2.5),
            xlim=(shown.edges[0], shown.edges[-1]),
        )
        figure.align_ylabels()
    return figure


def _width(shown: Stack, label: str) -> str:
    """The width of a bin with the unit that stands in brackets at the end of the axis' label."""
    return f"{shown.edges[1] - shown.edges[0]:.3g} {label.partition('[')[2].rstrip(']')}".strip()


def _draw_expected(axes: Any, shown: Stack) -> None:
    parts = shown.components
    if parts:
        labels = [decay_label(component.mode) for component in parts]
        mplhep.histplot([c.values for c in parts], shown.edges, stack=True, histtype="fill", ax=axes, label=labels,
                        color=_colours(len(parts)))  # fmt: skip
    low, high = np.maximum(shown.total - shown.error, LEAST / 10), shown.total + shown.error
    axes.stairs(high, shown.edges, baseline=low, fill=True, facecolor="none", edgecolor="0.3", hatch="////",
                linewidth=0, label="stat. and syst. error")  # fmt: skip


def _colours(number: int) -> list[str]:
    """The largest component has the first colour."""
    return [COLOURS[i % len(COLOURS)] for i in reversed(range(number))]


def _draw_signal(axes: Any, booked: SearchHistograms, factor: int, decays: float) -> None:
    search = booked.search
    sample, selection = search.samples.signal, search.signal
    histogram: Any = booked.histogram(sample, selection, selection.observable.name)
    inside = booked.count(sample, selection, signal_region(selection)).value
    if inside > 0:
        values = histogram.view()["value"].reshape(-1, factor).sum(axis=1) * SIGNAL_EVENTS / inside
        fraction = SIGNAL_EVENTS * sensitivity_of(booked, normalise(booked)[0]).value
        label = rf"signal, $\mathcal{{B}} = {scientific(fraction, 2)}$"
        axes.stairs(values, histogram.axes[0].edges[::factor], color="black", linestyle="--", label=label)


def _draw_data(axes: Any, below: Any, shown: Stack) -> None:
    """Points where there are data, with the central 68% interval of a Poisson mean; the ratio where both are."""
    seen = shown.data > 0
    centres = 0.5 * (shown.edges[1:] + shown.edges[:-1])
    low, high = poisson_interval(shown.data[seen], shown.data_variances[seen])
    points: dict[str, Any] = {"fmt": "o", "color": "black", "markersize": 3, "linewidth": 1}
    errors = np.full((2, len(centres)), np.nan)
    errors[:, seen] = shown.data[seen] - low, high - shown.data[seen]
    mplhep.histplot(np.where(seen, shown.data, np.nan), shown.edges, yerr=errors, histtype="errorbar", ax=axes,
                    label="data", color="black", markersize=6)  # fmt: skip
    below.axhline(1, color="0.3", linewidth=0.8)
    total, error = shown.total, shown.error
    both = seen & (total > 0)
    band = np.divide(error, total, out=np.zeros_like(total), where=total > 0)
    below.stairs(1 + band, shown.edges, baseline=1 - band, fill=True, color="0.85")
    kept, ratio = both[seen], shown.data[both] / total[both]
    bars = np.array(
        [ratio - low[kept] / total[both], high[kept] / total[both] - ratio]
    )  # no list: of one point it warns
    below.errorbar(centres[both], ratio, bars, **points)


def poisson_interval(sums: Any, variances: Any) -> tuple[Any, Any]:
    """The central 68.27% interval of a mean of which a weighted count `sums` > 0 was seen: Garwood's, scaled.

    A count of equal weights w is n = sum / w events with w = variance / sum (Bohm and Zech, NIM A 748 (2014) 1).

    >>> [round(float(x), 2) for x in poisson_interval(1.0, 1.0)]
    [0.17, 3.3]
    """
    weight = variances / sums
    events, tail = sums / weight, (1 - 0.6827) / 2
    return weight * chi2.ppf(tail, 2 * events) / 2, weight * chi2.ppf(1 - tail, 2 * events + 2) / 2


def _draw_regions(panels: tuple[Any, Any], booked: SearchHistograms, selection: Selection) -> None:
    opened, unit = is_open(booked.search), selection.observable.unit
    for region in selection.regions:
        low, high = region.within.low / unit, region.within.high / unit
        for axes in panels:
            if region.masked and not opened:
                axes.axvspan(low, high, color="0.5", alpha=0.5, linewidth=0)
            for edge in (low, high):
                axes.axvline(edge, color="0.5", linewidth=0.6, linestyle=":")
        left, right = panels[0].get_xlim()
        middle = 0.5 * (max(low, left) + min(high, right))
        if left < middle < right and high - low > (right - left) / 30:
            name = region.name + (" (masked)" if region.masked and not opened and region.name != "masked" else "")
            panels[0].text(middle, 0.02, name, transform=panels[0].get_xaxis_transform(), rotation=90,
                           ha="center", va="bottom", fontsize="x-small", color="0.2")  # fmt: skip


def write_spectra(booked: SearchHistograms, directory: Path) -> list[Picture]:
    """Draw every selection of a search into `directory`, as PNG and PDF; returns the PNG files with what they show."""
    decays = normalise(booked)[0].value
    pictures = []
    for selection in booked.search.selections:
        path = directory / f"{booked.search.name}_{booked.search.dataset}_{selection.name}.png"
        save_figure(spectrum(booked, selection, decays), path, path.with_suffix(".pdf"))
        masked = "" if is_open(booked.search) or not selection.masked else "; no data in masked regions"
        text = f"{selection.name} ({selection.decay}): {selection.observable.title}, data and expectation{masked}"
        pictures.append(Picture(path, text))
    return pictures
