"""Each channel against reading alone, an idiomatic coffea version and compiled RDataFrame, on the same events.

The versions must select the same events, or there is no benchmark: it is an independent check of the selections, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import uproot

from analysis.blinding import current_seal
from analysis.channels import searches
from analysis.search import Search
from tests.bench import _idiomatic, _ours, _rdataframe, _sample
from tests.bench._declaration import NoReferenceError, final_state, selections
from tests.bench._measure import Cost, cost, medians
from tests.reading import nano_events

Row = dict[str, Any]
READ_GOAL, RDATAFRAME_GOAL, IDIOMATIC_GOAL = "<= 1.4", "<= 0.5", ">= 4"


class DisagreementError(ValueError):
    """Two versions of a selection select different events."""


def benchmarks(events: int = 1_000_000, repeats: int = 5) -> list[Row]:
    """Rows of all channels, of all in one pass, and of the seal."""
    channels = three_track_channels()
    with tempfile.TemporaryDirectory() as place:
        pool = _sample.pool(tuple(s for group in channels.values() for s in group), min(events, 200_000))
        path = _sample.write(Path(place) / "events.root", events, pool)
        rows = [row for name in channels for row in channel(name, path, events, repeats)]
        return [*rows, *together(tuple(channels), path, events, repeats)]


def three_track_channels() -> dict[str, tuple[Search, ...]]:
    """Searches of the first data sample of each channel, where all their selections have references."""
    found = {}
    for name, group in searches().items():
        wanted = of_sample(name, data_sample(group))
        try:
            for _, selection in selections(wanted).values():
                final_state(selection)
        except NoReferenceError:
            continue
        found[name] = wanted
    return found


def data_sample(group: tuple[Search, ...]) -> str:
    return group[0].samples.data[0]


def of_sample(name: str, sample: str) -> tuple[Search, ...]:
    return tuple(s for s in searches()[name] if sample in s.samples.all)


def channel(name: str, path: Path, events: int, repeats: int) -> list[Row]:
    """The channel against each of the others, after the check that they agree."""
    sample = data_sample(searches()[name])
    wanted = of_sample(name, sample)
    columns = sorted(_ours.process(path, sample, (name,))["metrics"]["columns"])
    ours = _ours.selected(path, wanted)
    costs = [
        cost(partial(_ours.process, path, sample, (name,))),
        cost(partial(read, path, columns)),
        cost(partial(idiomatic, path, wanted)),
    ]
    agree(name, "the idiomatic coffea version", ours, idiomatic(path, wanted))
    program = rdataframe(wanted)
    if program is not None:
        agree(name, "RDataFrame", ours, _rdataframe.execute(program, path)["selected"])
        costs.append(loop_seconds(program, path))
    mine, reading, other, *loop = medians(costs, repeats)
    common = {"events": events, "user_seconds_per_million": mine / events * 1e6}
    read_row = {
        **_row(name, mine / reading, "uproot reading its columns", READ_GOAL),
        **common,
        "columns": columns,
        "stages": _ours.stages(path, wanted),
        "read_seconds": reading,
    }
    rows = [read_row, _row(f"{name}, idiomatic coffea", other / mine, name, IDIOMATIC_GOAL) | common]
    if loop:
        rows.append(_row(name, mine / loop[0], "compiled RDataFrame, one thread", RDATAFRAME_GOAL) | common)
    return rows


def _row(name: str, ratio: float, to: str, goal: str) -> Row:
    return {"name": name, "ratio": ratio, "to": to, "goal": goal}


def read(path: Path, columns: list[str]) -> None:
    """uproot as it comes, the same columns in the same chunks."""
    with uproot.open(path) as file:
        for first, last in _ours.windows(path):
            file["Events"].arrays(columns, entry_start=first, entry_stop=last)


def idiomatic(path: Path, wanted: tuple[Search, ...]) -> _ours.Selected:
    processor = _idiomatic.IdiomaticProcessor(wanted)
    found: _ours.Selected = {}
    for first, last in _ours.windows(path):
        chunk = processor.process(nano_events(path, entry_start=first, entry_stop=last))
        for key, chosen in chunk["selected"].items():
            found.setdefault(key, []).extend(list(pair) for pair in chosen)
    return found


def rdataframe(wanted: tuple[Search, ...]) -> Path | None:
    """The compiled program; None where there is no ROOT."""
    try:
        root = _rdataframe.installation()
    except _rdataframe.RootMissingError:
        return None
    return _rdataframe.build(wanted, root, _rdataframe.ENVIRONMENT / "selections")


def loop_seconds(program: Path, path: Path) -> Cost:
    return lambda: float(_rdataframe.execute(program, path)["seconds"])


def agree(name: str, other: str, ours: _ours.Selected, theirs: _ours.Selected) -> None:
    """DisagreementError unless both select the same events, at least one of them."""
    for key, events in ours.items():
        mine, its = {tuple(e) for e in events}, {tuple(e) for e in theirs[key]}
        if mine != its:
            first = min(mine ^ its)
            raise DisagreementError(
                f"{name} {key}: {len(mine - its)} events are selected only here and {len(its - mine)} only by {other}, "
                f"e.g. burst {first[0]} event {first[1]}"
            )
    if not any(ours.values()):
        raise DisagreementError(f"{name}: no event is selected; that versions agree says nothing")


def together(names: tuple[str, ...], path: Path, events: int, repeats: int) -> list[Row]:
    """All channels of one sample in one pass against one pass each, and with the seal in force against none."""
    sample = data_sample(searches()[names[0]])
    mine = tuple(n for n in names if of_sample(n, sample))

    def separately() -> None:
        for name in mine:
            _ours.process(path, sample, (name,))

    works: list[Callable[[], Any]] = [
        partial(_ours.process, path, sample, mine),
        separately,
        partial(_ours.process, path, sample, mine, seal=current_seal()),
    ]
    one, each, sealed = medians([cost(work) for work in works], repeats)
    common = {"events": events, "user_seconds_per_million": one / events * 1e6}
    return [
        _row(f"{', '.join(mine)} in one pass", one / each, "one pass each", "<= 0.8") | common,
        _row("with all boxes shut", sealed / one, "without a seal", "<= 1.4") | common,
    ]
