"""The checksum that stands inside a file of ours: of all its other bytes, and of which size of file.

It is the first object that is written.  A file that was merged or rewritten has another size than the one it speaks
of, and is not judged by it.  It is there to find damage, not forgery: XXH3 with 128 bits (Y. Collet, xxHash),
which costs a few hundredths of a second for a gigabyte.
"""

from __future__ import annotations

import re
from pathlib import Path

import xxhash

NAME = "Checksum"
"""The object's name in the file."""
FORM = re.compile(rb"xxh3 ([0-9a-f]{32}) of the other bytes of (\d{16})")
BLANK = f"xxh3 {0:032x} of the other bytes of {0:016d}"
"""What is written first, before the rest of the file is known; it must not be packed."""
HEAD = 4096
"""Bytes from the beginning of a file within which its checksum stands."""
BLOCK = 1 << 20


def write_checksum(path: Path) -> None:
    """Fill in the checksum of a complete file that begins with `BLANK`; ValueError for one that does not."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        found = FORM.search(file.read(HEAD))
        if found is None:
            raise ValueError(f"{path} has no room for a checksum in its first {HEAD} bytes")
        file.seek(found.start(2))
        file.write(b"%016d" % size)
    with path.open("r+b") as file:
        digits = digest(path, found.span(1))
        file.seek(found.start(1))
        file.write(digits)


def agrees(path: Path) -> bool | None:
    """Whether the bytes of a file are those of the checksum inside it; None where it has none, or that of another."""
    found = _found(path)
    return None if found is None else digest(path, found.span(1)) == found[1]


def speaks_of(path: Path) -> bool:
    """Whether a file has a checksum of itself inside it."""
    return _found(path) is not None


def _found(path: Path) -> re.Match[bytes] | None:
    with path.open("rb") as file:
        found = FORM.search(file.read(HEAD))
    return found if found and int(found[2]) == path.stat().st_size else None


def digest(path: Path, left_out: tuple[int, int] = (0, 0)) -> bytes:
    """The digits of the checksum of a file, some of its first `HEAD` bytes left out."""
    total = xxhash.xxh3_128()
    with path.open("rb") as file:
        head = file.read(HEAD)
        total.update(head[: left_out[0]] + head[left_out[1] :])
        while block := file.read(BLOCK):
            total.update(block)
    return total.hexdigest().encode()
