"""Limits from events: booked counts -> N_K -> expected background -> single-event sensitivity -> upper limit."""

from __future__ import annotations

from typing import Any

from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.published import Published, all_published
from rarekaon.analysis.limits.backgrounds import BackgroundRow, background_table, errors_by_source, total_row
from rarekaon.analysis.limits.from_publications import neutral_bound
from rarekaon.analysis.limits.search_histograms import Count, EmptySampleError, SearchHistograms
from rarekaon.analysis.limits.variations import acceptance_errors, background_shifts, ranking
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.declaration import Selection
from rarekaon.analysis.statistics import Background, expected_upper_limits, upper_limit
from rarekaon.analysis.statistics.normalisation import (
    Measurement,
    acceptance,
    kaon_decays,
    measurement,
    single_event_sensitivity,
)

NORMALISATION_REGION = "normalisation"
LOOK = "`kaon report` shows the cutflow"


def signal_region(selection: Selection) -> str:
    return next(r.name for r in selection.regions if r.signal)


def normalise(booked: SearchHistograms) -> tuple[Measurement, float]:
    """Kaon decays N_K and the contamination f of the normalisation sample.

    N_K = (1 - f) N / (B A) with f the share of the background modes in the expected candidates.
    """
    search = booked.search
    selection = search.normalisation
    data = booked.data(selection, NORMALISATION_REGION)
    normalisation = search.samples.normalisation  # which may be among the backgrounds of the signal
    signal, *others = [
        booked.rate(sample, selection, NORMALISATION_REGION)
        for sample in (normalisation, *(s for s in search.samples.contaminating if s != normalisation))
    ]
    place = f"the selection {selection.name!r} (region {NORMALISATION_REGION!r})"
    if not signal.value > 0:
        raise EmptySampleError(f"{place} keeps no event of the sample {normalisation}: {LOOK}")
    if not data.value > 0:
        samples = ", ".join(search.samples.data)
        raise EmptySampleError(
            f"{place} has no candidates in the data ({samples}): look at their runs and triggers, too; {LOOK}"
        )
    contamination = sum(r.value for r in others) / (signal.value + sum(r.value for r in others))
    fraction = branching_fractions()[booked.decay(search.samples.normalisation)]
    decays = kaon_decays(
        measurement(data.value, "normalisation candidates", stat=data.error),
        branching_fraction=measurement(fraction.value, f"branching fraction of {selection.decay}", ext=fraction.error),
        acceptance=_acceptance(booked, search.samples.normalisation, selection, NORMALISATION_REGION),
        contamination=contamination,
    )
    return decays, contamination


def _acceptance(booked: SearchHistograms, sample: str, selection: Selection, region: str) -> Measurement:
    accepted = booked.accepted(sample, selection, region)
    if not accepted.value > 0:
        raise EmptySampleError(
            f"the selection {selection.name!r} (region {region!r}) keeps no event of the sample {sample}: {LOOK}"
        )
    return acceptance(
        accepted.value,
        booked.weight_in_fv(sample),
        f"acceptance of {selection.decay}",
        sum_of_squared_weights=accepted.variance,
        syst=acceptance_errors(booked, sample, selection, region),
    )


def sensitivity_of(booked: SearchHistograms, decays: Measurement) -> Measurement:
    """Single-event sensitivity of the signal region, its daughters' branching fraction included."""
    search = booked.search
    accepted = _acceptance(booked, search.samples.signal, search.signal, signal_region(search.signal))
    return single_event_sensitivity(decays, accepted * search.signal_branching_fraction)


def limit_from_events(
    booked: SearchHistograms, confidence_level: float = 0.9
) -> tuple[LimitRecord, tuple[BackgroundRow, ...]]:
    """The limit of one search in one data set, with the background table it rests on."""
    search = booked.search
    decays, contamination = normalise(booked)
    rows = background_table(booked, decays.value)
    total = total_row(rows, signal_region(search.signal))
    accepted = _acceptance(booked, search.samples.signal, search.signal, signal_region(search.signal))
    sensitivity = sensitivity_of(booked, decays)
    normalisation = booked.acceptance(search.samples.normalisation, search.normalisation, NORMALISATION_REGION)
    if total.expected < 0:
        raise EmptySampleError(
            f"{total.expected:.3g} ± {total.error:.2g} background events are expected in the signal region, fewer than "
            f"none: negative weights outweigh the others; simulate more"
        )
    background = Background(total.expected, total.error, search.background_prior)  # type: ignore[arg-type]
    paper = all_published().get((search.name, search.dataset))
    published_count = paper.count.observed if paper and paper.count else None

    def at(observed: int | None) -> float | None:
        if observed is None:
            return None
        return upper_limit(
            observed, background, ses=sensitivity.value, ses_error=sensitivity.error, confidence_level=confidence_level
        ).upper_limit

    record = LimitRecord(
        search=search.name,
        dataset=search.dataset,
        origin="events",
        kaon_decays=decays.value,
        kaon_decays_error=decays.error,
        acceptance_signal=accepted.value,
        acceptance_normalisation=normalisation.value,
        single_event_sensitivity=sensitivity.value,
        single_event_sensitivity_error=sensitivity.error,
        background=total.expected,
        background_error=total.error,
        observed=total.observed,
        upper_limit=at(total.observed),
        upper_limit_at_published_count=at(published_count),
        expected_upper_limit=expected_upper_limits(
            background, ses=sensitivity.value, ses_error=sensitivity.error, confidence_level=confidence_level
        ),
        published_upper_limit=paper.upper_limit.value if paper and paper.upper_limit else None,
        details=_details(decays, sensitivity, contamination, booked)
        | {"ranking": _ranking(booked, decays.value, rows, background, sensitivity, confidence_level)}
        | _bound(paper, at(total.observed)),
    )
    return record, rows


def _ranking(
    booked: SearchHistograms,
    decays: float,
    rows: tuple[BackgroundRow, ...],
    background: Background,
    sensitivity: Measurement,
    confidence_level: float,
) -> list[dict[str, Any]]:
    region = signal_region(booked.search.signal)
    cells = {r.sample: Count(r.expected) for r in rows if r.region == region and r.sample}
    sources = errors_by_source(booked.search, cells, background_shifts(booked, region, decays))
    sources["simulation statistics"] = total_row(rows, region).stat
    signal = {c.source: abs(c.relative) for c in sensitivity.budget}
    return ranking(background, sources, signal, sensitivity.error / sensitivity.value, confidence_level)


def _bound(paper: Published | None, limit: float | None) -> dict[str, Any]:
    return {} if paper is None or limit is None else neutral_bound(paper, limit)


def _details(
    decays: Measurement, sensitivity: Measurement, contamination: float, booked: SearchHistograms
) -> dict[str, Any]:
    budget = {f"{c.source} ({c.kind})": abs(c.relative) for c in sensitivity.budget}
    return {
        "normalisation_candidates": booked.data(booked.search.normalisation, NORMALISATION_REGION).value,
        "contamination": contamination,
        "kaon_decays_stat": decays.stat,
        "kaon_decays_syst": decays.syst,
        "kaon_decays_ext": decays.ext,
        "sensitivity_budget": budget,
        "notes": dict(booked.search.notes),
    }
