"""Histograms as `kaon run` left them, read with the proof that they are what their record says and fit what is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rarekaon.analysis.execution.store import load
from rarekaon.analysis.limits.failures import Failure
from rarekaon.analysis.processing.unblinding import opened_runs
from rarekaon.analysis.results.provenance import AGAIN
from rarekaon.analysis.results.records import LIMITS_AGAIN, Limits
from rarekaon.analysis.results.runs import MadeOf, StaleError, check_fits, made_of
from rarekaon.analysis.search.channels import searches


@dataclass(frozen=True)
class Stored:
    """Booked samples by search, what they were made of, and the searches whose histograms do not fit."""

    directory: Path
    searches: Mapping[str, Mapping[str, Any]]
    made: Mapping[str, MadeOf]
    failures: tuple[Failure, ...] = field(default=())


def read_stored(directory: Path, names: Iterable[str] = (), *, opened_since: bool = False) -> Stored:
    """The histograms in a directory, of all searches or of some.

    Raises StoreError where there are none and DocumentError without a run record; a search whose histograms were
    changed, or made with other code, facts or boxes, is among the failures; boxes opened since count unless
    `opened_since`.
    """
    wanted = set(names)
    paths = [p for p in sorted(directory.glob("*.zip")) if not wanted or p.stem in wanted]
    if not paths:
        raise FileNotFoundError(f"no histograms in {directory}: {AGAIN}")
    made, unblinded = made_of(directory), opened_runs()
    found: dict[str, Mapping[str, Any]] = {}
    failures = []
    for path in paths:
        try:
            if path.stem not in searches():
                raise ValueError(f"{path} is of a search that is not declared: install its channel, or delete the file")
            check_fits(path, made.get(path.stem), unblinded, opened_since=opened_since)
            found[path.stem] = load(path)
        except ValueError as error:
            failures.append(Failure(path.stem, str(error)))
    return Stored(directory, found, made, tuple(failures))


def check_limits(path: Path, limits: Limits, stored: Stored) -> None:
    """Raise StaleError for a file of limits that is not from these histograms or not of the boxes that are open."""
    files = limits.provenance.get("histograms", {}).get("files", {})
    if files != {name: made.sha256 for name, made in stored.made.items()}:
        raise StaleError(f"{path} is not from the histograms in {stored.directory}: {LIMITS_AGAIN}")
