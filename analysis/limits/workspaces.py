"""HistFactory workspaces: of the published searches (the signal region with its modes) and of the searches from events
(all disjoint regions), mu in a round unit."""

from __future__ import annotations

import math
from typing import Any

from rarekaon.analysis.facts.published import Estimate, Published, all_published
from rarekaon.analysis.limits.backgrounds import BackgroundRow, total_row
from rarekaon.analysis.limits.from_events import limit_from_events, normalise, sensitivity_of
from rarekaon.analysis.limits.from_publications import recomputed_sensitivity
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.statistics.normalisation import Measurement
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace


def published_workspaces() -> dict[tuple[str, str], dict[str, Any]]:
    """A workspace for every search with a published count, by (search, data set)."""
    return {key: published_workspace(paper) for key, paper in all_published().items() if paper.count is not None}


def unit_of(sensitivity: Measurement) -> float:
    """The power of ten below the sensitivity: mu counts branching fractions in this unit (1e-11 for pi e e)."""
    return 10.0 ** math.floor(math.log10(sensitivity.value))


def published_workspace(paper: Published) -> dict[str, Any]:
    """Signal region of one search.  Modes published without an error are exact; rows published as limits are left out.

    Where the published modes add up to less than the published total (rounding), a sample "other" has the rest.
    """
    sensitivity = recomputed_sensitivity(paper)
    if paper.count is None or sensitivity is None:
        raise ValueError(f"{paper.search} {paper.dataset} publishes no count of a signal region")
    unit = unit_of(sensitivity)
    region = RegionCounts(
        name="signal",
        observed=paper.count.observed,
        samples=_samples(paper),
        signal=unit / sensitivity.value,
    )
    errors = [(part.source, abs(part.relative)) for part in sensitivity.budget]
    events = paper.count.observed + 5 * (math.sqrt(paper.count.observed + 1) + paper.count.error + 2)
    return workspace([region], errors, highest_mu=5 * events * sensitivity.value / unit)


def _samples(paper: Published) -> tuple[Sample, ...]:
    count = paper.count
    assert count is not None
    region = paper.regions.get("signal")
    modes = region.modes if region is not None else {}
    samples = [_sample(name, mode) for name, mode in modes.items() if mode.expected > 0]
    if not samples:
        return (Sample("total", count.expected, systematics=(("background", count.error),)),)
    rest = count.expected - sum(sample.expected for sample in samples)
    return (*samples, Sample("other", rest)) if rest > 1e-6 else tuple(samples)


def _sample(name: str, mode: Estimate) -> Sample:
    """Named systematic errors keep their names; an unnamed one is the mode's own."""
    own = mode.syst if mode.syst is not None else mode.total_error
    unnamed = ((f"systematic {name}", own),) if own else ()
    return Sample(name, mode.expected, mode.stat or 0.0, tuple(mode.systematics.items()) or unnamed)


def events_workspace(booked: SearchHistograms) -> dict[str, Any]:
    """Workspace of one search from events: its control regions and the signal region, modes as samples.

    While the signal region is masked its observation is the expected background, rounded: an Asimov count.
    """
    record, rows = limit_from_events(booked)
    decays, _ = normalise(booked)
    sensitivity = sensitivity_of(booked, decays)
    unit = unit_of(sensitivity)
    regions = [r.name for r in booked.search.signal.regions if r.control or r.signal]
    every = (_region_counts(booked, rows, name, unit * decays.value) for name in regions)
    counts = [c for c in every if c.samples or c.signal > 0]  # a region where nothing is expected says nothing
    errors = [(part.source, abs(part.relative)) for part in sensitivity.budget]
    highest = max((x for x in (record.upper_limit, *record.expected_upper_limit) if x is not None), default=unit)
    return workspace(counts, errors, highest_mu=20 * highest / unit)


def _region_counts(
    booked: SearchHistograms, rows: tuple[BackgroundRow, ...], region: str, decays: float
) -> RegionCounts:
    search = booked.search
    modes = [r for r in rows if r.region == region and r.mode != "total" and r.expected > 0]
    total = total_row(rows, region)
    accepted = booked.acceptance(search.samples.signal, search.signal, region).value
    return RegionCounts(
        name=region,
        observed=round(total.expected) if total.observed is None else total.observed,
        samples=tuple(Sample(r.mode, r.expected, r.stat, _systematics(search, r)) for r in modes),
        signal=decays * accepted * search.signal_branching_fraction,
    )


def _systematics(search: Search, row: BackgroundRow) -> tuple[tuple[str, float], ...]:
    """The search's systematic errors of one mode: one name moves all its modes and regions together."""
    decays = {catalogue().simulation[sample].decay: sample for sample in search.samples.backgrounds}
    return tuple((s.name, s.relative * row.expected) for s in search.systematics if decays.get(row.mode) in s.samples)
