"""Each channel against reading alone, an idiomatic coffea version and compiled RDataFrame, on the same events.

The versions must select the same events, or there is no benchmark: it is an independent check of the selections, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import uproot

from rarekaon.analysis.execution.backend import available_cores
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.processing.blinding import current_blinding
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Search
from tests.bench import _idiomatic, _ours, _rdataframe, _rdataframe_single, _sample
from tests.bench._declaration import selections
from tests.bench._measure import Cost, cost, medians
from tests.reading import nano_events

Row = dict[str, Any]
READ_GOAL, RDATAFRAME_GOAL, RNTUPLE_GOAL, IDIOMATIC_GOAL = "<= 1.4", "<= 0.5", "<= 1", ">= 4"
SINGLE_TRACK_GOAL = "<= 1.3"
TOGETHER = "pi_ee"
"""The channel whose data sample is gone over by all that use it."""


class DisagreementError(ValueError):
    """Two versions of a selection select different events."""


def benchmarks(events: int = 500_000, repeats: int = 3) -> list[Row]:
    """Rows of all channels, of several in one pass, and of the blinding."""
    rows = []
    three, single = three_track_channels(), single_track_channels()
    with ThreadPoolExecutor(available_cores()) as compilers:  # before anything is measured
        list(compilers.map(rdataframe, [*three.values(), *single.values()]))
    with tempfile.TemporaryDirectory() as place:
        pool = _sample.pool(tuple(s for group in three.values() for s in group), min(events, 200_000))
        paths = {name: write(Path(place), wanted, events, pool) for name, wanted in three.items()}
        for name, path in paths.items():
            rows += channel(name, path, events, repeats)
        rows += together(tuple(three), paths[TOGETHER], events, repeats)
        pool = _sample.single_tracks(min(events, 200_000))
        for name, wanted in single.items():
            rows += single_channel(name, write(Path(place), wanted, events, pool), events, repeats)
    return rows


def three_track_channels() -> dict[str, tuple[Search, ...]]:
    """Searches of the first data sample of each channel that have references."""
    found = {name: of_sample(name, data_sample(group)) for name, group in searches().items()}
    return {name: wanted for name, wanted in found.items() if selections(wanted)}


def single_track_channels() -> dict[str, tuple[Search, ...]]:
    """The others."""
    found = {name: of_sample(name, data_sample(group)) for name, group in searches().items()}
    return {name: wanted for name, wanted in found.items() if not selections(wanted)}


def write(place: Path, wanted: tuple[Search, ...], events: int, pool: _sample.Pool) -> Path:
    """A file like the data sample of a channel: its trigger lines, and a run of all data sets that are searched in it;
    the same for channels where both are the same."""
    sample, run = data_sample(wanted), run_of(wanted)
    path = place / f"{sample}_{run}.root"
    return (
        path
        if path.exists()
        else _sample.write(path, events, pool, run=run, lines=catalogue().pseudo_data[sample].lines)
    )


def run_of(wanted: tuple[Search, ...]) -> int:
    """A run of all data sets of a channel that are searched in one sample: the first of the smallest."""
    return conditions().of(wanted[-1].dataset)[0].runs[0]


def data_sample(group: tuple[Search, ...]) -> str:
    return group[0].samples.data[0]


def of_sample(name: str, sample: str) -> tuple[Search, ...]:
    return tuple(s for s in searches()[name] if sample in s.samples.all)


def channel(name: str, path: Path, events: int, repeats: int) -> list[Row]:
    """A channel of three tracks against each of the others, after the check that they agree."""
    wanted = of_sample(name, data_sample(searches()[name]))
    ours = _ours.selected(path, selections(wanted))
    agree(name, "the idiomatic coffea version", ours, idiomatic(path, wanted))
    costs = [*rdataframe_costs(name, path, wanted, ours), cost(partial(idiomatic, path, wanted))]
    row, others = against_reading(name, path, events, repeats, costs)
    coffea = others.pop() / row["user_seconds_per_million"] * 1e6 / events
    return [
        row | {"stages": _ours.stages(path, wanted)},
        _row(f"{name}, idiomatic coffea", coffea, name, IDIOMATIC_GOAL) | _common(row),
        *rdataframe_rows(row, others),
    ]


def single_channel(name: str, path: Path, events: int, repeats: int) -> list[Row]:
    """A channel of single tracks against reading and, where there is one, its RDataFrame version."""
    wanted = of_sample(name, data_sample(searches()[name]))
    known = _rdataframe_single.selections(wanted)
    costs = rdataframe_costs(name, path, wanted, _ours.selected(path, known)) if known else []
    row, others = against_reading(name, path, events, repeats, costs)
    row |= {"goal": SINGLE_TRACK_GOAL, "stages": _ours.stages(path, wanted)}
    return [row, *rdataframe_rows(row, others)]


def rdataframe_costs(name: str, path: Path, wanted: tuple[Search, ...], ours: _ours.Selected) -> list[Cost]:
    """The event loop of RDataFrame on the file and on its RNTuple, after the check that it selects the same events;
    none where there is no ROOT."""
    program = rdataframe(wanted)
    if program is None:
        return []
    files = (path, _sample.as_rntuple(path, {*columns_read(name, path), "burst", "event"}))
    for file in files:
        agree(name, f"RDataFrame on {file.name}", ours, _rdataframe.execute(program, file)["selected"])
    return [loop_seconds(program, file) for file in files]


def rdataframe_rows(row: Row, seconds: list[float]) -> list[Row]:
    """The rows against RDataFrame of the channel of a row."""
    mine = row["user_seconds_per_million"] * row["events"] / 1e6
    against = (("compiled RDataFrame, one thread", RDATAFRAME_GOAL), ("the same on its RNTuple", RNTUPLE_GOAL))
    return [
        _row(row["name"], mine / its, to, goal) | _common(row)
        for its, (to, goal) in zip(seconds, against[: len(seconds)], strict=True)
    ]


def _common(row: Row) -> Row:
    return {key: row[key] for key in ("events", "user_seconds_per_million")}


def columns_read(name: str, path: Path) -> list[str]:
    """Branches that a channel reads of its data sample."""
    return sorted(_ours.process(path, data_sample(searches()[name]), (name,))["metrics"]["columns"])


def against_reading(name: str, path: Path, events: int, repeats: int, others: list[Cost]) -> tuple[Row, list[float]]:
    """The row of a channel against reading its columns, and the medians of other costs measured in the same turns."""
    sample = data_sample(searches()[name])
    columns = columns_read(name, path)
    costs = [cost(partial(_ours.process, path, sample, (name,))), cost(partial(read, path, columns)), *others]
    mine, reading, *rest = medians(costs, repeats)
    row = _row(name, mine / reading, "uproot reading its columns", READ_GOAL)
    return row | {
        "events": events, "user_seconds_per_million": mine / events * 1e6, "columns": columns, "read_seconds": reading,
    }, rest  # fmt: skip


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
    """The compiled program; None where there is no ROOT, or no program of these searches."""
    try:
        root = _rdataframe.installation()
    except _rdataframe.RootMissingError:
        return None
    kind = _rdataframe if selections(wanted) else _rdataframe_single
    if not kind.selections(wanted):
        return None
    return _rdataframe.build(kind.program(wanted), root, _rdataframe.ENVIRONMENT / "selections")


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
    """All channels of one sample in one pass against one pass each, and with the blinding in force against none."""
    sample = data_sample(searches()[TOGETHER])
    mine = tuple(n for n in names if of_sample(n, sample))

    def separately() -> None:
        for name in mine:
            _ours.process(path, sample, (name,))

    works: list[Callable[[], Any]] = [
        partial(_ours.process, path, sample, mine),
        separately,
        partial(_ours.process, path, sample, mine, blinding=current_blinding()),
    ]
    one, each, blinded = medians([cost(work) for work in works], repeats)
    common = {"events": events, "user_seconds_per_million": one / events * 1e6}
    return [
        _row(f"{', '.join(mine)} in one pass", one / each, "one pass each", "<= 0.8") | common,
        _row("with all boxes masked", blinded / one, "without a blinding", "<= 1.4") | common,
    ]
