"""Where the data files of the project are: `datasets/` at the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import analysis

VARIABLE = "RAREKAON_DATASETS"


def datasets_path() -> Path:
    """The directory `datasets/`, or the one the environment variable RAREKAON_DATASETS names.

    Raises FileNotFoundError if it is not there (an installed package without its repository).
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(analysis.__file__).resolve().parents[1] / "datasets"
    if not path.is_dir():
        raise FileNotFoundError(f"no data files at {path}: set {VARIABLE} to the repository's datasets directory")
    return path
