"""The tables of a run as Markdown pages: what the documents point to instead of repeating numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from rarekaon.analysis.results.records import write_text

ORIGIN = "Written by `make report`; not edited by hand."


def markdown(table: Table) -> str:
    """A table with its title as heading; columns that are right-justified stay so.

    >>> table = Table("mode", title="Background")
    >>> table.add_row("K+ -> pi+ e+ e-")
    >>> print(markdown(table))
    ## Background
    <BLANKLINE>
    | mode |
    |---|
    | K+ -> pi+ e+ e- |
    """
    rules = ["---:" if column.justify == "right" else "---" for column in table.columns]
    rows = zip(*(column.cells for column in table.columns), strict=True)
    lines = [
        _row([column.header for column in table.columns]),
        f"|{'|'.join(rules)}|",
        *(_row(row) for row in rows),
    ]
    return "\n".join([f"## {_plain(table.title)}", "", *lines])


def write_pages(directory: Path, pages: Mapping[str, Sequence[Table]]) -> tuple[Path, ...]:
    """Write one file a page, atomically: its name, where it is from, and its tables."""
    written = []
    for name, tables in pages.items():
        path = directory / f"{name}.md"
        parts = (f"# {name.replace('_', ' ').capitalize()}", ORIGIN, *(markdown(table) for table in tables))
        write_text(path, "\n\n".join(parts) + "\n")
        written.append(path)
    return tuple(written)


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(cell: object) -> str:
    """A cell without its markup; what would end it in Markdown is escaped."""
    text = Text.from_markup(cell).plain if isinstance(cell, str) else str(cell)
    return text.replace("|", "\\|").replace("\n", " ")
