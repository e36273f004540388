"""From names of catalogue samples to files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

from rarekaon.analysis.events.remote import explained, file_system, is_local
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.search.catalogue import catalogue


def sample_path(directory: Path, sample: str) -> Path:
    """Where `kaon simulate` writes a sample."""
    return directory / f"{sample}.root"


def files_of(sample: str, directory: Path) -> tuple[str, ...]:
    """Files of one catalogue sample: the simulated file in `directory`, or what the catalogue's patterns match.

    Raises InputFileError for an unknown sample, a missing file or a pattern without matches.
    """
    known = catalogue()
    if sample not in known.names:
        raise InputFileError(f"no sample {sample!r} in datasets/catalogue.yaml; it has {', '.join(known.names)}")
    if (listed := known.from_files(sample)) is not None:
        return tuple(path for pattern in listed.files for path in matches(sample, pattern))
    path = sample_path(directory, sample)
    if not os.path.lexists(path):
        raise InputFileError(f"{path} does not exist: make it with `kaon simulate {sample} --output {directory}`")
    return (str(path),)


def fileset(samples: Iterable[str], directory: Path) -> dict[str, tuple[str, ...]]:
    """Files by sample, in the order of the samples; each sample once."""
    return {sample: files_of(sample, directory) for sample in dict.fromkeys(samples)}


def matches(sample: str, pattern: str) -> list[str]:
    """Paths of a pattern in a fixed order; a path without wildcards is kept for the later check to find missing."""
    if is_local(pattern):
        pattern = str(Path(pattern).expanduser())
    if not has_magic(pattern.partition("?")[0] if "://" in pattern else pattern):
        return [pattern]
    found = sorted(glob(pattern, recursive=True)) if is_local(pattern) else remote_matches(pattern)
    if not found:
        raise InputFileError(f"sample {sample}: no file matches {pattern!r} (datasets/catalogue.yaml)")
    return found


def remote_matches(pattern: str) -> list[str]:
    """URLs of a pattern, as the server lists them; InputFileError says why they cannot be had."""
    try:
        files, path = file_system(pattern)
        return [str(files.unstrip_protocol(found)) for found in sorted(files.glob(path))]
    except Exception as error:  # servers and their clients fail in many ways
        raise InputFileError(f"the files of {pattern} cannot be listed: {explained(pattern, error)}") from error
