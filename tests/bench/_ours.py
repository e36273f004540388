"""The package's own side of the comparisons: a run without backend and report, its selected events, its stages.

As a program it processes a file some times over and prints what that cost: `python -m tests.bench._ours FILE TIMES
SAMPLE SEARCH ...`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import uproot

from rarekaon.analysis.contract.schema import EVENTS_TREE
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import ColumnSource, Offsets
from rarekaon.analysis.events.trees import open_tree
from rarekaon.analysis.execution.chunks import process_chunk
from rarekaon.analysis.execution.executors import SerialExecutor
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.processing.blinding import BlindedProcessor, Blinding
from rarekaon.analysis.processing.processor import SearchProcessor, apply_cuts, book_search, trigger_stage
from rarekaon.analysis.search.declaration import Search, Selection
from tests.bench._measure import peak_megabytes, user_seconds

CHUNK_SIZE = 500_000
OPEN = Blinding(())

Selected = dict[str, list[list[int]]]


def process(
    path: Path, sample: str, names: tuple[str, ...], *, blinding: Blinding = OPEN, times: int = 1
) -> dict[str, Any]:
    """All chunks of a file, `times` over: looked into, opened, read, selected, booked, added up."""
    items = plan(inspect_fileset({sample: [str(path)]})[0], CHUNK_SIZE)
    raw, _ = SerialExecutor()(
        [(item,) for item in items] * times,
        partial(process_chunk, processor=BlindedProcessor(SearchProcessor(names), blinding)),
        None,
    )
    result: dict[str, Any] = raw
    return result


def windows(path: Path) -> list[tuple[int, int]]:
    """First and last events of the chunks of a file."""
    return [(item.entrystart, item.entrystop) for item in plan(inspect_fileset({"any": [str(path)]})[0], CHUNK_SIZE)]


def selected(path: Path, wanted: Mapping[str, tuple[Search, Selection]]) -> Selected:
    """Burst and event number of the selected events, by selection."""
    found: Selected = {key: [] for key in wanted}
    with uproot.open(path) as file:
        tree = open_tree(file, EVENTS_TREE)
        for window in windows(path):
            columns = Columns(tree.source(*window))
            for key, (search, selection) in wanted.items():
                chosen = apply_cuts(selection, trigger_stage(selection, search.dataset, columns)).chosen.candidates
                pairs = zip(chosen.per_event("burst").tolist(), chosen.per_event("event").tolist(), strict=True)
                found[key].extend([burst, event] for burst, event in pairs)
    return found


class Timed:
    """A source that counts the CPU seconds spent in reading."""

    def __init__(self, source: ColumnSource) -> None:
        self.source, self.fields, self.seconds = source, source.fields, 0.0

    def __len__(self) -> int:
        return len(self.source)

    def _timed(self, read: Any, *arguments: Any) -> Any:
        before = time.process_time()
        values = read(*arguments)
        self.seconds += time.process_time() - before
        return values

    def event(self, name: str) -> Any:
        return self._timed(self.source.event, name)

    def flat(self, collection: str, field: str, offsets: Offsets | None = None) -> Any:
        return self._timed(self.source.flat, collection, field, offsets)

    def counts(self, collection: str) -> Any:
        return self._timed(self.source.counts, collection)

    def place(self, row: int) -> str:
        return self.source.place(row)


def stages(path: Path, searches: tuple[Search, ...]) -> dict[str, float]:
    """CPU seconds of reading, candidates, identification and of the rest: cuts and histograms."""
    spent = {"reading": 0.0} | dict.fromkeys(STAGES, 0.0)
    with uproot.open(path) as file:
        tree = open_tree(file, EVENTS_TREE)
        for window in windows(path):
            source = Timed(tree.source(*window))
            columns = Columns(source)
            for name, work in STAGES.items():
                before, read = time.process_time(), source.seconds
                work(columns, searches)
                spent[name] += time.process_time() - before - (source.seconds - read)
            spent["reading"] += source.seconds
    return spent


def _of(searches: tuple[Search, ...]) -> list[Selection]:
    return [s for search in searches for s in search.selections]


def _find(columns: Columns, searches: tuple[Search, ...]) -> None:
    for s in _of(searches):
        columns.shared(s.candidates)


def _identify(columns: Columns, searches: tuple[Search, ...]) -> None:
    for s in _of(searches):
        columns.shared(s.candidates).once(s.identify)


def _book(columns: Columns, searches: tuple[Search, ...]) -> None:
    for search in searches:
        book_search(search, columns, search.samples.signal)


STAGES = {"candidates": _find, "identification": _identify, "cuts and histograms": _book}
"""Later stages find what earlier ones have left in the columns' caches."""


def main(path: str, times: str, sample: str, *names: str) -> None:
    process(Path(path), sample, names)
    before = user_seconds()
    raw = process(Path(path), sample, names, times=int(times))
    events = int(raw["metrics"]["entries"])
    print(json.dumps({"events": events, "seconds": user_seconds() - before, "peak_mb": peak_megabytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
