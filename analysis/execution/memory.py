"""Keeping memory flat from chunk to chunk.

Every chunk opens its file anew, and uproot's tree and file models refer to each other: some 5000 objects and the
raw bytes of the header that only the cycle collector can free, and that automatic collection leaves lying for many
chunks.  A full collection each time would walk through every object of every imported package; after `gc.freeze()`
it sees only what came since, and costs milliseconds.
"""

from __future__ import annotations

import gc


class _State:
    frozen = False


def prepare() -> None:
    """Set aside everything alive (packages, compiled kernels) before the first chunk of a process.

    Without a collection: it would walk through all of it for nothing that a chunk has left behind.
    """
    if not _State.frozen:
        gc.freeze()
        _State.frozen = True


def release_chunk() -> None:
    """Free what the last chunk left in reference cycles."""
    gc.collect()


def thaw() -> None:
    """Undo the setting aside, in a process that goes on to do other things."""
    gc.unfreeze()
    _State.frozen = False
