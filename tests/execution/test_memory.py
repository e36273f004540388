"""Nothing that a chunk leaves behind survives the next."""

from __future__ import annotations

import gc
import weakref

from analysis.execution.memory import prepare, release_chunk, thaw


class Knot:
    """An object that refers to itself, as uproot's files and trees do."""

    def __init__(self) -> None:
        self.itself = self


def test_cycles_are_freed_after_every_chunk() -> None:
    gc.disable()
    try:
        prepare()
        for _ in range(3):
            knot = weakref.ref(Knot())
            assert knot() is not None
            release_chunk()
            assert knot() is None
    finally:
        gc.enable()
        thaw()


def test_afterwards_nothing_is_set_aside() -> None:
    prepare()
    assert gc.get_freeze_count() > 0
    thaw()
    assert gc.get_freeze_count() == 0
