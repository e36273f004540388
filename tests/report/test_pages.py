"""Pages of tables: every cell of every table is there, as text."""

from __future__ import annotations

from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.report.exports import markdown
from rarekaon.analysis.report.pages import ORIGIN, write_pages
from rarekaon.analysis.report.table import Column, ResultTable
from rarekaon.analysis.report.tables import background_tables, comparison_table, limits_table


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_a_page_has_the_cells_of_its_table_in_their_order():
    columns = (Column("mode"), Column("signal", numbers=True))
    table = ResultTable("modes", "Two modes", columns, (("K+ -> pi+ pi+ pi-", "1.5(3)"), ("total", 2)))
    heading, _, header, rule, *rows = markdown(table).split("\n")
    assert heading == "## Two modes"
    assert cells(header) == ["mode", "signal"]
    assert rule == "|---|---:|"
    assert [cells(row) for row in rows] == [["K+ -> pi+ pi+ pi-", "1.5(3)"], ["total", "2"]]


def test_what_would_end_a_cell_is_escaped_and_brackets_are_kept():
    table = ResultTable("x", "x", (Column("|m2|", "GeV2"),), (("9.2 [8.6]",),))
    assert markdown(table).split("\n")[2:] == [r"| \|m2\| [GeV2] |", "|---|", "| 9.2 [8.6] |"]


def test_published_cells_stand_beside_the_expected_ones(tmp_path):
    rows = [
        BackgroundRow("pi_ee", "2017", "lower", "K+ -> pi+ pi+ pi-", 1.4, 0.1, 0.0, 0.9, 0.2),
        BackgroundRow("pi_ee", "2017", "lower", "total", 1.4, 0.1, 0.0, 0.9, 0.2, observed=3, observed_weight=1.0),
    ]
    pages = {"backgrounds": background_tables(rows), "limits": [limits_table([], 0.9), comparison_table([], [])]}
    background, limits = write_pages(tmp_path / "pages", pages)
    assert (background.name, limits.name) == ("backgrounds.md", "limits.md")
    text = background.read_text()
    assert text.startswith(f"# Backgrounds\n\n{ORIGIN}\n\n## pi_ee 2017: expected background [published]\n")
    assert "| K+ -> pi+ pi+ pi- | 1.40(10) [0.90(20)] |" in text
    assert "| data | 3 |" in text
    assert limits.read_text().count("\n## ") == 2
