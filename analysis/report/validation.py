"""The tables of `kaon validate`: what the papers publish and what comes out of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from rarekaon.analysis.limits.validation import ValidationRow
from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable

TUNED = "looked at while tuning"


def validation_tables(rows: Sequence[ValidationRow]) -> list[ResultTable]:
    """One table a search and data set, and one line that says how many quantities were never looked at."""
    tables = []
    for search, dataset in dict.fromkeys((r.search, r.dataset) for r in rows):
        columns = (Column("quantity"), Column("unit"), Column("published", "", True), Column("simulated", "", True),
                   Column("ratio", "", True), Column("pull", "σ", True), Column("tuned"))  # fmt: skip
        body = tuple(_cells(row) for row in rows if (row.search, row.dataset) == (search, dataset))
        title = f"{search} {dataset}: published and simulated"
        tables.append(ResultTable(f"acceptances_{search}_{dataset}", title, columns, body))
    return [*tables, _summary(rows)]


def _cells(row: ValidationRow) -> tuple[Cell, ...]:
    published, simulated = Measured(row.published, row.published_error), Measured(row.simulated, row.error)
    error = hypot(row.published_error, row.error)
    pull = Measured((row.simulated - row.published) / error if error else None, digits=2)
    return row.quantity, row.unit, published, simulated, Measured(row.ratio), pull, TUNED if row.tuned else ""


def _summary(rows: Sequence[ValidationRow]) -> ResultTable:
    tuned = sum(r.tuned for r in rows)
    columns = tuple(Column(name, "", True) for name in ("all", TUNED, "never looked at"))
    return ResultTable("acceptances", "Quantities", columns, ((len(rows), tuned, len(rows) - tuned),))
