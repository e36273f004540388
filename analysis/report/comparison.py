"""Two runs side by side: what they were made of, their limits, regions, cutflows and events, where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rarekaon.analysis.execution.store import load
from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable
from rarekaon.analysis.results.provenance import RUN_RECORD
from rarekaon.analysis.results.records import Limits
from rarekaon.analysis.search.catalogue import catalogue

MOST_EVENTS = 20
"""Events that are named of each selection."""


@dataclass(frozen=True)
class Run:
    """A directory of results."""

    limits: Limits
    """What `kaon limits` wrote."""
    rows: list[dict[str, Any]]
    """Its background table."""
    record: Mapping[str, Any]
    """What `kaon run` wrote beside its histograms."""
    histograms: Path
    """Where the histograms are."""

    @classmethod
    def read(cls, directory: Path) -> Run:
        """Read a directory such as `results/quick`; FileNotFoundError names what is not there."""
        for path in (directory / "limits.json", directory / "histograms" / RUN_RECORD):
            if not path.is_file():
                raise FileNotFoundError(f"{path} is not there: name the directory of results that a run made")
        backgrounds = directory / "backgrounds.json"
        content = json.loads(backgrounds.read_text()) if backgrounds.is_file() else []
        record = json.loads((directory / "histograms" / RUN_RECORD).read_text())
        rows = content["rows"] if isinstance(content, dict) else content
        return cls(Limits.read(directory / "limits.json"), rows, record, directory / "histograms")


def compare_runs(a: Run, b: Run) -> list[ResultTable]:
    """Tables of what differs; each is empty where nothing does."""
    return [_made_of(a, b), _limits(a, b), _regions(a, b), _cutflows(a, b), _events(a, b)]


def _differing(a: Mapping[Any, Any], b: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    for key in dict.fromkeys((*a, *b)):
        if a.get(key) != b.get(key):
            yield key, a.get(key), b.get(key)


def _made_of(a: Run, b: Run) -> ResultTable:
    """Code, facts, versions and inputs that are not the same."""

    def parts(run: Run) -> dict[str, str]:
        made = run.record["provenance"]
        found = {name: str(made[name]) for name in ("revision", "code", "datasets") if isinstance(made.get(name), str)}
        found |= {f"version of {name}": version for name, version in made.get("versions", {}).items()}
        return found | {
            f"sample {i['sample']}, {i['name']}": f"{i['events']} events, {i['uuid']}" for i in made["inputs"]
        }

    rows = tuple((key, str(x or "-"), str(y or "-")) for key, x, y in _differing(parts(a), parts(b)))
    return ResultTable("made_of", "Made of something else", (Column("what"), Column("A"), Column("B")), rows)


def _limits(a: Run, b: Run) -> ResultTable:
    """Limits that are not the same: observed or, of blind searches, expected."""

    def numbers(run: Run) -> dict[tuple[str, ...], tuple[float | None, ...]]:
        found: dict[tuple[str, ...], tuple[float | None, ...]] = {}
        for r in run.limits.limits:
            mass = f", {r.parameter['mass']:g} MeV" if "mass" in r.parameter else ""
            values = (r.single_event_sensitivity, r.background, r.upper_limit, r.expected_upper_limit[2])
            for name, value in zip(("SES", "background", "limit", "expected limit"), values, strict=True):
                found[r.search + mass, r.dataset, r.origin, name] = (value,)
        return found

    return _numbers("limits", "Limits", ("search", "data set", "from", "what"), numbers(a), numbers(b))


def _regions(a: Run, b: Run) -> ResultTable:
    def numbers(run: Run) -> dict[tuple[str, ...], tuple[float | None, ...]]:
        return {(r["search"], r["dataset"], r["region"], r["mode"]): (r["expected"], r["observed"]) for r in run.rows}

    return _numbers("regions", "Regions", ("search", "data set", "region", "mode"), numbers(a), numbers(b))


def _cutflows(a: Run, b: Run) -> ResultTable:
    """Sums of weights after each cut; data of masked regions are in neither run."""
    names = sorted({p.stem for run in (a, b) for p in run.histograms.glob("*.zip")})
    columns = ("search", "data set", "selection", "sample, cut")
    found: list[dict[tuple[str, ...], tuple[float | None, ...]]] = []
    for run in (a, b):
        numbers: dict[tuple[str, ...], tuple[float | None, ...]] = {}
        for name in names:
            path = run.histograms / f"{name}.zip"
            samples = load(path) if path.is_file() else {}
            for sample, content in samples.items():
                for dataset, selections in content.items():
                    if dataset == "exposure" or not isinstance(selections, Mapping):
                        continue
                    for selection, booked in selections.items():
                        flow = booked["cutflow"]
                        for cut, value in zip(flow.axes[0], flow.values(), strict=True):
                            numbers[name, dataset, selection, f"{sample}, {cut}"] = (float(value),)
        found.append(numbers)
    return _numbers("cutflows", "Cutflows", columns, *found)


def _events(a: Run, b: Run) -> ResultTable:
    """Data events that pass all cuts in one run alone, where both have saved their candidates as Parquet.

    Masked events are in neither run: they were removed where data are read.
    """
    columns = (*map(Column, ("selection", "sample")), *(Column(n, "", True) for n in EVENT), Column("passes in"))
    rows: list[tuple[Cell, ...]] = []
    moved = 0
    for path in sorted((a.histograms / "candidates").glob("*.parquet")):
        other = b.histograms / "candidates" / path.name
        if not other.is_file():
            continue
        in_a, in_b = _selected(path), _selected(other)
        found = sorted((event, "A" if event in in_a else "B") for event in in_a ^ in_b)
        moved += len(found)
        rows += [(path.stem, sample, *numbers, run) for (sample, *numbers), run in found[:MOST_EVENTS]]
    note = f"The first {MOST_EVENTS} of each selection." if len(rows) < moved else ""
    return ResultTable("events", f"Data events that moved: {moved}", columns, tuple(rows), note, joined=2)


EVENT = ("run", "burst", "event")


def _selected(path: Path) -> set[tuple[Any, ...]]:
    """Sample, run, burst and event of the data candidates that pass all cuts."""
    data = [*catalogue().data, *catalogue().pseudo_data]
    passed = [("failed", "==", 0), ("sample", "in", data)]
    table = pq.read_table(path, columns=["sample", *EVENT], filters=passed)
    return set(zip(*(table[name].to_pylist() for name in ("sample", *EVENT)), strict=True))


def _numbers(
    name: str,
    title: str,
    keys: tuple[str, ...],
    a: Mapping[tuple[str, ...], tuple[float | None, ...]],
    b: Mapping[tuple[str, ...], tuple[float | None, ...]],
) -> ResultTable:
    columns = (*map(Column, keys), Column("A", "", True), Column("B", "", True), Column("B / A", "", True))
    rows: list[tuple[Cell, ...]] = []
    for key, x, y in _differing(a, b):
        for p, q in zip(x or (None,) * len(y), y or (None,) * len(x), strict=True):
            if p != q:
                ratio = q / p if p and q is not None else None
                rows.append((*key, Measured(p, digits=5), Measured(q, digits=5), Measured(ratio, digits=4)))
    return ResultTable(name, f"{title} that differ: {len(rows)}", columns, tuple(rows), joined=3)
