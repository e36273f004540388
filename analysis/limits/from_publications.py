"""Limits recomputed from the published numbers: the chain candidates -> N_K -> SES -> limit, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scipy.optimize import brentq

from rarekaon.analysis.facts.published import Published, Value, all_published
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.statistics import Background, Limit, upper_limit
from rarekaon.analysis.statistics.normalisation import (
    Measurement,
    counted,
    kaon_decays,
    measurement,
    single_event_sensitivity,
    what_limits,
)

BRANCHING_FRACTION = "branching fraction"


def recomputed_kaon_decays(paper: Published) -> Measurement | None:
    """N_K with its budget from the published candidates, contamination, branching fraction and acceptance.

    None where they are not published.  The statistical error of a weighted sample is that of its raw candidates, the
    least it can be: the spread of the weights is not published (arXiv:2211.04818, Section 3).
    """
    published = paper.normalisation
    if published is None:
        return None
    return kaon_decays(
        counted(published.candidates, weighted=published.weighted_candidates),
        branching_fraction=_as_measurement(published.branching_fraction, f"branching fraction of {published.decay}"),
        acceptance=_as_measurement(published.acceptance, f"acceptance of {published.decay}"),
        contamination=published.contamination,
    )


def recomputed_sensitivity(paper: Published) -> Measurement | None:
    """Single event sensitivity from the recomputed N_K, or as published where the paper gives no inputs to it."""
    decays = recomputed_kaon_decays(paper)
    if decays is not None and paper.acceptance_signal is not None:
        daughters = paper.daughter_branching_fraction
        return single_event_sensitivity(
            decays,
            _as_measurement(paper.acceptance_signal, f"acceptance of {paper.decay}"),
            daughters=_as_measurement(daughters, "daughter branching fraction") if daughters else None,
        )
    published = paper.single_event_sensitivity
    return measurement(published.value, "published SES", syst=published.error) if published else None


def recomputed_limit(paper: Published, confidence_level: float = 0.9, method: str = "cls") -> Limit | None:
    """The limit from the published count and background and the unrounded sensitivity; None without a count."""
    sensitivity = recomputed_sensitivity(paper)
    if paper.count is None or sensitivity is None:
        return None
    return upper_limit(
        paper.count.observed,
        background_of(paper),
        ses=sensitivity.value,
        ses_error=sensitivity.error,
        confidence_level=confidence_level,
        method=method,
    )


def background_of(paper: Published) -> Background:
    """The published background of the signal region with the prior its paper's treatment asks for."""
    if paper.count is None:
        raise ValueError(f"{paper.search} {paper.dataset} publishes no count of a signal region")
    return Background(paper.count.expected, paper.count.error, paper.count.prior)


def limits_from_published(confidence_level: float = 0.9) -> tuple[LimitRecord, ...]:
    """One record for every search with a published count, in the order of the published files.

    K+ -> mu+ N and K+ -> mu+ nu X publish no count (figures only): `not_recomputable` lists them with the reason.
    """
    records = (_record(paper, confidence_level) for paper in all_published().values())
    return tuple(record for record in records if record is not None)


def not_recomputable() -> tuple[tuple[str, str, str], ...]:
    """(search, data set, reason) of every published search that has no limit to recompute."""
    return tuple(
        (paper.search, paper.dataset, paper.notes[0]) for paper in all_published().values() if paper.count is None
    )


@dataclass(frozen=True)
class Comparison:
    """One published number beside the recomputed one."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    quantity: str
    """What was recomputed."""
    published: float
    """The published number."""
    recomputed: float
    """What its published inputs give."""
    digits: int
    """Significant digits of the published number."""
    agrees: bool
    """Whether the recomputed number, rounded to these digits, is the published one."""
    note: str = ""
    """The reason where it is not."""

    @property
    def ratio(self) -> float:
        """Recomputed over published."""
        return self.recomputed / self.published


NOTES = {
    ("pi_ee", "2016-2018", "N_K"): "1.0156e12: the acceptance, published as 3.62%, is known to 0.14% only",
    ("pi_pi0_ee", "2016-2018", "N_K"): "1.0156e12: the acceptance, published as 3.62%, is known to 0.14% only",
    ("pi_nu_nu", "2016-2017", "upper limit"): (
        "needs 5.35 signal events, which no treatment of a single count gives; the journal has 1.78e-10"
    ),
    ("pi_nu_nu", "2016-2017", "K_L -> pi0 nu nu"): "follows the published K+ limit, which is not repeated",
    ("mu_nu_nu_nu", "2016-2018", "signal events"): "0.2% off: the error 928 is published to 3 digits",
    ("mu_nu_nu_nu", "2016-2018", "expected signal events"): (
        "0.5% off: 1526 is what 928 gives as total width, without the Poisson fluctuation of 7549 events"
    ),
}


def compare_with_published() -> tuple[Comparison, ...]:
    """Every published N_K, single event sensitivity, limit and event limit beside the recomputed one (90% CL)."""
    return tuple(row for paper in all_published().values() for row in _comparisons(paper))


def _comparisons(paper: Published) -> list[Comparison]:
    decays, sensitivity, limit = recomputed_kaon_decays(paper), recomputed_sensitivity(paper), recomputed_limit(paper)
    pairs: list[tuple[str, Value | None, float | None]] = [
        ("N_K", paper.kaon_decays, decays.value if decays else None),
        ("SES", paper.single_event_sensitivity, sensitivity.value if sensitivity and decays else None),
        ("upper limit", paper.upper_limit, limit.upper_limit if limit else None),
    ]
    if paper.count is not None and paper.signal_events is not None:
        events = upper_limit(paper.count.observed, background_of(paper))
        pairs.append(("signal events", paper.signal_events, events.signal_events))
        pairs.append(("expected signal events", paper.expected_signal_events, events.expected_upper_limit[2]))
    if "grossman_nir_factor" in paper.facts and limit is not None:
        name = "K_L -> pi0 nu nu"
        pairs.append((name, paper.derived_limits[name], grossman_nir(paper, limit.upper_limit)))
    return [_compare(paper, name, published, number) for name, published, number in pairs if published and number]


def grossman_nir(paper: Published, limit: float) -> float:
    """Grossman-Nir bound on K_L -> pi0 nu nu from a limit on K+ -> pi+ nu nu (Phys. Lett. B 398 (1997) 163)."""
    return paper.facts["grossman_nir_factor"].value * limit


def _compare(paper: Published, quantity: str, published: Value, number: float) -> Comparison:
    return Comparison(
        search=paper.search,
        dataset=paper.dataset,
        quantity=quantity,
        published=published.value,
        recomputed=number,
        digits=published.digits or 1,
        agrees=published.agrees(number),
        note=NOTES.get((paper.search, paper.dataset, quantity), ""),
    )


def _record(paper: Published, confidence_level: float) -> LimitRecord | None:
    limit = recomputed_limit(paper, confidence_level)
    sensitivity = recomputed_sensitivity(paper)
    if limit is None or sensitivity is None or paper.count is None:
        return None
    decays = recomputed_kaon_decays(paper)
    return LimitRecord(
        search=paper.search,
        dataset=paper.dataset,
        origin="published",
        kaon_decays=decays.value if decays else None,
        kaon_decays_error=decays.error if decays else None,
        acceptance_signal=paper.acceptance_signal.value if paper.acceptance_signal else None,
        acceptance_normalisation=paper.normalisation.acceptance.value if paper.normalisation else None,
        single_event_sensitivity=sensitivity.value,
        single_event_sensitivity_error=sensitivity.error,
        background=paper.count.expected,
        background_error=paper.count.error,
        observed=paper.count.observed,
        upper_limit=limit.upper_limit,
        upper_limit_at_published_count=limit.upper_limit,
        expected_upper_limit=limit.expected_upper_limit,
        published_upper_limit=paper.upper_limit.value if paper.upper_limit else None,
        quantity=BRANCHING_FRACTION,
        details=_details(paper, limit, decays, sensitivity),
    )


def _details(paper: Published, limit: Limit, decays: Measurement | None, sensitivity: Measurement) -> dict[str, Any]:
    details: dict[str, Any] = {
        "signal_events": limit.signal_events,
        "background_prior": paper.count.prior if paper.count else None,
        "limited_by": str(what_limits(sensitivity, limit.background[0].expected, limit.background[0].error)),
        "budget": [{"source": p.source, "kind": p.kind, "relative": abs(p.relative)} for p in sensitivity.budget],
        "published_kaon_decays": paper.kaon_decays.value if paper.kaon_decays else None,
        "published_single_event_sensitivity": (
            paper.single_event_sensitivity.value if paper.single_event_sensitivity else None
        ),
        "notes": [
            f"{quantity}: {note}"
            for (search, dataset, quantity), note in NOTES.items()
            if (search, dataset) == (paper.search, paper.dataset)
        ],
        "source": paper.source.reference,
    }
    if decays is not None:
        details["kaon_decays_parts"] = {"stat": decays.stat, "syst": decays.syst, "ext": decays.ext}
    if paper.count is not None and "measured_branching_fraction" in paper.facts:
        low, high = likelihood_interval(paper.count.observed, paper.count.expected)
        details["measurement"] = {
            "branching_fraction": (paper.count.observed - paper.count.expected) * sensitivity.value,
            "low": low * sensitivity.value,
            "high": high * sensitivity.value,
            "published": paper.facts["measured_branching_fraction"].value,
        }
    return details | neutral_bound(paper, limit.upper_limit)


def likelihood_interval(observed: int, background: float) -> tuple[float, float]:
    """Signal events where the Poisson log-likelihood is half a unit below its maximum; the lower end not below 0.

    >>> low, high = likelihood_interval(20, 7.0)
    >>> round(low, 2), round(high, 2)
    (8.85, 17.81)
    """

    def below(signal: float) -> float:
        mean = signal + background
        return mean - observed - observed * math.log(mean / observed) - 0.5

    best = observed - background
    low = brentq(below, max(0.0, 1e-9 - background), best) if best > 0 and below(0.0) > 0 else 0.0
    return float(low), float(brentq(below, max(best, 0.0), best + 10 * math.sqrt(observed) + 10))


def neutral_bound(paper: Published, limit: float) -> dict[str, Any]:
    """The Grossman-Nir bound as an entry "grossman_nir" of a record's details; empty for other searches."""
    if "grossman_nir_factor" not in paper.facts:
        return {}
    return {
        "grossman_nir": {
            "decay": "K_L -> pi0 nu nu",
            "factor": paper.facts["grossman_nir_factor"].value,
            "upper_limit": grossman_nir(paper, limit),
            "factor_today": paper.facts["grossman_nir_factor_today"].value,
            "upper_limit_today": paper.facts["grossman_nir_factor_today"].value * limit,
            "published_upper_limit": paper.derived_limits["K_L -> pi0 nu nu"].value,
        }
    }


def _as_measurement(value: Value, source: str) -> Measurement:
    parts = {"stat": value.stat or 0.0, "syst": value.syst or 0.0, "ext": value.ext or 0.0}
    return measurement(value.value, source, **parts)
