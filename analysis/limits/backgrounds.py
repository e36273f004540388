"""Background tables: expected events by region and mode, from simulation and from data, beside the published ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.facts.published import Published, all_published, published
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.limits.variations import Shift, background_shifts
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.search.declaration import DataDriven, PublishedBackground, Region, Search, Tail

NO_EVENTS = -math.log(1 - 0.6827)
"""Upper limit at 68.27% CL on the mean of a Poisson count of which none was seen."""


@dataclass(frozen=True)
class BackgroundRow:
    """One cell of a background table: expected events of a mode in a region.

    Where no event is left to estimate a mode with, `expected` is 0 and `stat` is the upper limit at 68% CL: `NO_EVENTS`
    times the mean weight of the events after the last cut that leaves any, or of the decays that were simulated. As in
    the papers (arXiv:2211.04818 Table 1) such a limit is no part of the total's error.
    """

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    region: str
    """Name of the region."""
    mode: str
    """The decay, or "total" for the sum of a region."""
    expected: float
    """Expected events."""
    stat: float
    """Statistical error of the estimate, or the upper limit where no event is left."""
    syst: float
    """Systematic error."""
    published: float | None = None
    """The published number of the same cell."""
    published_error: float | None = None
    """Its error."""
    observed: int | None = None
    """Data events, on totals only; None while the region is masked."""
    observed_weight: float | None = None
    """Events that one recorded event of a prescaled stream stands for: sum of squared weights over sum of weights."""
    sample: str = ""
    """What systematic errors are declared for: the simulated sample, or the mode of a background from data."""

    @property
    def error(self) -> float:
        return math.hypot(self.stat, self.syst)


@dataclass(frozen=True)
class PublishedRow:
    """A cell that a paper publishes of a mode without a row here: simulated within another mode, or not at all."""

    search: str
    dataset: str
    region: str
    mode: str
    expected: None
    stat: None
    syst: None
    published: float
    published_error: float | None
    observed: None = None
    observed_weight: None = None


Row = BackgroundRow | PublishedRow
Shifts = Mapping[str, Mapping[str, Shift]]
"""Changes of expected events by source and sample."""


def with_published_rows(rows: tuple[BackgroundRow, ...]) -> tuple[Row, ...]:
    """The rows, and those published modes of their regions that have none."""
    known = {(r.search, r.dataset, r.region, r.mode) for r in rows}
    published = []
    for search, dataset, region in dict.fromkeys((r.search, r.dataset, r.region) for r in rows):
        paper = all_published().get((search, dataset))
        modes = paper.regions[region].modes if paper and region in paper.regions else {}
        for mode, cell in modes.items():
            if (search, dataset, region, mode) not in known:
                error = cell.error or None
                published.append(PublishedRow(search, dataset, region, mode, None, None, None, cell.expected, error))
    return (*rows, *published)


def background_table(booked: SearchHistograms, decays: float) -> tuple[BackgroundRow, ...]:
    """Expected background by region and mode, for `decays` kaon decays, beside the published one."""
    search = booked.search
    paper = all_published().get((search.name, search.dataset))
    rows: list[BackgroundRow] = []
    for region in search.signal.regions:
        cells = {s: _simulated(booked, s, region.name, decays) for s in search.samples.backgrounds}
        cells |= {t.background: _tail(booked, t, region.name, decays) for t in search.tails if t.peak != region.name}
        measured = {d.mode: _measured(booked, d, region) for d in search.data_driven}
        measured |= mirrored_tail(booked, region.within, decays)
        shifts = background_shifts(booked, region.name, decays)
        rows.extend(_row(booked, region.name, booked.mode(s), cell, paper, s, shifts) for s, cell in cells.items())
        measured |= {b.mode: _published(search, b) for b in search.published_backgrounds if b.region == region.name}
        rows.extend(_row(booked, region.name, mode, cell, paper, mode) for mode, cell in measured.items())
        rows.append(_total(booked, region.name, cells | measured, paper, shifts))
    return tuple(rows)


def _simulated(booked: SearchHistograms, sample: str, region: str, decays: float) -> Count:
    """Events of a simulated mode in a region, of negative weights fewer than none; with no event left, the error is
    the upper limit."""
    signal = booked.search.signal
    cell = booked.rate(sample, signal, region).scaled(decays)
    if cell.variance > 0:
        return cell
    event = booked.mean_weight(sample, signal) * booked.rate_per_weight(sample) * decays
    return Count(0.0, (NO_EVENTS * event) ** 2)


def _tail(booked: SearchHistograms, tail: Tail, region: str, decays: float) -> Count:
    """Events of a background in a region by its tail beside the peak; with none in the tail, the error is the limit.

    The error of the peak that the tail is compared with is neglected.
    """
    signal, normalisation = booked.search.signal, booked.search.normalisation
    peak, beside = (booked.count(tail.shape, normalisation, name) for name in (tail.peak, region))
    left = booked.rate(tail.background, signal, tail.peak).scaled(decays)
    if peak.value == 0:
        return Count()
    if beside.value == 0:
        return Count(0.0, (NO_EVENTS * peak.mean_weight / peak.value * left.value) ** 2)
    return left.times(beside.scaled(1 / peak.value))


def _measured(booked: SearchHistograms, background: DataDriven, region: Region) -> Count:
    """Events of a background from data in a region; with none left, the error is the upper limit."""
    total = Count()
    for name, factor in background.controls:
        selection = booked.search.control(name)
        for counted in selection.regions if background.over else (selection.region(region.name),):
            total += booked.data(selection, counted.name).scaled(factor)
    if total.variance == 0:
        total = Count(0.0, (NO_EVENTS * background.controls[0][1]) ** 2)
    total = Count(max(total.value, 0.0), total.variance)
    return total.scaled(region.width / (background.over.high - background.over.low)) if background.over else total


def mirrored_tail(booked: SearchHistograms, interval: Interval, decays: float) -> dict[str, Count]:
    """The tail that the simulation misses in an interval above zero, by its mode: empty if the search declares none.

    PLB 816 (2021) 136259 Section 4: data less simulation in the interval mirrored at zero; never negative.
    """
    search = booked.search
    if search.mirrored_tail is None or interval.low < 0:
        return {}
    observable = search.signal.observable

    def counted(sample: str) -> Count:
        histogram = booked.histogram(sample, search.signal, observable.name)
        mirrored_centres = -histogram.axes[0].centers * observable.unit
        below = interval.high > -histogram.axes[0].edges[0] * observable.unit
        view: Any = histogram.view(flow=True)[[below, *interval.mask(mirrored_centres), False]]
        return Count(float(view["value"].sum()), float(view["variance"].sum()))

    data = sum((counted(s) for s in search.samples.data), Count())
    simulated = (counted(s).scaled(-booked.rate_per_weight(s) * decays) for s in search.samples.backgrounds)
    missing = sum(simulated, data)
    return {search.mirrored_tail: Count(max(0.0, missing.value), missing.variance)}


def _published(search: Search, background: PublishedBackground) -> Count:
    """Events of a background that is taken from the publication."""
    cell = (
        published(search.box_of or search.name, search.dataset)
        .regions[background.published_region]
        .modes[background.mode]
    )
    return Count(cell.expected, cell.error**2).scaled(background.scale)


def _row(
    booked: SearchHistograms,
    region: str,
    mode: str,
    cell: Count,
    paper: Published | None,
    sample: str = "",
    shifts: Shifts | None = None,
) -> BackgroundRow:
    relative = (s.relative for s in booked.search.systematics if sample in s.samples)
    own = (by_sample[sample].size for by_sample in (shifts or {}).values() if sample in by_sample)
    error = math.hypot(*(cell.value * r for r in relative), *own)
    published = paper.regions[region].modes.get(mode) if paper and region in paper.regions else None
    return BackgroundRow(
        booked.search.name, booked.search.dataset, region, mode,
        cell.value, cell.error, error,
        published.expected if published else None, published.error if published else None, sample=sample,
    )  # fmt: skip


def _total(
    booked: SearchHistograms, region: str, cells: Mapping[str, Count], paper: Published | None, shifts: Shifts
) -> BackgroundRow:
    search = booked.search
    total = sum((c for c in cells.values() if c.value != 0), Count())
    published = paper.regions[region].total if paper and region in paper.regions else None
    masked = not search.signal.region(region).control and not is_open(search)
    count = None if masked else booked.data(search.signal, region)
    return BackgroundRow(
        search.name, search.dataset, region, "total", total.value, total.error,
        systematic_error(search, cells, shifts),
        published.expected if published else None, published.error if published else None,
        round(count.value) if count else None, count.mean_weight if count else None,
    )  # fmt: skip


def systematic_error(search: Search, cells: Mapping[str, Count], shifts: Shifts | None = None) -> float:
    """Systematic error (events) of the sum of the samples' `cells`."""
    return math.hypot(*errors_by_source(search, cells, shifts or {}).values())


def errors_by_source(search: Search, cells: Mapping[str, Count], shifts: Shifts) -> dict[str, float]:
    """Systematic errors (events) of the sum of the samples' `cells`, signed.

    A source is common to its samples, so their errors add linearly; sources are independent.
    """
    errors: dict[str, float] = {}
    for s in search.systematics:
        errors[s.name] = errors.get(s.name, 0.0) + s.relative * sum(cells[sample].value for sample in s.samples)
    for name, by_sample in shifts.items():
        errors[name] = errors.get(name, 0.0) + sum(shift.size for shift in by_sample.values())
    return errors


def total_row(rows: tuple[BackgroundRow, ...], region: str) -> BackgroundRow:
    return next(r for r in rows if r.region == region and r.mode == "total")
