"""The tables of `kaon validate`: what the papers publish and what comes out of the simulation."""

from __future__ import annotations

from collections.abc import Sequence

from rarekaon.analysis.limits.validation import MODEL_ERRORS, ValidationRow
from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable

TUNED = "looked at while tuning"


def validation_tables(rows: Sequence[ValidationRow]) -> list[ResultTable]:
    """One table a search and data set, and one that says by kind of quantity how well those agree that were never
    looked at.
    """
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
    pull = Measured(row.pull(), digits=2)
    return row.quantity, row.unit, published, simulated, Measured(row.ratio), pull, TUNED if row.tuned else ""


def _summary(rows: Sequence[ValidationRow]) -> ResultTable:
    names = ("all", TUNED, "never looked at", "of these, published to 100%")
    columns = (
        Column("kind"),
        *(Column(name, "", True) for name in names),
        Column("chi2 a row, the others", "", True),
        Column("with model error", "", True),
    )
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in MODEL_ERRORS}
    body = tuple(_counted(kind, some) for kind, some in {**kinds, "all": rows}.items() if some)
    return ResultTable("acceptances", "Quantities", columns, body)


def _counted(kind: str, rows: Sequence[ValidationRow]) -> tuple[Cell, ...]:
    """Numbers of rows, and the mean squared pull of those that decide: never looked at, published well enough."""
    blind = [row for row in rows if not row.tuned]
    decide = [row for row in blind if not row.undecided]
    plain = [row.pull() for row in decide]
    granted = [row.pull(MODEL_ERRORS[row.kind]) for row in decide]
    chi2 = (Measured(_mean_square(pulls), digits=2) for pulls in (plain, granted))
    return kind, len(rows), len(rows) - len(blind), len(blind), len(blind) - len(decide), *chi2


def _mean_square(pulls: Sequence[float | None]) -> float | None:
    known = [pull for pull in pulls if pull is not None]
    return sum(pull * pull for pull in known) / len(known) if known else None
