"""Workspaces in files of the three formats that colleagues use: pyhf's JSON, HS3, Combine datacards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rarekaon.analysis.results.records import write_text
from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.datacard import from_datacard, to_datacard
from rarekaon.analysis.statistics.hs3 import from_hs3, to_hs3
from rarekaon.analysis.statistics.workspace import write_workspace


def read_workspace(path: Path) -> dict[str, Any]:
    """A workspace as pyhf's JSON has it, from a file of any format; raises ArgumentError with the file."""
    try:
        text = path.read_text()
        if not text.lstrip().startswith("{"):
            return from_datacard(text)
        content: dict[str, Any] = json.loads(text)
        return from_hs3(content) if "distributions" in content else content
    except ArgumentError as error:
        raise ArgumentError(f"{path}: {error}") from error
    except ValueError as error:
        raise ArgumentError(f"{path}: neither JSON nor a datacard ({error})") from error


def save_workspace(path: Path, content: Mapping[str, Any]) -> None:
    """Write a workspace in the format that the name says: *.txt a datacard, *.hs3.json HS3, else pyhf's JSON.

    Raises ArgumentError for what the format cannot say.
    """
    try:
        if path.suffix == ".txt":
            write_text(path, to_datacard(content))
        else:
            write_workspace(path, to_hs3(content) if path.name.endswith(".hs3.json") else dict(content))
    except (KeyError, IndexError, TypeError) as error:
        raise ArgumentError(f"workspace: no HistFactory workspace in pyhf's JSON ({error!r} is missing)") from error
