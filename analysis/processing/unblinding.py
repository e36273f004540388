"""Which boxes are open: the records of `datasets/unblinding/`, judged before the blinding believes them.

A record opens its box as long as the search states the data set, cuts and regions that it was opened with.  One whose
numbers contradict themselves is an error; one of other cuts opens nothing, and every result says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.unblinding import (
    AnyRecord,
    Controls,
    Stamp,
    UnblindingRecord,
    read_record,
    records,
    stamp,
    unblinding_directory,
)
from rarekaon.analysis.results.provenance import code_hash, facts_hash
from rarekaon.analysis.results.records import write_text
from rarekaon.analysis.search.channels import search as declared
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.search.statement import changes, statement, users_data
from rarekaon.analysis.statistics.agreement import LEAST_EXPECTED, THRESHOLD, agreement, region_p_value

Spans = tuple[tuple[int, int], ...]
ROUNDING = 1e-9


class RecordError(ValueError):
    """An unblinding record that contradicts itself or does not permit what it claims; no box is opened."""


@dataclass(frozen=True)
class Opening:
    """A record and what was changed since in what it was made for: with any change it opens nothing."""

    record: AnyRecord
    changed: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.changed

    @property
    def differs(self) -> list[str]:
        """What else is not as it was when the box was opened: the box stays open, and every result says it."""
        if not isinstance(self.record, UnblindingRecord):
            return ["what it was opened on is not known"]
        then = self.record.opened_on
        now = {"code": code_hash(), "facts": facts_hash()}
        return [what for what, digest in now.items() if getattr(then, what) != digest]

    def as_dict(self) -> dict[str, Any]:
        """For results: who opened which box, when, why and on what."""
        record = self.record
        content: dict[str, Any] = {
            "search": record.search,
            "dataset": record.dataset,
            "who": record.who,
            "when": record.when.isoformat(),
            "why": record.why,
            "p_value": record.p_value,
            "open": self.holds,
            "changed": list(self.changed),
            "differs": self.differs,
        }
        if isinstance(record, UnblindingRecord):
            controls = record.controls
            content |= {"expected_in_controls": controls.expected, "despite": controls.despite}
            return {**content, "opened_on": record.opened_on.model_dump()}
        return {**content, "opened_on": "not stated: a record of the first form"}


def openings() -> tuple[Opening, ...]:
    """All records of declared searches.  Raises RecordError or DocumentError, naming the file of a bad one."""
    return tuple(_judged(path, stamp(path)) for path, record in records().items() if record.search in searches())


@cache
def _judged(path: Path, stamp: Stamp) -> Opening:
    """A file that was not touched since it was judged is not judged again."""
    return judged(path, read_record(path))


def judged(path: Path, record: AnyRecord) -> Opening:
    """One record, its p-value computed again and its statement compared with what the search states now."""
    found = [s for s in searches()[record.search] if s.dataset == record.dataset]
    if not found:
        return Opening(record, (f"the search has no data set {record.dataset}",))
    if isinstance(record, UnblindingRecord):
        check_controls(path, record.controls)
        return Opening(record, tuple(changes(record.stated, statement(found[0]))))
    own = users_data(found[0])
    return Opening(record, (f"data: {', '.join(own)}, of which it says nothing",) if own else ())


def check_controls(path: Path, controls: Controls) -> None:
    """Raise RecordError for a p-value that the counts do not have, or that no box is opened with."""
    p_value = p_value_of(controls)
    if not math.isclose(p_value, controls.p_value, rel_tol=1e-6, abs_tol=ROUNDING):
        raise RecordError(
            f"{path} states p = {controls.p_value:.3g} where its counts give {p_value:.3g}: take it away and open the "
            f"box with `kaon unblind`"
        )
    if p_value < THRESHOLD:
        raise RecordError(f"{path}: p = {p_value:.2g} of the control regions is below {THRESHOLD}: no box is opened so")
    if controls.expected < LEAST_EXPECTED and controls.despite is None:
        raise RecordError(
            f"{path}: with {controls.expected:.2g} expected events, fewer than {LEAST_EXPECTED:.2g}, the control "
            f"regions have no power, and the record has no reason why the box was opened despite that"
        )


def p_value_of(controls: Controls) -> float:
    """The p-value of all control regions together."""
    return agreement(
        [
            region_p_value(r.observed, r.expected, r.error, prior=controls.prior, weight=r.weight)
            for r in controls.regions
        ]
    )


def opened_runs() -> dict[str, Spans]:
    """Runs for which boxes are open, by search, in the order of the records."""
    opened: dict[str, Spans] = {}
    for opening in openings():
        record = opening.record
        if opening.holds:
            spans = tuple(p.runs for p in conditions().of(record.dataset))
            opened[record.search] = (*opened.get(record.search, ()), *spans)
    return opened


def is_open(search: Search) -> bool:
    """Whether a record opens the search, or the one whose box it shares, in its data set."""
    box = search.box_of or search.name, search.dataset
    return any(opening.holds and (opening.record.search, opening.record.dataset) == box for opening in openings())


def open_boxes() -> list[dict[str, Any]]:
    """Every record, ready for the provenance of a result."""
    return [opening.as_dict() for opening in openings()]


def check_closed(search: str, dataset: str) -> None:
    """Raise RecordError if there is a record of the box already, or if it is that of another search."""
    if (other := declared(search, dataset).box_of) is not None:
        raise RecordError(f"{search} {dataset} shares the box of {other} and opens with it: unblind {other}")
    for path, record in records().items():
        if (record.search, record.dataset) == (search, dataset):
            raise RecordError(
                f"{search} {dataset} is open already, by {path}: to open it on something else, take that record away "
                f"and run `make limits` first"
            )


def write_record(record: UnblindingRecord) -> Path:
    """Write the record that opens a box; ValueError if there is one already, or for one that would not hold."""
    path = unblinding_directory() / f"{record.search}_{record.dataset}.yaml"
    check_closed(record.search, record.dataset)
    opening = judged(path, record)
    if not opening.holds:
        raise RecordError(f"{path} would open nothing: {'; '.join(opening.changed)}")
    write_text(path, yaml.safe_dump(record.as_yaml(), sort_keys=False, width=120, allow_unicode=True))
    return path
