"""Damage to text files: what editors, full disks, merges and malice leave behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytes, np.random.Generator], bytes]

SCALARS = (
    b"", b"0", b"-1", b"1e400", b"-1e308", b".nan", b"NaN", b"Infinity", b"-.inf", b"null", b"~", b"true", b"yes",
    b"[]",
    b"{}", b'""', b"'", b'"', b"9" * 5000, b"1_000", b"0x1F", b"1:30", b"2026-13-45", b"2026-01-01",
    b"!!python/name:os.system",
    b"!!python/object/apply:os.system [true]", b"!!binary x", b"&a [*a]", b"*missing", b"<<: 1", b"?", b"- ", b"|",
    b">",
    b"[" * 3000, b"{a: " * 500, b"\xff\xfe", b"\xc3", b"\x00", b"\t", b"\\u0000", b'"\\ud800"', b"%", b"@", b"`",
    b"K+ -> pi+", b"2016-2018", b"../../etc/passwd", b"a" * 100_000, b"---", b"...", b"1.5", b"1e-300", b"-0.0",
)  # fmt: skip
BOMB = b"\n".join(
    [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [b"a%d: &a%d [%s]" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12)]
)


def _places(text: bytes, rng: np.random.Generator) -> tuple[int, int]:
    first, last = sorted(rng.integers(0, len(text) + 1, 2).tolist())
    return first, last


def flipped(text: bytes, rng: np.random.Generator) -> bytes:
    """A bit the other way round."""
    if not text:
        return b"\x01"
    changed = bytearray(text)
    changed[rng.integers(len(text))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut(text: bytes, rng: np.random.Generator) -> bytes:
    """Not written to its end."""
    return text[: rng.integers(0, len(text) + 1)]


def emptied(text: bytes, rng: np.random.Generator) -> bytes:
    """A hole of zeros, as a crash leaves it."""
    first, last = _places(text, rng)
    last = min(last, first + 200)
    return text[:first] + bytes(last - first) + text[last:]


def removed(text: bytes, rng: np.random.Generator) -> bytes:
    """A few characters gone."""
    first = int(rng.integers(0, len(text) + 1))
    return text[:first] + text[first + int(rng.integers(1, 30)) :]


def without_line(text: bytes, rng: np.random.Generator) -> bytes:
    """A line gone."""
    lines = text.splitlines(keepends=True)
    del lines[rng.integers(len(lines)) : rng.integers(len(lines)) + 1]
    return b"".join(lines)


def line_twice(text: bytes, rng: np.random.Generator) -> bytes:
    """A line, or a few, twice: a merge."""
    lines = text.splitlines(keepends=True)
    first = int(rng.integers(len(lines)))
    some = lines[first : first + int(rng.integers(1, 4))]
    place = int(rng.integers(len(lines) + 1))
    return b"".join(lines[:place] + some + lines[place:])


def shifted(text: bytes, rng: np.random.Generator) -> bytes:
    """A line indented otherwise."""
    lines = text.splitlines(keepends=True)
    n = int(rng.integers(len(lines)))
    lines[n] = b"  " + lines[n] if rng.random() < 0.5 else lines[n].lstrip()
    return b"".join(lines)


def _words(text: bytes) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(rb"[A-Za-z0-9_.+-]+", text)]


def other_value(text: bytes, rng: np.random.Generator) -> bytes:
    """Something else in the place of a word or number."""
    words = _words(text)
    if not words:
        return text + b": ["
    first, last = words[rng.integers(len(words))]
    return text[:first] + SCALARS[rng.integers(len(SCALARS))] + text[last:]


def swapped(text: bytes, rng: np.random.Generator) -> bytes:
    """One word of the file in the place of another."""
    words = _words(text)
    if len(words) < 2:
        return text
    (first, last), (a, b) = (words[i] for i in rng.integers(len(words), size=2))
    return text[:first] + text[a:b] + text[last:]


def other_number(text: bytes, rng: np.random.Generator) -> bytes:
    """A number with another sign, power or digit."""
    numbers = [m.span() for m in re.finditer(rb"\d+(\.\d+)?(e[+-]?\d+)?", text)]
    if not numbers:
        return text + b"1"
    first, last = numbers[rng.integers(len(numbers))]
    value = float(text[first:last][:300]) * [-1.0, 0.0, 1e3, 1e-3, 1e300, 1e-300][rng.integers(6)]
    return text[:first] + repr(value).encode() + text[last:]


def bombed(text: bytes, rng: np.random.Generator) -> bytes:
    """Aliases of aliases: a few lines that stand for billions of values."""
    return BOMB + b"\n" + text


MUTATIONS: tuple[Mutation, ...] = (
    flipped, cut, emptied, removed, without_line, line_twice, shifted, other_value, other_value, swapped, other_number,
    other_number, bombed,
)  # fmt: skip


def mutated(text: bytes, rng: np.random.Generator) -> bytes:
    """The text after one to three of the mutations."""
    for _ in range(int(rng.integers(1, 4))):
        text = MUTATIONS[rng.integers(len(MUTATIONS))](text or b"x", rng)
    return text
