"""Where the data files are: `datasets/` at the root of the repository, `rarekaon/datasets` in an installed package."""

from __future__ import annotations

import os
from pathlib import Path

import rarekaon

VARIABLE = "RAREKAON_DATASETS"


def datasets_path() -> Path:
    """The directory `datasets/`, or the one the environment variable RAREKAON_DATASETS names.

    Raises FileNotFoundError if it is not there.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(rarekaon.__file__).parent / "datasets"
    if not path.is_dir():
        raise FileNotFoundError(f"no data files at {path}: set {VARIABLE} to a folder like the repository's datasets/")
    return path.resolve()
