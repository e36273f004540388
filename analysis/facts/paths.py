"""Where facts are: those that are shipped, and those of a user's own catalogue.

Shipped are `datasets/` at the root of the repository, `rarekaon/datasets` in an installed package.
"""

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
    path = Path(named) if named else shipped_path()
    if not path.is_dir():
        raise FileNotFoundError(f"no data files at {path}: set {VARIABLE} to a folder like the repository's datasets/")
    return path.resolve()


def shipped_path() -> Path:
    """The directory that comes with the package."""
    return Path(rarekaon.__file__).parent / "datasets"


CATALOGUE = "RAREKAON_CATALOGUE"
USER_CATALOGUE = "rarekaon.yaml"


def user_catalogue_file() -> Path | None:
    """The file of the user's own catalogue; None without one.

    It is the one that the environment variable RAREKAON_CATALOGUE names (`kaon --catalogue FILE` sets it), else
    `rarekaon.yaml` in the folder where one works.

    Raises FileNotFoundError if the file that was named is not there.
    """
    named = os.environ.get(CATALOGUE)
    path = Path(named) if named else Path(USER_CATALOGUE)
    if named and not path.is_file():
        raise FileNotFoundError(f"no catalogue at {path}: name a file like the one that `kaon data add` writes")
    return path.resolve() if path.is_file() else None
