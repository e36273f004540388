"""Stability checks: N_K, acceptance, sensitivity and limit of a search with a cut or the data varied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coffea.processor import ProcessorABC

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.limits.from_events import NORMALISATION_REGION, limit_from_events
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.processing.processor import book_search
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.search.inference import Counting
from rarekaon.analysis.stability.variation import CutVariation, PeriodVariation, Variation, VariationError

NOMINAL = "nominal"


@dataclass(frozen=True)
class StabilityPoint:
    """Results with one variation."""

    quantity: str
    """The cut that was varied, or "period"."""
    end: str
    """Which end of it, or the name of the period."""
    value: float | None
    """Its value; None for a period."""
    kaon_decays: float
    """N_K."""
    kaon_decays_stat: float
    """Its statistical error."""
    kaon_decays_pull: float | None
    """Change of N_K over the statistical error of the change; None for a period and where no candidate changes."""
    acceptance_signal: float
    """Acceptance of the signal region."""
    acceptance_normalisation: float
    """Acceptance of the normalisation mode."""
    single_event_sensitivity: float
    """Branching fraction of one signal event."""
    background: float
    """Expected events in the signal region."""
    expected_upper_limit: float
    """Median expected limit."""
    observed: int | None
    """Observed events; None where the box is masked, and for periods."""
    upper_limit: float | None
    """With the observed count; None where there is none."""


@dataclass(frozen=True)
class Stability:
    """A search with variations."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    nominal: StabilityPoint
    """Results without a variation."""
    points: tuple[StabilityPoint, ...]
    """Results with each one."""


class StabilityProcessor(ProcessorABC):
    """Books a search with each variation: {label: {sample: {data set: {selection: {histogram: Hist}}}}}.

    Data are blinded as everywhere: the boxes are those of the declared searches, whatever is varied here.
    """

    def __init__(self, name: str, dataset: str, variations: Sequence[Variation]) -> None:
        self.name, self.dataset, self.variations = name, dataset, tuple(variations)

    def process(self, events: Any) -> dict[str, Any]:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        """`process` for columns that do not come from NanoEvents."""
        return {
            label: {sample: {varied.dataset: book_search(varied, columns, sample)}}
            for label, varied in varied_searches(search(self.name, self.dataset), self.variations).items()
        }

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def varied_searches(nominal: Search, variations: Sequence[Variation]) -> dict[str, Search]:
    """The search itself, and with each variation, by label."""
    return {NOMINAL: nominal, **{str(i): variation.of(nominal) for i, variation in enumerate(variations)}}


def check_stability(
    name: str,
    dataset: str,
    variations: Sequence[Variation],
    *,
    samples: Path | str = "samples",
    backend: Backend | None = None,
    confidence_level: float = 0.9,
    progress: bool = False,
) -> Stability:
    """Results of a search with each of the variations, in one pass over its samples.

    Raises VariationError for a search that scans a mass, and for a variation that does not fit the search or leaves
    nothing to normalise to.
    """
    nominal = search(name, dataset)
    if not isinstance(nominal.inference, Counting):
        raise VariationError(f"{nominal.key} scans a mass; only counting searches are varied")
    searches = varied_searches(nominal, variations)
    processor = StabilityProcessor(name, dataset, variations)
    files = fileset(nominal.samples.all, Path(samples))
    result = run(processor, files, backend=backend or Backend("iterative"), progress=progress)

    def results(label: str) -> _Results:
        content = {
            sample: {**booked, "exposure": result.exposure(sample).as_numbers()}
            for sample, booked in result.output[label].items()
        }
        booked = SearchHistograms(searches[label], content)
        if not all(_candidates(booked, s).value for s in (None, nominal.samples.normalisation)):
            raise VariationError("no normalisation candidates are left")
        return _Results(booked, limit_from_events(booked, confidence_level)[0])

    reference = results(NOMINAL)
    points = []
    for i, variation in enumerate(variations):
        try:
            points.append(_point(variation, results(str(i)), reference))
        except ValueError as error:
            raise VariationError(f"{variation}: {error}") from error
    return Stability(name, dataset, _point(None, reference, reference), tuple(points))


@dataclass(frozen=True)
class _Results:
    booked: SearchHistograms
    record: LimitRecord


def _candidates(booked: SearchHistograms, sample: str | None) -> Count:
    """Normalisation candidates of data (None) or of a simulated sample."""
    selection = booked.search.normalisation
    if sample is None:
        return booked.data(selection, NORMALISATION_REGION)
    return booked.count(sample, selection, NORMALISATION_REGION)


def _point(variation: Variation | None, varied: _Results, nominal: _Results) -> StabilityPoint:
    cut = variation if isinstance(variation, CutVariation) else None
    period = variation.period if isinstance(variation, PeriodVariation) else NOMINAL
    record = varied.record
    return StabilityPoint(
        quantity=cut.quantity if cut else "period",
        end=cut.end if cut else period,
        value=cut.value if cut else None,
        kaon_decays=record.kaon_decays or 0.0,
        kaon_decays_stat=float(record.details["kaon_decays_stat"]),
        kaon_decays_pull=_pull(varied, nominal) if cut else None,
        acceptance_signal=record.acceptance_signal or 0.0,
        acceptance_normalisation=record.acceptance_normalisation or 0.0,
        single_event_sensitivity=record.single_event_sensitivity or 0.0,
        background=record.background,
        expected_upper_limit=record.expected_upper_limit[2],
        observed=record.observed,
        upper_limit=record.upper_limit,
    )


def _pull(varied: _Results, nominal: _Results) -> float | None:
    """Change of N_K over its statistical error, from data and from simulated normalisation decays.

    One set of candidates contains the other where a cut is moved, so that the error of the difference is that of the
    candidates between: the squared errors are subtracted.  None where no candidate is.
    """
    relative = 0.0
    for sample in (None, nominal.booked.search.samples.normalisation):
        one, other = _candidates(varied.booked, sample), _candidates(nominal.booked, sample)
        relative += abs(one.variance - other.variance) / other.value**2
    now = nominal.record.kaon_decays or 0.0
    return ((varied.record.kaon_decays or 0.0) / now - 1) / math.sqrt(relative) if relative else None
