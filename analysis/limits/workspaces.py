"""HistFactory workspaces: of the published searches (the signal region with its modes) and of the searches from events
(all disjoint regions), mu in a round unit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rarekaon.analysis.facts.published import Estimate, Published, all_published
from rarekaon.analysis.limits.backgrounds import BackgroundRow, Shifts, total_row
from rarekaon.analysis.limits.from_events import limit_from_events, normalise, sensitivity_of
from rarekaon.analysis.limits.from_publications import recomputed_sensitivity
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.variations import background_shifts
from rarekaon.analysis.results.records import write_json
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.statistics.normalisation import Measurement
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, about, workspace, write_workspace


def published_exports() -> dict[tuple[str, str], Exported]:
    """A workspace for every search with a published count, by (search, data set)."""
    return {key: published_export(paper) for key, paper in all_published().items() if paper.count is not None}


def write_export(path: Path, exported: Exported) -> None:
    """Write a workspace, and beside it what the format has no place for, as `<name>.about.json`."""
    write_workspace(path, exported.workspace())
    write_json(path.with_suffix(".about.json"), exported.about(path.name))


def unit_of(sensitivity: Measurement) -> float:
    """The power of ten below the sensitivity: mu counts branching fractions in this unit (1e-11 for pi e e)."""
    return 10.0 ** math.floor(math.log10(sensitivity.value))


@dataclass(frozen=True)
class Exported:
    """What a workspace is made of: its regions, the (name, relative error) parts of the sensitivity, the unit of mu."""

    regions: tuple[RegionCounts, ...]
    """Regions with their samples."""
    sensitivity_errors: tuple[tuple[str, float], ...]
    """Parts of the sensitivity's error, relative."""
    unit: float
    """Branching fraction of mu = 1."""
    highest_mu: float
    """Upper bound of mu."""

    def workspace(self) -> dict[str, Any]:
        """The workspace in pyhf's JSON."""
        return workspace(self.regions, self.sensitivity_errors, self.highest_mu)

    def about(self, file: str) -> dict[str, Any]:
        """What the format has no place for, of the workspace in `file`."""
        return about(self.regions, self.sensitivity_errors, self.unit, file)


def published_export(paper: Published) -> Exported:
    """Signal region of one search, with the background and the error that its limit is made of.

    Modes published without an error are exact; rows published as limits are left out.  What the modes leave of the
    published total is a sample "other" (rounding).  Where their errors do not give the total's, all of them are scaled
    down, or the rest is an error common to all, "background": the total is what the paper's limit was made of.
    A gamma posterior is of the total alone: those of modes, each of a flat prior, would add up to a larger one.
    """
    sensitivity = recomputed_sensitivity(paper)
    if paper.count is None or sensitivity is None:
        raise ValueError(f"{paper.search} {paper.dataset} publishes no count of a signal region")
    unit = unit_of(sensitivity)
    region = RegionCounts(
        name="signal",
        observed=paper.count.observed,
        samples=with_total_error(_samples(paper), paper.count.error),
        signal=unit / sensitivity.value,
    )
    errors = tuple((part.source, abs(part.relative)) for part in sensitivity.budget)
    events = paper.count.observed + 5 * (math.sqrt(paper.count.observed + 1) + paper.count.error + 2)
    return Exported((region,), errors, unit, 5 * events * sensitivity.value / unit)


def _samples(paper: Published) -> tuple[Sample, ...]:
    count = paper.count
    assert count is not None
    if count.prior == "gamma_posterior":
        return (Sample("background", count.expected, count.error),)
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


def total_error(samples: tuple[Sample, ...]) -> float:
    """Error of the sum of samples: errors of one name add linearly."""
    shared: dict[str, float] = {}
    for name, error in (pair for sample in samples for pair in sample.systematics):
        shared[name] = shared.get(name, 0.0) + error
    return math.hypot(*shared.values(), *(sample.stat for sample in samples))


def with_total_error(samples: tuple[Sample, ...], wanted: float) -> tuple[Sample, ...]:
    """The samples with errors that give the wanted one of their sum."""
    found = total_error(samples)
    if found > wanted * (1 + 1e-9):
        f = wanted / found
        return tuple(
            replace(s, stat=f * s.stat, systematics=tuple((name, f * error) for name, error in s.systematics))
            for s in samples
        )
    rest, total = math.sqrt(max(0.0, wanted**2 - found**2)), sum(s.expected for s in samples)
    if rest <= 1e-6 * wanted:
        return samples
    return tuple(replace(s, systematics=(*s.systematics, ("background", rest * s.expected / total))) for s in samples)


def events_export(booked: SearchHistograms) -> Exported:
    """Control regions and signal region of one search from events, modes as samples.

    While the signal region is masked its observation is the expected background, rounded: an Asimov count.
    """
    record, rows = limit_from_events(booked)
    decays, _ = normalise(booked)
    sensitivity = sensitivity_of(booked, decays)
    unit = unit_of(sensitivity)
    regions = [r.name for r in booked.search.signal.regions if r.control or r.signal]
    every = (_region_counts(booked, rows, name, decays.value, unit) for name in regions)
    counts = tuple(c for c in every if c.samples or c.signal > 0)  # a region where nothing is expected says nothing
    errors = _signal_errors(booked.search, sensitivity)
    highest = max((x for x in (record.upper_limit, *record.expected_upper_limit) if x is not None), default=unit)
    return Exported(counts, errors, unit, 20 * highest / unit)


def _signal_errors(search: Search, sensitivity: Measurement) -> tuple[tuple[str, float], ...]:
    """Relative errors of the signal by source; those that move backgrounds, too, have the sign of the signal's."""
    moving = {variation.name for variation in search.shape_systematics}
    return tuple((p.source, -p.relative if p.source in moving else abs(p.relative)) for p in sensitivity.budget)


def _region_counts(
    booked: SearchHistograms, rows: tuple[BackgroundRow, ...], region: str, decays: float, unit: float
) -> RegionCounts:
    search = booked.search
    modes = [r for r in rows if r.region == region and r.mode != "total" and r.expected > 0]
    total, shifts = total_row(rows, region), background_shifts(booked, region, decays)
    accepted = booked.acceptance(search.samples.signal, search.signal, region).value
    return RegionCounts(
        name=region,
        observed=round(total.expected) if total.observed is None else total.observed,
        samples=tuple(
            Sample(r.mode, r.expected, r.stat, _systematics(search, r), variations=_variations(shifts, r))
            for r in modes
        ),
        signal=unit * decays * accepted * search.signal_branching_fraction,
    )


def _systematics(search: Search, row: BackgroundRow) -> tuple[tuple[str, float], ...]:
    """The search's systematic errors of one row: one name moves all its modes and regions together."""
    return tuple((s.name, s.relative * row.expected) for s in search.systematics if row.sample in s.samples)


def _variations(shifts: Shifts, row: BackgroundRow) -> tuple[tuple[str, float, float], ...]:
    """The simulated variations of one row, in events up and down."""
    moved = ((name, by_sample[row.sample]) for name, by_sample in shifts.items() if row.sample in by_sample)
    return tuple((name, shift.up, shift.down) for name, shift in moved)
