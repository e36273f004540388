"""From names of catalogue samples to files."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path

from rarekaon.analysis.events.trees import is_local
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
    if sample in known.data:
        return tuple(path for pattern in known.data[sample].files for path in _matches(sample, pattern))
    path = sample_path(directory, sample)
    if not path.is_file():
        raise InputFileError(f"{path} does not exist: make it with `kaon simulate {sample} --output {directory}`")
    return (str(path),)


def fileset(samples: Iterable[str], directory: Path) -> dict[str, tuple[str, ...]]:
    """Files by sample, in the order of the samples; each sample once."""
    return {sample: files_of(sample, directory) for sample in dict.fromkeys(samples)}


def _matches(sample: str, pattern: str) -> list[str]:
    """Paths of a pattern in a fixed order; a path without wildcards is kept for the later check to find missing."""
    if not is_local(pattern) or not has_magic(pattern):
        return [pattern]
    found = sorted(glob(pattern, recursive=True))
    if not found:
        raise InputFileError(f"sample {sample}: no file matches {pattern!r} (datasets/catalogue.yaml)")
    return found
