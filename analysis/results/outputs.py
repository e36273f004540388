"""Places for results, tried before the work that fills them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

LEAST_FREE = 20_000_000
"""Bytes that must be free where results go."""


class OutputError(ValueError):
    """A place that nothing can be written to; the message names it and says what to do."""


def check_output_file(path: Path) -> None:
    """Make the directory of a file to come and try to write there.  Raises OutputError."""
    if path.is_dir():
        raise OutputError(f"{path} is a directory: name a file for the output")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"{path} is there and must not be written to: name another file for the output")
    check_output_directory(path.parent)


def check_output_directory(path: Path) -> None:
    """Make a directory for results and try to write there.  Raises OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".rarekaon.") as tried:
            tried.write(bytes(4096))
            tried.flush()
            os.fsync(tried.fileno())
        free = shutil.disk_usage(path).free
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{path} cannot be a directory for results: {_file_among(path)} is a file") from error
    except OSError as error:
        raise OutputError(
            f"nothing can be written to {path} ({error.strerror or error}): name another output"
        ) from error
    if free < LEAST_FREE:
        raise OutputError(f"{path} has {free / 1e6:.0f} MB left on its disk: make room or name another output")


def _file_among(path: Path) -> Path:
    return next((p for p in (path, *path.parents) if p.exists() and not p.is_dir()), path)
