"""The tables of a run as Markdown pages: what the documents point to instead of repeating numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rarekaon.analysis.report.exports import markdown
from rarekaon.analysis.report.table import ResultTable
from rarekaon.analysis.results.records import write_text

ORIGIN = "Written by `make report`; not edited by hand."


def write_pages(directory: Path, pages: Mapping[str, Sequence[ResultTable]]) -> tuple[Path, ...]:
    """Write one file a page, atomically: its name, where it is from, and its tables."""
    written = []
    for name, tables in pages.items():
        path = directory / f"{name}.md"
        parts = (f"# {name.replace('_', ' ').capitalize()}", ORIGIN, *(markdown(table) for table in tables))
        write_text(path, "\n\n".join(parts) + "\n")
        written.append(path)
    return tuple(written)
