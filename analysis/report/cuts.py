"""What each cut does: the cutflow as a figure, and each quantity with all cuts but its own."""

from __future__ import annotations

from typing import Any

import mplhep
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from rarekaon.analysis.limits.from_events import signal_region
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.figures import COLOURS, axis_label, decay_label, style
from rarekaon.analysis.report.spectra import SIGNAL_EVENTS
from rarekaon.analysis.report.table import Measured
from rarekaon.analysis.report.tables import cutflow_cells
from rarekaon.analysis.search.declaration import Cut, Selection

PANELS = 6
"""Cuts that are drawn, those that cost most of the signal."""
BINS = 50
"""About as many bins as a panel can show."""
MODES = 8
"""Modes of a cutflow figure beside the signal, those of which most is left."""


def cutflow_figure(booked: SearchHistograms, selection: Selection) -> Figure:
    """Share of the decays in the fiducial volume that is left after each cut, by mode: the table's numbers."""
    search = booked.search
    flows: dict[str, list[float]] = {}
    for sample in search.samples.all:
        if booked.exposure(sample).simulated:
            cells = cutflow_cells(booked, sample, selection)
            flows[sample] = [float(c.value or 0) for c in cells if isinstance(c, Measured)]
    first = search.samples.normalisation if selection is search.normalisation else search.samples.signal
    others = sorted((s for s in flows if s != first), key=lambda s: flows[s], reverse=True)
    rows = np.arange(len(selection.cutflow))
    with style():
        figure = Figure(figsize=(8.5, 0.8 + 0.27 * len(rows)))
        figure.subplots_adjust(left=0.34, right=0.72, top=1 - 0.4 / (0.8 + 0.27 * len(rows)), bottom=0.13)
        axes = figure.subplots()
        for sample, colour in zip((first, *others[:MODES]), ("black", *COLOURS), strict=False):
            label = decay_label(booked.mode(sample))
            values = np.array(flows[sample])
            axes.plot(np.where(values > 0, values, np.nan), rows, "o-", color=colour, markersize=3, label=label)
        axes.set_yticks(rows, selection.cutflow, fontsize="x-small")
        axes.tick_params(axis="y", which="minor", left=False, right=False)
        axes.invert_yaxis()
        axes.set(xscale="log", xlabel="share of the decays in the fiducial volume")
        axes.set_title(
            f"{decay_label(search.title)}, {search.dataset}: {selection.name}", fontsize="medium", loc="left"
        )
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="x-small")
    return figure


def costs(booked: SearchHistograms, selection: Selection) -> dict[Cut, float]:
    """The relative loss of signal that each cut alone makes, in the region of the limit, the dearest first."""
    region = signal_region(selection)
    table: Any = booked.histogram(booked.search.samples.signal, selection, "lost")
    kept = table["kept", region].value
    lost = {cut: float(table[cut.name, region].value) for cut in selection.cuts}
    found = {cut: value / (kept + value) if kept + value > 0 else 0.0 for cut, value in lost.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def without_one_figure(booked: SearchHistograms, decays: float) -> Figure:
    """Quantities of the signal selection with all cuts but their own: stacked background for `decays` kaon decays, and
    the signal for 10 events in its region. What a cut removes is shaded, with the share of the signal that it costs.

    Data are not drawn: the box is a box whatever the cut.
    """
    search, selection = booked.search, booked.search.signal
    inside = booked.count(search.samples.signal, selection, signal_region(selection)).value
    chosen = list(costs(booked, selection).items())[:PANELS]
    with style():
        figure = Figure(figsize=(10.5, 6.0))
        figure.subplots_adjust(left=0.05, right=0.99, top=0.9, bottom=0.17, hspace=0.42, wspace=0.17)
        panels = figure.subplots(2, 3).ravel()
        for axes, (cut, cost) in zip(panels, chosen, strict=False):
            _draw_without(axes, booked, cut, decays, SIGNAL_EVENTS / inside if inside > 0 else 0.0)
            axes.set_title(f"costs {cost:.1%} of the signal", fontsize="small", loc="right")
        for axes in panels[len(chosen) :]:
            axes.remove()
        legends = (axes.get_legend_handles_labels() for axes in figure.axes)
        handles = {label: handle for pair in legends for handle, label in zip(*pair, strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=4, fontsize="x-small")
        title = f"{decay_label(search.title)}, {search.dataset}: events with all cuts but one"
        figure.suptitle(title, fontsize="medium", x=0.05, ha="left")
    return figure


def _draw_without(axes: Any, booked: SearchHistograms, cut: Cut, decays: float, signal_scale: float) -> None:
    """One panel: a cut's quantity, what the cut removes shaded."""
    search, selection = booked.search, booked.search.signal
    name, unit = f"without {cut.quantity.name}", cut.quantity.unit
    edges, signal = _rebinned(booked.histogram(search.samples.signal, selection, name))
    stacked = {}
    for number, sample in enumerate(search.samples.backgrounds):
        values = _rebinned(booked.histogram(sample, selection, name))[1] * booked.rate_per_weight(sample) * decays
        if values.any():
            stacked[sample] = values, COLOURS[number % len(COLOURS)]
    if stacked:
        values, colours = zip(*stacked.values(), strict=True)
        labels = [decay_label(booked.mode(sample)) for sample in stacked]
        mplhep.histplot(list(values), edges, stack=True, histtype="fill", ax=axes, color=list(colours), label=labels)
    axes.stairs(signal * signal_scale, edges, color="black", linestyle="--", label="signal")
    for low, high in ((edges[0], cut.within.low / unit), (cut.within.high / unit, edges[-1])):
        if edges[0] <= low < high <= edges[-1]:
            axes.axvspan(low, high, color="0.5", alpha=0.25, linewidth=0)
    axes.set(yscale="log", xlim=(edges[0], edges[-1]), ylabel="")
    axes.set_xlabel(axis_label(cut.quantity.label), fontsize="small", loc="center")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 1e-6 * high), high)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize="x-small")


def _rebinned(histogram: Any) -> tuple[Any, Any]:
    """Edges and sums of weights in about `BINS` bins."""
    number = histogram.axes[0].size
    factor = next(n for n in range(max(1, number // BINS), number + 1) if number % n == 0)
    return histogram.axes[0].edges[::factor], histogram.view()["value"].reshape(-1, factor).sum(axis=1)
