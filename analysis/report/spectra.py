"""Spectra of a search: data over the expected background, with the regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mplhep
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from rarekaon.analysis.limits.backgrounds import unblinded
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.figures import save_figure
from rarekaon.analysis.search.declaration import Selection

REBINNED = 60


def spectrum(booked: SearchHistograms, selection: Selection, decays: float) -> Figure:
    """The observable of a selection: stacked simulation for `decays` kaon decays, and data.

    Masked intervals are shaded; the data in them were never read.
    """
    search = booked.search
    quantity = selection.observable
    modes = [m for m in _modes(booked, selection) if m in booked.samples]
    stack = [_scaled(booked, sample, selection, decays) for sample in modes]
    data = sum((booked.histogram(s, selection, quantity.name) for s in search.samples.data[1:]),
               booked.histogram(search.samples.data[0], selection, quantity.name))  # fmt: skip
    figure: Figure
    figure, axes = plt.subplots(figsize=(8, 5))
    factor = max(1, quantity.bins[0] // REBINNED)
    mplhep.histplot(
        [h[:: factor * 1j] for h in stack], stack=True, histtype="fill", ax=axes, alpha=0.7,
        label=[booked.mode(sample) for sample in modes],
    )  # fmt: skip
    mplhep.histplot(data[:: factor * 1j], histtype="errorbar", color="black", ax=axes, label="data")
    for region in selection.masked:
        low, high = region.within.low / quantity.unit, region.within.high / quantity.unit
        axes.axvspan(low, high, color="grey", alpha=0.2 if unblinded(search) else 0.6)
    axes.set(xlabel=quantity.label, ylabel="events", title=f"{search.key}: {selection.name}")
    axes.set_yscale("symlog", linthresh=1.0)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")
    figure.tight_layout()
    return figure


def _modes(booked: SearchHistograms, selection: Selection) -> Iterator[str]:
    samples = booked.search.samples
    yield from samples.backgrounds
    if selection is booked.search.normalisation:
        yield samples.normalisation


def _scaled(booked: SearchHistograms, sample: str, selection: Selection, decays: float) -> Any:
    return booked.histogram(sample, selection, selection.observable.name) * (decays * booked.rate_per_weight(sample))


def write_spectra(booked: SearchHistograms, directory: Path) -> list[Path]:
    """Draw every selection of a search into `directory`; returns the files."""
    decays = normalise(booked)[0].value
    paths = []
    for selection in booked.search.selections:
        figure = spectrum(booked, selection, decays)
        path = directory / f"{booked.search.name}_{booked.search.dataset}_{selection.name}.png"
        paths.append(save_figure(figure, path))
    return paths
