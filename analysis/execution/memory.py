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


def release_chunk() -> None:
    """Free what the last chunk left in reference cycles.

    The first call in a process also sets aside everything alive by then (packages, compiled kernels, caches), which
    the first chunk has loaded.
    """
    gc.collect()
    if not _State.frozen:
        gc.freeze()
        _State.frozen = True


def thaw() -> None:
    """Undo the setting aside, in a process that goes on to do other things."""
    gc.unfreeze()
    _State.frozen = False
