"""Bytes of files against checksums: the one inside a file of ours, and those of `datasets/checksums.yaml`.

A file on this machine is read once from its beginning to its end for it, when it is inspected.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from rarekaon.analysis.contract.checksum import agrees, digest, speaks_of
from rarekaon.analysis.events.remote import is_local
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution.errors import InputFileError, UnreadableFileError
from rarekaon.analysis.facts.checksums import Checksums, FileChecksum, checksums, checksums_file

OBJECTS = 3
"""What is in a file of ours: the checksum, the events and their side tree."""
INTRODUCTION = "# Checksums of the files of data samples.  Written by `kaon catalogue check --write`.\n"


def check_bytes(sample: str, path: str, place: str) -> None:
    """UnreadableFileError if the file of a sample, which stands at a place on this machine, is not what it was."""
    inside, stated = agrees(Path(place)), checksums().of(sample, path)
    if inside is False and not _was_added_to(place):
        raise UnreadableFileError(
            f"{place} is damaged: its bytes are not those of the checksum inside it; make or copy it again", path
        )
    if stated is not None and not _is(Path(place), stated):
        raise UnreadableFileError(
            f"{place} is not the file that {checksums_file()} states: copy it again; or if it was made anew on "
            f"purpose, `kaon catalogue check {sample} --write`",
            path,
        )


def _was_added_to(path: str) -> bool:
    """Whether a file holds more than was written with its checksum: somebody's work, not damage."""
    try:
        with open_file(path) as file:
            return len(file.keys()) > OBJECTS
    except Exception:  # whatever a reader finds in the bytes of a damaged file
        return False


def has_checksum(sample: str, path: str) -> bool:
    """Whether `check_bytes` compares a file with anything."""
    return is_local(path) and (speaks_of(Path(path)) or checksums().of(sample, path) is not None)


def _is(path: Path, stated: FileChecksum) -> bool:
    return path.stat().st_size == stated.size and checksum_of(path) == stated


def checksum_of(path: Path) -> FileChecksum:
    """Size and checksum of a file; InputFileError if it cannot be read."""
    try:
        return FileChecksum(size=path.stat().st_size, xxh3=digest(path).decode())
    except OSError as error:
        raise InputFileError(f"{path} cannot be read ({error.strerror}): copy it again") from error


def state(sample: str, paths: Iterable[str]) -> list[str]:
    """Write the checksums of all files of a sample to `datasets/checksums.yaml`; the paths of those that changed."""
    known = checksums().data
    now = {path: checksum_of(Path(path)) for path in paths if is_local(path)}
    changed = [path for path, found in now.items() if known.get(sample, {}).get(path, found) != found]
    content = Checksums(data={**known, sample: now}).model_dump(mode="json")
    place = checksums_file()
    new = place.with_name(f".{place.name}.new")
    new.write_text(INTRODUCTION + yaml.safe_dump(content, width=200))
    new.replace(place)
    checksums.cache_clear()
    return changed
