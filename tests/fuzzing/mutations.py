"""Damage: a few bytes of a file changed, at least half of the time where a reader looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Span = tuple[int, int]
"""First byte and the one after the last."""
Change = tuple[str, int]
"""What was done, and at which byte."""

EXTREMES = (
    *(
        int(v).to_bytes(size, "big", signed=v < 0)
        for size in (1, 2, 4, 8)
        for v in (0, 1, -1, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1)))
    ),
    *(bytes.fromhex(number) for number in ("7fc00000", "7f800000", "ff800000")),
)
"""Numbers that programs stumble over, and NaN and infinities."""


def mutated(content: bytes, read: Sequence[Span], rng: np.random.Generator) -> tuple[bytes, list[Change]]:
    """The content with one to three changes; `read` are the stretches that a reader looks at."""
    changed, changes = bytearray(content), []
    for _ in range(int(rng.integers(1, 4))):
        at = _place(len(changed), read, rng)
        kind = KINDS[int(rng.integers(len(KINDS)))]
        kind(changed, at, rng)
        changes.append((kind.__name__.strip("_"), at))
    return bytes(changed), changes


def _place(size: int, read: Sequence[Span], rng: np.random.Generator) -> int:
    """Three of ten places anywhere in the file, the others in a stretch that is read, whatever its length."""
    if rng.random() < 0.3 or not read:
        return int(rng.integers(size))
    begin, end = read[int(rng.integers(len(read)))]
    return min(int(rng.integers(begin, max(end, begin + 1))), size - 1)


def _flip(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at] ^= 1 << int(rng.integers(8))


def _set(content: bytearray, at: int, rng: np.random.Generator) -> None:
    content[at] = int(rng.integers(256))


def _extreme(content: bytearray, at: int, rng: np.random.Generator) -> None:
    number = EXTREMES[int(rng.integers(len(EXTREMES)))]
    content[at : at + len(number)] = number[: len(content) - at]


def _near(content: bytearray, at: int, rng: np.random.Generator) -> None:
    """A big-endian number a little larger or smaller."""
    at = min(at, len(content) - 4)
    number = int.from_bytes(content[at : at + 4]) + int(rng.integers(-3, 4))
    content[at : at + 4] = (number % 2**32).to_bytes(4)


def _blank(content: bytearray, at: int, rng: np.random.Generator) -> None:
    end = min(len(content), at + int(rng.integers(1, 200)))
    content[at:end] = bytes(end - at)


def _copy(content: bytearray, at: int, rng: np.random.Generator) -> None:
    """Another stretch of the file in the place of this."""
    length = min(int(rng.integers(1, 100)), len(content) - at)
    other = int(rng.integers(len(content) - length + 1))
    content[at : at + length] = content[other : other + length]


KINDS = (_flip, _flip, _set, _extreme, _extreme, _near, _near, _blank, _copy)
