"""What has to be shown before a box is opened, and the record that says that it was."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rarekaon.analysis.contract.documents import read_json
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.unblinding import OpenedOn, UnblindingRecord, digest
from rarekaon.analysis.limits.backgrounds import Row, background_table, with_published_rows
from rarekaon.analysis.limits.controls import ControlAgreement, control_agreement
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.ratios import control_rows
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.stored import Stored
from rarekaon.analysis.results.provenance import code_hash, facts_hash
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.search.statement import statement
from rarekaon.analysis.statistics.agreement import LEAST_EXPECTED

LIMITS_AGAIN = "run `kaon limits` (or `make limits`) again and look at the control regions"


class OpeningError(ValueError):
    """A reason why a box stays masked; the message says what to do."""


@dataclass(frozen=True)
class Shown:
    """The comparison of data and background in the control regions, and the record that rests on it."""

    agreement: ControlAgreement
    record: UnblindingRecord


def prepare(
    search: Search, stored: Stored, backgrounds: Path, *, who: str, why: str, despite: str | None = None
) -> Shown:
    """Compute everything again that opening a box rests on, from the histograms, and write the record in memory.

    Raises OpeningError where histograms, samples or the background table are not what they have to be, where the
    control regions disagree, and where they have no power and no reason `despite` is given.
    """
    samples = stored.searches.get(search.name)
    if samples is None:
        reasons = [f.reason for f in stored.failures if f.search == search.name]
        missing = f"no histograms of {search.name} in {stored.directory}: {LIMITS_AGAIN}"
        raise OpeningError(reasons[0] if reasons else missing)
    made = stored.made[search.name]
    runs = {p.runs for p in conditions().of(search.dataset)}
    if runs & set(made.opened.get(search.name, ())):
        raise OpeningError(
            f"the histograms in {stored.directory} were made with the box of {search.key} open: take its record away, "
            f"run `make limits` and look at the control regions first"
        )
    booked = SearchHistograms(search, samples)
    check_full(booked)
    decays = normalise(booked)[0].value
    rows = background_table(booked, decays)
    table = check_table(backgrounds, search, with_published_rows(rows))
    selections = sum(row.expected for row in control_rows(booked, decays))
    agreement = control_agreement(search, rows)
    if not agreement.agrees:
        raise OpeningError(
            f"the control regions disagree with the background (p = {agreement.p_value:.2g}): the box stays masked"
        )
    controls = agreement.as_record(search.background_prior, selections, despite)
    if controls.expected < LEAST_EXPECTED and despite is None:
        raise OpeningError(
            f"{controls.expected:.2g} events are expected in the control regions and selections together: with fewer "
            f"than {LEAST_EXPECTED:.2g} they could not disagree, whatever is wrong.  Make them wider, or say with "
            f"--despite why the box may be opened all the same: the reason is recorded"
        )
    opened_on = OpenedOn(
        histograms=made.sha256, backgrounds=digest(table), samples=made.samples, code=code_hash(), facts=facts_hash()
    )
    record = UnblindingRecord(
        search=search.name, dataset=search.dataset, who=who, when=date.today(), why=why, controls=controls,
        opened_on=opened_on, stated=statement(search),
    )  # fmt: skip
    return Shown(agreement, record)


def check_full(booked: SearchHistograms) -> None:
    """Raise OpeningError for samples with fewer decays or bursts than the catalogue says: those of --quick."""
    known = catalogue()
    for sample in booked.search.samples.all:
        exposure = booked.exposure(sample)
        if sample in known.simulation:
            made, whole, what = exposure.generated, known.simulation[sample].decays, "decays"
        elif sample in known.pseudo_data:
            periods = [conditions().periods[name] for name in known.pseudo_data[sample].periods]
            made, what = exposure.bursts, "bursts"
            whole = sum(p.bursts_per_run * (p.runs[1] - p.runs[0] + 1) for p in periods)
        else:
            continue
        if made < whole:
            raise OpeningError(
                f"the sample {sample} has {made:.4g} of the catalogue's {whole:.4g} {what}: no box is opened on quick "
                f"samples; run `make limits` without QUICK"
            )


def check_table(path: Path, search: Search, rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    """The rows of a search in the table that `kaon limits` wrote, if they are those of the histograms; OpeningError."""
    document = read_json(path, LIMITS_AGAIN)
    written = document.part("rows", LIMITS_AGAIN).as_model(list[dict[str, Any]], LIMITS_AGAIN)
    mine = [row for row in written if (row.get("search"), row.get("dataset")) == (search.name, search.dataset)]
    wanted = [asdict(row) for row in rows]
    if mine != wanted:
        what = "has no rows" if not mine else "has other rows than the histograms give"
        raise OpeningError(f"{path} {what} of {search.key}, it is older or was changed: {LIMITS_AGAIN}")
    return mine
