"""Every search to its limits, by the kind of inference that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.limits.failures import Failure, every_search
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.scans import Scan, cut_limits, peak_limits
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.windows import window_limits
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.inference import CutScan, PeakScan, WindowScan


@dataclass(frozen=True)
class Inferred:
    """What comes out of searches."""

    records: tuple[LimitRecord, ...] = ()
    """Their limits."""
    rows: tuple[BackgroundRow, ...] = ()
    """Their background tables."""
    scans: tuple[Scan, ...] = ()
    """The scans of those that scan a mass."""
    failures: tuple[Failure, ...] = ()
    """What did not come out."""

    def __add__(self, other: Inferred) -> Inferred:
        return Inferred(
            self.records + other.records,
            self.rows + other.rows,
            self.scans + other.scans,
            self.failures + other.failures,
        )


def infer(booked: SearchHistograms, confidence_level: float = 0.9) -> Inferred:
    """The limits of one search in one data set."""
    found = _inferred(booked, confidence_level)
    data = {"exposure": booked.exposure_share, "left_out": list(booked.left_out)}
    return replace(found, records=tuple(replace(r, details=r.details | data) for r in found.records))


def _inferred(booked: SearchHistograms, confidence_level: float) -> Inferred:
    kind = booked.search.inference
    if isinstance(kind, PeakScan):
        records, rows, scan = peak_limits(booked, kind, confidence_level)
        return Inferred(records, rows, (scan,))
    if isinstance(kind, WindowScan):
        records, rows, scan = window_limits(booked, kind, confidence_level)
        return Inferred(records, rows, (scan,))
    if isinstance(kind, CutScan):
        records, rows, scan = cut_limits(booked, kind, confidence_level)
        return Inferred(records, rows, (scan,))
    record, rows = limit_from_events(booked, confidence_level)
    return Inferred((record,), rows)


def limits_from_events(stores: Mapping[str, Mapping[str, Any]], confidence_level: float = 0.9) -> Inferred:
    """The limits of every search in `stores` (search name -> booked samples); one that fails does not take the rest."""
    total = Inferred()
    for search, samples in every_search(stores):
        try:
            total += infer(SearchHistograms(search, samples), confidence_level)
        except Exception as error:
            total += Inferred(failures=(Failure.of(search, error),))
    return total
