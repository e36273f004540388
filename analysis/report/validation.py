"""The tables of `kaon validate`: what the papers publish and what comes out of the simulation."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from rarekaon.analysis.limits.validation import ValidationRow
from rarekaon.analysis.report.tables import number, with_error

TUNED = "looked at while tuning"


def validation_tables(rows: Sequence[ValidationRow]) -> list[Table]:
    """One table a search and data set, and one line that says how many quantities were never looked at."""
    tables = []
    for search, dataset in dict.fromkeys((r.search, r.dataset) for r in rows):
        table = Table(title=f"{search} {dataset}: published and simulated", title_justify="left")
        for name in ("quantity", "unit", "published", "simulated", "ratio", "tuned"):
            table.add_column(name, justify="right" if name in {"published", "simulated", "ratio"} else "left")
        for row in (r for r in rows if (r.search, r.dataset) == (search, dataset)):
            table.add_row(*_cells(row))
        tables.append(table)
    return [*tables, _summary(rows)]


def _cells(row: ValidationRow) -> tuple[str, ...]:
    published = with_error(row.published, row.published_error)
    simulated = with_error(row.simulated, row.error)
    return row.quantity, row.unit, published, simulated, number(row.ratio), TUNED if row.tuned else ""


def _summary(rows: Sequence[ValidationRow]) -> Table:
    table = Table(title="Quantities", title_justify="left")
    for name in ("all", TUNED, "never looked at"):
        table.add_column(name, justify="right")
    tuned = sum(r.tuned for r in rows)
    table.add_row(str(len(rows)), str(tuned), str(len(rows) - tuned))
    return table
