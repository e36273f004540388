"""The numbers of a spectrum: what is expected of each mode in each bin, and the data.

Everything is normalised as the background table is (`SearchHistograms.rate_per_weight`, `background_table`), so that
a drawn stack sums to the table's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.limits.backgrounds import background_table
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.search.declaration import Selection

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Component:
    """A mode in each bin."""

    mode: str
    """Its row in the background table."""
    values: Floats
    """Expected events (bins,)."""
    variances: Floats
    """Their statistical variances (bins,)."""
    sample: str = ""
    """The simulated sample it is from; empty for what data, print or a tail say of a region, spread evenly."""


@dataclass(frozen=True)
class Stack:
    """A selection's observable."""

    edges: Floats
    """Edges of the bins (bins + 1,), in the observable's display unit."""
    components: tuple[Component, ...]
    """The modes, the smallest first."""
    systematic: Floats
    """Systematic error of the sum (bins,)."""
    data: Floats
    """Data events (bins,), weighted where the stream is prescaled; NaN in bins that touch a masked interval."""
    data_variances: Floats
    """Sums of their squared weights (bins,); NaN as above."""

    @property
    def total(self) -> Any:
        """Their sum (bins,)."""
        return np.sum([np.zeros(len(self.edges) - 1), *(c.values for c in self.components)], axis=0)

    @property
    def error(self) -> Any:
        """Statistical and systematic error of the sum (bins,)."""
        return np.sqrt(np.sum([self.systematic**2, *(c.variances for c in self.components)], axis=0))

    def rebinned(self, factor: int) -> Stack:
        """Bins joined by `factor`, which must divide their number; a joint bin with a masked one in it is masked."""

        def joined(values: Floats) -> Floats:
            return np.asarray(values.reshape(-1, factor).sum(axis=1))

        parts = tuple(Component(c.mode, joined(c.values), joined(c.variances), c.sample) for c in self.components)
        return Stack(
            self.edges[::factor], parts, joined(self.systematic), joined(self.data), joined(self.data_variances)
        )


def stack(booked: SearchHistograms, selection: Selection, decays: float) -> Stack:
    """What `decays` kaon decays leave in each bin of the selection's observable, beside the data."""
    search, quantity = booked.search, selection.observable
    axis = booked.histogram(search.samples.data[0], selection, quantity.name).axes[0]
    edges = np.asarray(axis.edges)
    modes = search.samples.backgrounds if selection is search.signal else search.samples.contaminating
    if selection is search.normalisation:
        modes = tuple(dict.fromkeys((*modes, search.samples.normalisation)))
    components = [simulated(booked, sample, selection, decays) for sample in modes]
    if selection is search.signal:
        tails = {tail.background for tail in search.tails}
        components = [c for c in components if c.sample not in tails]
        components += _of_regions(booked, axis.centers * quantity.unit, decays, {c.mode for c in components})
    drawn = tuple(sorted((c for c in components if c.values.any()), key=lambda c: c.values.sum()))
    data, data_variances = _data(booked, selection)
    if not is_open(search):
        for region in selection.masked:
            low, high = region.within.low / quantity.unit, region.within.high / quantity.unit
            touched = (edges[1:] > low) & (edges[:-1] < high)
            data[touched] = data_variances[touched] = np.nan
    return Stack(edges, drawn, _systematic(booked, drawn, len(edges) - 1), data, data_variances)


def simulated(booked: SearchHistograms, sample: str, selection: Selection, decays: float) -> Component:
    """What `decays` kaon decays leave of a simulated mode in each bin of the selection's observable."""
    view: Any = booked.histogram(sample, selection, selection.observable.name).view()
    scale = decays * booked.rate_per_weight(sample)
    return Component(booked.mode(sample), scale * view["value"], scale**2 * view["variance"], sample)


def _of_regions(booked: SearchHistograms, centres: Floats, decays: float, others: set[str]) -> list[Component]:
    """The rows of the background table that are not simulated events in the region: from data, print or a tail.

    A region that holds others spreads what they leave over its own bins.
    """
    found: dict[str, Component] = {}
    inside = {region.name: region.mask(centres) for region in booked.search.signal.regions}
    free: dict[str, NDArray[np.bool_]] = {}
    rows = [r for r in background_table(booked, decays) if r.mode not in others | {"total"} and r.expected != 0]
    for row in sorted(rows, key=lambda r: inside[r.region].sum()):
        zeros = np.zeros(len(centres))
        component = found.setdefault(row.mode, Component(row.mode, zeros, zeros.copy()))
        bins = inside[row.region] & free.setdefault(row.mode, np.ones(len(centres), dtype=bool))
        if bins.any():
            component.values[bins] = (row.expected - component.values[inside[row.region]].sum()) / bins.sum()
            component.variances[bins] = max(row.stat**2 - component.variances[inside[row.region]].sum(), 0) / bins.sum()
            free[row.mode] &= ~bins
    return list(found.values())


def _systematic(booked: SearchHistograms, components: tuple[Component, ...], bins: int) -> Floats:
    """A source is common to its samples, so their shifts add; sources are independent."""
    shifts: dict[str, Floats] = {}
    for source in booked.search.systematics:
        for component in components:
            if component.sample in source.samples:
                shift = shifts.setdefault(source.name, np.zeros(bins))
                shift += source.relative * component.values
    return np.sqrt(np.sum([shift**2 for shift in shifts.values()], axis=0)) if shifts else np.zeros(bins)


def _data(booked: SearchHistograms, selection: Selection) -> tuple[Floats, Floats]:
    views: list[Any] = [
        booked.histogram(sample, selection, selection.observable.name).view() for sample in booked.search.samples.data
    ]
    return sum(v["value"] for v in views) + 0.0, sum(v["variance"] for v in views) + 0.0
