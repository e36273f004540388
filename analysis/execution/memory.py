"""Keeping memory flat from chunk to chunk.

uproot's models of files and trees refer to each other: thousands of objects and the raw bytes of headers that only the
cycle collector can free, and that automatic collection leaves lying for many chunks.  A full collection each time would
walk through every object of every imported package; after `gc.freeze()` it sees only what came since, and costs
milliseconds.

Once is not enough: the first chunk of a sample imports what reading it needs and loads compiled kernels, and left where
they are, these 170 000 objects cost a third of the time of every later chunk of 200 000 events.
"""

from __future__ import annotations

import gc
from collections.abc import Hashable
from typing import ClassVar


class _State:
    frozen = False
    known: ClassVar[set[Hashable]] = set()


def prepare() -> None:
    """Set aside everything alive (packages, compiled kernels) before the first chunk of a process.

    Without a collection: it would walk through all of it for nothing that a chunk has left behind.
    """
    if not _State.frozen:
        gc.freeze()
        _State.frozen = True


def is_new(kind: Hashable) -> bool:
    """Whether no chunk of this kind was released yet."""
    return kind not in _State.known


def release_chunk(kind: Hashable) -> None:
    """Free what the last chunk left in reference cycles.

    What the first chunk of a kind (a processor on a sample) leaves alive is set aside: it must hold no files by then,
    because what is set aside is never freed from cycles.
    """
    gc.collect()
    if is_new(kind):
        gc.freeze()
        _State.known.add(kind)


def thaw() -> None:
    """Undo the setting aside, in a process that goes on to do other things."""
    gc.unfreeze()
    _State.frozen = False
    _State.known.clear()
