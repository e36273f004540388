"""Tables: numbers as they are rounded in papers, 80 columns without a cut, exports with all digits, parts scaled."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.limits.from_publications import compare_with_published, limits_from_published, not_recomputable
from rarekaon.analysis.report.exports import csv_text, latex, markdown
from rarekaon.analysis.report.table import Column, Measured, ResultTable, plain
from rarekaon.analysis.report.tables import (
    background_tables,
    comparison_table,
    limits_table,
    part_of_exposure,
    sensitivities_table,
    shares,
)
from rarekaon.analysis.results.records import Limits

ROOT = Path(__file__).resolve().parents[2]
QUICK = ROOT / "results/quick"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.13e-11, 1.1e-12, "1.13(11)e-11"),
        (1258.0, None, "1260"),
        (813.08, 113.55, "810(110)"),
        (2.1335, 0.2588, "2.13(26)"),
        (0.0, 3.2, "0.0(3.2)"),
        (0.0432, None, "0.0432"),
        (99.96, 0.0996, "99.96(10)"),
        (1.0156e12, 0.0123e12, "1.016(12)e12"),
        (-0.88, 0.2, "-0.88(20)"),
        (None, None, "-"),
        (0.0, None, "0"),
        (5e-324, None, "4.94e-324"),
    ],
)
def test_numbers_are_rounded_by_their_error(value: float | None, error: float | None, text: str) -> None:
    assert str(Measured(value, error)) == text


@given(st.floats(1e-200, 1e200), st.floats(1e-3, 1e3))
def test_what_is_written_is_the_number_within_its_rounding(value: float, relative: float) -> None:
    error = value * relative
    text, power = Measured(value, error).parts
    written = text.partition("(")[0]
    decimals = len(written.partition(".")[2])
    inside = text.partition("(")[2].rstrip(")")
    shown = float(inside) if "." in inside or not decimals else float(inside) / 10**decimals
    assert float(written) * 10.0**power == pytest.approx(value, abs=0.051 * error, rel=1e-12)
    assert shown * 10.0**power == pytest.approx(error, rel=0.051)


TABLES = [
    *background_tables([BackgroundRow("s", "d", f"region {i}", "K+ -> pi+ pi0, pi0 -> e+ e- gamma", 1.5e-11, 1e-12,
                                      0.0, 1.4, 0.2) for i in range(5)]),
    limits_table(limits_from_published(), 0.9),
    sensitivities_table(limits_from_published()),
    comparison_table(compare_with_published(), not_recomputable()),
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_eighty_columns_hold_every_cell(table: ResultTable) -> None:
    """Nothing is cut: all characters of all cells are on the terminal, folded where need be."""
    stream = StringIO()
    Console(width=80, file=stream).print(table)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text

    def letters(t: str) -> int:
        return sum(not c.isspace() and c != "─" for c in t)

    cells = [
        table.title,
        table.note,
        *(c.heading for c in table.columns),
        *(plain(c) for row in table.rows for c in row),
    ]
    assert letters(text) == sum(map(letters, cells))


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_exports_hold_every_row(table: ResultTable) -> None:
    rows = list(csv.reader(StringIO(csv_text(table))))
    assert len(rows) == len(table.rows) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert markdown(table).count("\n| ") == len(table.rows) + 1
    assert latex(table).count(r"\\") == len(table.rows) + 1


def test_comma_separated_numbers_have_all_their_digits() -> None:
    table = ResultTable("t", "T", (Column("mass", "MeV", True), Column("limit", "", True)),
                  ((Measured(200.0), (Measured(1 / 3, 1 / 7), Measured(2.0))),
                   (Measured(201.0), Measured(5.0, below=True))))  # fmt: skip
    header, first, second = csv.reader(StringIO(csv_text(table)))
    assert header == ["mass [MeV]", "limit", "limit error", "limit (2)"]
    assert [float(x) for x in first] == [200.0, 1 / 3, 1 / 7, 2.0]
    assert second == ["201.0", "<5.0", "", ""]


def test_a_part_of_the_exposure_is_said_and_published_counts_are_scaled() -> None:
    (whole,) = [r for r in limits_from_published() if (r.search, r.dataset) == ("pi_ee", "2016-2018")]
    tenth = replace(whole, origin="events", details={"exposure": 0.1})
    assert shares([tenth, whole]) == {("pi_ee", "2016-2018"): 0.1}
    table = limits_table([tenth, whole], 0.9)
    assert "1/10 of the exposure" in table.note
    names = [column.name for column in table.columns]
    published = [row[names.index("published, ratio")] for row in table.rows]
    assert [plain(cell) for cell in published] == ["-", "5.3e-11\n0.991"]
    rows = [BackgroundRow("pi_ee", "2016-2018", "lower", "total", 0.75, 0.14, 0.0, 8.6, 0.9)]
    (table,) = background_tables(rows, shares([tenth]))
    assert table.rows[0][1] == (Measured(0.75, 0.14), "[0.860(90)]")


def test_modes_without_events_are_limits() -> None:
    (table,) = background_tables([BackgroundRow("s", "d", "lower", "K+ -> pi+ pi+ pi-", 0.0, 3.2, 0.0)])
    assert str(table.rows[0][1]) == "<3.2"


def test_quick_results_say_that_they_are_a_tenth() -> None:
    found = shares(Limits.read(QUICK / "limits.json").limits)
    if not found:  # results of before this was recorded
        pytest.fail("run `make limits QUICK=1` first (`make test` does)")
    assert {part_of_exposure(share) for share in found.values()} == {"1/10 of the exposure"}
    assert json.loads((QUICK / "limits.json").read_text())
