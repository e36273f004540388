"""Every event of a data sample is there once: told by run, burst and event number, whatever became of its file.

Identities that containers carry are no help: a merged file, a rewritten copy and a skim all have new ones, and files
that are made to be reproducible have none.  What is compared are the events.  Memory is bounded by the number of
bursts, not of events: of each burst in each chunk its number of events and their first and last number are kept.
Where the intervals of one burst overlap, and only there, the numbers themselves are looked at, some bursts at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.events.checked import CheckedSource
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.layouts import open_events
from rarekaon.analysis.kernels.compiled import compiled

Numbers = NDArray[np.uint64]

STRETCH = np.dtype([("key", "u8"), ("events", "i8"), ("lowest", "u8"), ("highest", "u8")])
"""Events of one burst that lie together in a file: run and burst in one number, how many, lowest and highest."""
AT_ONCE = 5_000_000
"""Events whose numbers are looked at together."""
WINDOW = 1_000_000
"""Events that are read at once for it."""
FIRST_LOOK = 8
"""Files that share bursts and are looked at before the work starts."""


@dataclass(frozen=True)
class Stretches:
    """The stretches (`STRETCH`, as bytes) of a part of a file; can be in a set, as coffea adds outputs up."""

    path: str
    first: int
    content: bytes

    @property
    def rows(self) -> NDArray[Any]:
        return np.frombuffer(self.content, STRETCH)


@compiled
def _edges(key: Numbers, event: Numbers) -> tuple[NDArray[np.int64], bool, bool]:
    """Where the burst changes, whether events ascend inside each stretch, and whether bursts do."""
    edges = np.empty(len(key) + 1, np.int64)
    found, events_ascend, bursts_ascend = 0, True, True
    for n in range(len(key)):
        if n == 0 or key[n] != key[n - 1]:
            edges[found] = n
            found += 1
            if n and key[n] < key[n - 1]:
                bursts_ascend = False
        elif event[n] <= event[n - 1]:
            events_ascend = False
    edges[found] = len(key)
    return edges[: found + 1], events_ascend, bursts_ascend


def stretches(columns: Columns, files: Sequence[tuple[str, int, int]]) -> set[Stretches]:
    """The stretches of a chunk of data, whose events are those of `files` (path, first, last) in turn.

    UnfitEventsError names an event that is there twice.
    """
    key, event = burst_key(columns.event("run"), columns.event("burst")), columns.event("event").astype(np.uint64)
    found, begin = set(), 0
    for path, first, last in files:
        rows = slice(begin, begin + last - first)
        found.add(Stretches(path, first, _stretches(path, key[rows], event[rows]).tobytes()))
        begin = rows.stop
    return found


def _stretches(path: str, key: Numbers, event: Numbers) -> NDArray[Any]:
    edges, events_ascend, bursts_ascend = _edges(key, event)
    if not (events_ascend and (bursts_ascend or _are_different(key[edges[:-1]]))):
        order = np.lexsort((event, key))
        key, event = key[order], event[order]
        same = (key[1:] == key[:-1]) & (event[1:] == event[:-1])
        if same.any():
            n = int(np.argmax(same))
            raise UnfitEventsError(twice(int(key[n]), int(event[n]), [path]))
        edges, *_ = _edges(key, event)
    rows = np.empty(len(edges) - 1, STRETCH)
    rows["key"], rows["events"] = key[edges[:-1]], np.diff(edges)
    rows["lowest"], rows["highest"] = event[edges[:-1]], event[edges[1:] - 1]
    return rows


def _are_different(keys: Numbers) -> bool:
    return len(np.unique(keys)) == len(keys)


def of_burst(key: int) -> str:
    """A burst, for people."""
    return f"run {key >> 32}, burst {key & 0xFFFFFFFF}"


def twice(key: int, event: int, paths: Sequence[str]) -> str:
    """What to say of an event that is there twice."""
    where = " and ".join(dict.fromkeys(paths))
    return (
        f"event {event} of {of_burst(key)} is there twice, in {where}, and would count twice: "
        f"leave out the merged file or its parts, the copy or what it was copied from"
    )


def check_events(sample: str, found: Iterable[Stretches], listed: Mapping[str, NDArray[Any]]) -> None:
    """All stretches of a sample's files: every event once, and of each burst as many as the file's `Bursts` say.

    `listed` are the rows of `Bursts` by path.  InputFileError names files, run and burst.
    """
    by_path: dict[str, list[NDArray[Any]]] = {path: [np.empty(0, STRETCH)] for path in listed}
    for part in found:
        by_path[part.path].append(part.rows)
    paths = list(by_path)
    rows = [np.concatenate(by_path[path]) for path in paths]
    for path, mine in zip(paths, rows, strict=True):
        _check_listed(path, mine, listed[path])
    file = np.repeat(np.arange(len(paths)), [len(mine) for mine in rows])
    _check_distinct(sample, paths, file, np.concatenate(rows) if rows else np.empty(0, STRETCH))


def _check_listed(path: str, rows: NDArray[Any], listed: NDArray[Any]) -> None:
    with_events = listed[listed["events"] > 0]
    stated = burst_key(with_events["run"], with_events["burst"])
    if np.array_equal(rows["key"], stated) and np.array_equal(rows["events"], with_events["events"]):
        return  # one stretch a burst, all in order
    keys = np.concatenate([rows["key"], burst_key(listed["run"], listed["burst"])])
    difference = np.concatenate([rows["events"], -listed["events"].astype(np.int64)])
    bursts, row = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(bursts), np.int64)
    np.add.at(sums, row, difference)
    if sums.any():
        wrong = int(bursts[np.argmax(sums != 0)])
        held = int(rows["events"][rows["key"] == wrong].sum())
        raise InputFileError(
            f"{path} holds {held} events of {of_burst(wrong)} but its tree Bursts says "
            f"{held - int(sums[np.argmax(sums != 0)])}: make the file again, or filter events and bursts alike"
        )


def _check_distinct(sample: str, paths: Sequence[str], file: NDArray[np.int64], rows: NDArray[Any]) -> None:
    """Look at the events of the bursts whose stretches overlap."""
    if (rows["key"][1:] > rows["key"][:-1]).all():
        return
    order = np.lexsort((rows["lowest"], rows["key"]))
    file, rows = file[order], rows[order]
    after, before = rows[1:], rows[:-1]
    overlap = (after["key"] == before["key"]) & (after["lowest"] <= before["highest"])
    bursts = np.unique(after["key"][overlap])
    concerned = np.isin(rows["key"], bursts)
    file, rows = file[concerned], rows[concerned]
    part = np.cumsum(rows["events"]) // AT_ONCE
    for number in np.unique(part):
        some = np.isin(rows["key"], rows["key"][part == number])
        look([paths[n] for n in np.unique(file[some])], np.unique(rows["key"][some]), sample)


def look(paths: Sequence[str], bursts: Numbers, sample: str) -> None:
    """InputFileError for an event of some bursts that is there twice in some files."""
    parts = [
        np.stack([*some, np.full(len(some[0]), n, np.uint64)])
        for n, path in enumerate(paths)
        for some in _read(path, bursts, sample)
    ]
    key, event, file = np.concatenate(parts, axis=1)
    order = np.lexsort((event, key))
    key, event, file = key[order], event[order], file[order]
    same = (key[1:] == key[:-1]) & (event[1:] == event[:-1])
    if same.any():
        n = int(np.argmax(same))
        where = [paths[int(file[k])] for k in (n, n + 1)]
        raise InputFileError(f"sample {sample}: {twice(int(key[n]), int(event[n]), where)}")


def _read(path: str, bursts: Numbers, sample: str) -> Iterator[tuple[Numbers, Numbers]]:
    """Burst and number of the events of a file that belong to some bursts."""
    with open_file(path) as file:
        tree = open_events(file, path, sample)
        for start in range(0, tree.entries, WINDOW):
            source = CheckedSource(tree.source(start, min(start + WINDOW, tree.entries)))
            key = burst_key(source.event("run"), source.event("burst"))
            mine = np.isin(key, bursts)
            yield key[mine], source.event("event")[mine].astype(np.uint64)


def first_look(sample: str, listed: Mapping[str, NDArray[Any]]) -> None:
    """Look at one burst that files share before any work is done: a copy, or a merged file beside its parts, shows.

    `listed` are the rows of `Bursts` by path; no more than `FIRST_LOOK` files are opened.
    """
    owners: dict[int, str] = {}
    shared: dict[str, int] = {}
    for path, rows in listed.items():
        keys = burst_key(rows["run"], rows["burst"])[rows["events"] > 0]
        known = [key for key in keys[:: max(1, len(keys) // 100)].tolist()]
        for key in known:
            if key in owners and owners[key] != path:
                shared |= {path: key, owners[key]: key}
            owners.setdefault(key, path)
        if len(shared) >= FIRST_LOOK:
            break
    if shared:
        look([p for p in listed if p in shared], np.unique(np.array(list(shared.values()), np.uint64)), sample)
