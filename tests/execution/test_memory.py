"""Nothing that a chunk leaves behind survives the next, and what was loaded for all of them is not walked through."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from rarekaon.analysis.execution.chunks import Chunk, opened
from rarekaon.analysis.execution.executors import run_chunk
from rarekaon.analysis.execution.memory import is_new, prepare, release_chunk, thaw
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from tests.toy_events import write_toy_file

KIND = "any"
OBJECTS = 50_000


class Knot:
    """An object that refers to itself, as uproot's files and trees do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _by_hand() -> Iterator[None]:
    """Without automatic collections."""
    gc.disable()
    yield
    gc.enable()
    thaw()


@pytest.fixture(scope="module")
def chunk(tmp_path_factory: pytest.TempPathFactory) -> Chunk:
    path = write_toy_file(tmp_path_factory.mktemp("memory") / "events.root", 10)
    return tuple(plan(inspect_fileset({"toy": [str(path)]})[0], 10))


def test_cycles_are_freed_after_every_chunk() -> None:
    prepare()
    for _ in range(3):
        knot = weakref.ref(Knot())
        assert knot() is not None
        release_chunk(KIND)
        assert knot() is None


def test_what_the_first_chunk_of_a_kind_leaves_is_set_aside_once() -> None:
    prepare()
    assert is_new(KIND)
    loaded = [[n] for n in range(OBJECTS)]
    release_chunk(KIND)
    assert not is_new(KIND)
    assert len(gc.get_objects()) < len(loaded)
    later = [[n] for n in range(OBJECTS)]
    release_chunk(KIND)
    assert len(gc.get_objects()) >= len(later)
    release_chunk("another")
    assert len(gc.get_objects()) < len(later)


def test_afterwards_nothing_is_set_aside() -> None:
    prepare()
    release_chunk(KIND)
    assert gc.get_freeze_count() > 0
    thaw()
    assert gc.get_freeze_count() == 0
    assert is_new(KIND)


def test_no_later_chunk_walks_through_what_the_first_has_loaded(chunk: Chunk) -> None:
    loaded: list[Any] = []
    walked = []

    def loading(_: Chunk) -> None:
        walked.append(len(gc.get_objects()))
        loaded.extend([n] for n in range(OBJECTS * (not loaded)))

    for _ in range(3):
        run_chunk(chunk, loading)
    assert max(walked) < OBJECTS == len(loaded)


def test_an_open_file_is_not_set_aside(chunk: Chunk) -> None:
    """Its cycles would never be freed."""
    seen = []

    def reading(chunk: Chunk) -> None:
        (file,) = opened(chunk)
        seen.append(weakref.ref(file))

    for _ in range(2):
        run_chunk(chunk, reading)
    first, second = seen
    assert first() is None
    assert second() is not None  # stays open for the next chunk
