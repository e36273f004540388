"""Looking into a user's own data before any run: every file is opened, and every selection tried on its first events.

What a selection needs is not kept in a list: it is run over some events, in which branches that the file lacks are
stood in for, and what it asked for is what it needs.  What it makes of them is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract import schema
from rarekaon.analysis.contract.ranges import range_of
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import ColumnSource, Offsets
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution.errors import ExecutionError
from rarekaon.analysis.execution.fileset import files_of
from rarekaon.analysis.execution.inputs import InputFile, check_accounted, check_distinct, inspect_file
from rarekaon.analysis.execution.layouts import open_events
from rarekaon.analysis.execution.site import site
from rarekaon.analysis.execution.slots import check_slots
from rarekaon.analysis.facts.models import user_catalogue
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import samples_of, searches

TRIED = 20_000
"""Events on which selections are tried."""


@dataclass(frozen=True)
class Report:
    """What was found in a file, or the `problem` with a file or a whole sample; `lacking` are by search the branches
    that its selections need and the file does not have."""

    sample: str
    path: str = ""
    problem: str = ""
    events: int = 0
    bursts: int = 0
    generated: float = 0.0
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)


def check_samples(names: Sequence[str] = (), workers: int | None = None) -> list[Report]:
    """Reports on all files of samples of the user's catalogue; KeyError for a sample that it does not have."""
    known = user_catalogue().from_files
    unknown = [name for name in names if name not in known]
    if unknown:
        raise KeyError(f"no sample {unknown[0]!r} in your catalogue; it has {', '.join(known) or 'none'}")
    places, reports = [], []
    for name in names or known:
        try:
            places += [(name, path) for path in files_of(name, Path())]
        except ExecutionError as error:
            reports.append(Report(name, problem=str(error)))
    if len(places) == 1 or workers == 1:
        looked = [_check(place) for place in places]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            looked = list(pool.map(_check, places))
    reports += [report for report, _ in looked]
    return reports + _together([found for _, found in looked if found is not None])


def _together(files: Sequence[InputFile]) -> list[Report]:
    """What is wrong with the files of a sample that each by itself may be right."""
    reports = []
    for sample in dict.fromkeys(f.sample for f in files):
        mine = [f for f in files if f.sample == sample]
        for check in (check_distinct, check_accounted, check_slots):
            try:
                check(mine)
            except ExecutionError as error:
                reports.append(Report(sample, problem=str(error)))
    return reports


def check_file(place: tuple[str, str]) -> Report:
    """The report on the file of (sample, path)."""
    return _check(place)[0]


def _check(place: tuple[str, str]) -> tuple[Report, InputFile | None]:
    sample, path = place
    try:
        found = inspect_file(place, site().access)
        lacking = _lacking(sample, path, takers(sample), {})
    except (ExecutionError, ValueError) as error:
        return Report(sample, path, problem=str(error)), None
    exposure = found.exposure
    return Report(sample, path, "", found.events, exposure.bursts, float(exposure.generated), lacking), found


def _lacking(
    sample: str, path: str, names: Iterable[str], known: dict[frozenset[str], dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]]:
    """By search the branches that its selections need and a file does not have; truth is needed by none.

    `known` is what was found for files that lack the same branches.
    """
    with open_file(path) as file:
        tree = open_events(file, path, sample)
        lacks = schema.branches(truth=False).keys() - tree.types().keys()
        if frozenset(lacks) not in known:
            source = tree.source(0, min(TRIED, tree.entries))
            found = {name: needed(name, sample, source, lacks) for name in names} if lacks else {}
            known[frozenset(lacks)] = {name: missing for name, missing in found.items() if missing}
    return known[frozenset(lacks)]


def unable(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Those of some searches that cannot be run on the user's data, with the branches that these lack."""
    wanted = {*samples_of(names)}
    lacking: dict[str, set[str]] = {}
    for sample in wanted & user_catalogue().from_files.keys():
        known: dict[frozenset[str], dict[str, tuple[str, ...]]] = {}
        mine = [name for name in takers(sample) if name in names]
        for path in files_of(sample, Path()):
            try:
                missing = _lacking(sample, site().access.place(path, 0), mine, known)
            except (ExecutionError, ValueError, OSError):  # what is wrong with it, the run says
                continue
            for name, branches in missing.items():
                lacking.setdefault(name, set()).update(branches)
    return {name: tuple(sorted(missing)) for name, missing in lacking.items()}


def takers(sample: str) -> tuple[str, ...]:
    """Names of the searches that take a sample."""
    return tuple(name for name, group in searches().items() if any(sample in s.sample_names for s in group))


def needed(search: str, sample: str, source: ColumnSource, lacks: Iterable[str]) -> tuple[str, ...]:
    """Those of the branches that a source lacks which the selections of a search ask for."""
    columns = Columns(StandIn(source, frozenset(lacks)))
    SearchProcessor((search,)).process_columns(columns, sample)
    return tuple(sorted(columns.read & frozenset(lacks)))


class StandIn:
    """A source whose missing branches hold something possible: no objects, no references, values of a usual size."""

    def __init__(self, source: ColumnSource, lacks: frozenset[str]) -> None:
        self._source, self._lacks = source, lacks
        self._branches = schema.branches(truth=True)
        self.fields = source.fields | lacks

    def __len__(self) -> int:
        return len(self._source)

    def event(self, name: str) -> NDArray[Any]:
        return self._some(name, len(self)) if name in self._lacks else self._source.event(name)

    def counts(self, collection: str) -> NDArray[Any]:
        if schema.collection(collection).counter in self._lacks:
            return np.zeros(len(self), np.int32)
        return self._source.counts(collection)

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> NDArray[Any]:
        known = schema.collection(collection)
        if known.branch(field) not in self._lacks:
            return self._source.flat(collection, field, offsets)
        objects = int(self.counts(collection).sum())
        if field in dict(known.references):
            return np.full(objects, -1, np.int16)
        return self._some(known.branch(field), objects)

    def place(self, row: int) -> str:
        return self._source.place(row)

    def _some(self, name: str, size: int) -> NDArray[Any]:
        allowed, dtype = range_of(name), self._branches[name].dtype
        usual = np.sqrt(np.prod(allowed.middle)) if allowed.middle else max(0.0, min(1.0, allowed.high))
        return np.full(size, usual).astype(dtype)
