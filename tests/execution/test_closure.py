"""The closure check finds every way in which events can be lost or counted twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from coffea.processor.executor import WorkItem
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.execution.closure import check_closure
from rarekaon.analysis.execution.errors import ClosureError
from rarekaon.analysis.execution.inputs import InputFile
from rarekaon.analysis.execution.planning import plan


def toy_file(events: int, name: str = "a", sample: str = "toy", *, simulated: bool = True) -> InputFile:
    uuid = f"00000000-0000-0000-0000-{abs(hash((name, sample))) % 10**12:012d}"
    return InputFile(sample, f"{name}.root", uuid, 1000, Exposure(simulated=simulated, events=events), frozenset())


FILES = (toy_file(250, "a"), toy_file(0, "b"), toy_file(100, "c", "other"))
PLAN = plan(FILES, 100)


def check(planned: list[WorkItem] = PLAN, processed: list[WorkItem] = PLAN, events: int = 350) -> None:
    check_closure(FILES, planned, processed, events)


def test_a_complete_run_closes() -> None:
    closure = check_closure(FILES, PLAN, PLAN, 350)
    assert (closure.files, closure.chunks, closure.events) == (3, 5, 350)
    assert closure.sample_events == {"toy": 250, "other": 100}


def test_events_of_data_are_checked_and_not_counted() -> None:
    """With what a selection read, their number would say how many are in masked boxes."""
    files = (toy_file(250, "a"), toy_file(100, "c", "data", simulated=False))
    planned = plan(files, 100)
    closure = check_closure(files, planned, planned, 350)
    assert (closure.events, closure.sample_events) == (250, {"toy": 250})
    with pytest.raises(ClosureError, match="349 events were processed but the files hold 350"):
        check_closure(files, planned, planned, 349)


def test_the_order_of_completion_does_not_matter() -> None:
    check(processed=PLAN[::-1])


@pytest.mark.parametrize("lost", range(len(PLAN)))
def test_a_lost_chunk(lost: int) -> None:
    with pytest.raises(ClosureError, match=rf"1 chunks were not processed .*{PLAN[lost].filename}"):
        check(processed=PLAN[:lost] + PLAN[lost + 1 :])


def test_a_chunk_counted_twice() -> None:
    """The set of work items looks complete; the count of events does not."""
    with pytest.raises(ClosureError, match="450 events were processed but the files hold 350"):
        check(processed=[*PLAN, PLAN[-1]], events=450)


def test_a_chunk_that_nobody_planned() -> None:
    with pytest.raises(ClosureError, match="1 were that nobody asked for"):
        check(processed=[*PLAN, replace(PLAN[0], entrystop=7)])


def test_a_chunk_of_a_rewritten_file() -> None:
    """The same name with another UUID is another file."""
    with pytest.raises(ClosureError, match="not processed"):
        check(processed=[replace(PLAN[0], fileuuid=b"x" * 16), *PLAN[1:]])


@pytest.mark.parametrize(
    ("planned", "message"),
    [
        (PLAN[1:], "gap or overlap"),
        ([PLAN[0], *PLAN], "gap or overlap"),
        ([*PLAN[:2], *PLAN[3:]], "chunks cover 166 of the 250 events of a.root"),
        ([*PLAN, replace(PLAN[0], filename="z.root")], "no input file"),
    ],
)
def test_a_plan_that_does_not_tile_the_files(planned: list[WorkItem], message: str) -> None:
    with pytest.raises(ClosureError, match=message):
        check(planned=planned, processed=planned)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5), st.integers(1, 3000))
def test_every_plan_closes_and_keeps_to_the_chunk_size(sizes: list[int], chunk_size: int) -> None:
    files = [toy_file(n, str(i)) for i, n in enumerate(sizes)]
    items = plan(files, chunk_size)
    closure = check_closure(files, items, items, sum(sizes))
    lengths = [len(item) for item in items]
    assert max(lengths) <= chunk_size
    assert closure.chunks == sum(max(1, -(-n // chunk_size)) for n in sizes)
