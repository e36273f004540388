"""Sources of error of each limit, ranked by what the limit would be without them."""

from __future__ import annotations

from collections.abc import Sequence

from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable
from rarekaon.analysis.results.records import LimitRecord

LEAST = 5e-6
"""Relative size below which an error is not shown."""


def systematics_tables(records: Sequence[LimitRecord]) -> list[ResultTable]:
    """One table a search and data set with a ranking; the last column is the change of the median expected limit."""
    columns = (Column("source"), Column("background", "events", True), Column("sensitivity", "%", True),
               Column("expected limit", "%", True))  # fmt: skip
    note = "Errors of one standard deviation; of the limit, what it loses without the source."
    tables = []
    for r in records:
        rows: list[tuple[Cell, ...]] = [
            (
                str(row["source"]),
                Measured(row["background_events"] or None, digits=2),
                Measured(100 * row["acceptance"] if row["acceptance"] > LEAST else None, digits=2),
                Measured(round(100 * row["effect_on_limit"], 3), digits=2),
            )
            for row in r.details.get("ranking", ())
            if row["background_events"] or row["acceptance"] > LEAST
        ]
        if rows:
            name, title = f"systematics_{r.search}_{r.dataset}", f"{r.search} {r.dataset}: sources of error"
            tables.append(ResultTable(name, title, columns, tuple(rows), note))
    return tables
