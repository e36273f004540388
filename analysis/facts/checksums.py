"""`datasets/checksums.yaml`: what the files of data samples were when somebody wrote their checksums down.

`kaon catalogue check --write` writes it.  Files that are not in it are taken as they are.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rarekaon.analysis.facts.models import Facts, Name, read_facts
from rarekaon.analysis.facts.paths import datasets_path


class FileChecksum(Facts):
    """Size in bytes and XXH3 checksum (128 bits, as of `xxhsum -H2`) of a file."""

    size: Annotated[int, Field(ge=0)]
    xxh3: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class Checksums(Facts):
    """Checksums of files by sample and path, as the catalogue's patterns find them."""

    data: dict[Name, dict[str, FileChecksum]]

    def of(self, sample: str, path: str) -> FileChecksum | None:
        return self.data.get(sample, {}).get(path)


def checksums_file() -> Path:
    return datasets_path() / "checksums.yaml"


@cache
def checksums() -> Checksums:
    """What the file states; nothing where there is none."""
    return read_facts(Checksums, checksums_file()) if checksums_file().is_file() else Checksums(data={})
