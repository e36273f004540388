"""Writing into a user's own catalogue: one entry more, and everything else as it was, comments too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from rarekaon.analysis.facts.models import UserCatalogue, conditions, read_facts

HEADER = "# Data, periods, data sets and channel files of this project (`kaon data --help`).\n"


def added(path: Path, name: str, entry: Mapping[str, Any], heading: Literal["data", "simulation"] = "data") -> None:
    """Add a sample of data or simulation to the catalogue at `path`, which is made if it is not there.

    Raises ValueError where the name is taken or the catalogue would not be right, KeyError for an unknown data set; the
    file is then as it was.
    """
    before = path.read_text() if path.exists() else HEADER
    known = read_facts(UserCatalogue, path) if path.exists() else UserCatalogue()
    if name in known.from_files:
        raise ValueError(f"{path}: there is a sample {name} already")
    if entry["dataset"] not in known.datasets | known.periods:
        conditions().of(entry["dataset"])
    line = f"  {name}: {yaml.safe_dump(dict(entry), default_flow_style=True, sort_keys=False, width=10_000).strip()}\n"
    _write(path, _below(before, f"{heading}:", line))


def with_channel(path: Path, file: Path) -> None:
    """Enter a channel file in the catalogue at `path`, which is made if it is not there; ValueError as for `added`."""
    before = path.read_text() if path.exists() else HEADER
    inside = file.is_relative_to(path.resolve().parent)
    name = file.relative_to(path.resolve().parent) if inside else file
    _write(path, _below(before, "channels:", f"  - {json.dumps(str(name))}\n"))


def _below(text: str, heading: str, line: str) -> str:
    """The text with a line below a heading, which is put at the end if it is not there."""
    lines = text.splitlines(keepends=True)
    place = next((n + 1 for n, found in enumerate(lines) if found.rstrip() == heading), None)
    if place is None:
        lines, place = [*lines, heading + "\n"], len(lines) + 1
    return "".join([*lines[:place], line, *lines[place:]])


def _write(path: Path, text: str) -> None:
    try:
        UserCatalogue.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path} was left as it is: an entry more would not be read back ({error})") from error
    path.write_text(text)
