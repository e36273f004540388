"""The page of a run: whole in one file, readable without sight of its figures, and alive in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.report import command as report
from rarekaon.analysis.report.exports import csv_text
from rarekaon.analysis.report.page import Part, Picture, write_page
from rarekaon.analysis.report.table import Column, Measured, ResultTable
from rarekaon.analysis.results.records import Limits

QUICK = Path(__file__).resolve().parents[2] / "results/quick"
BROWSERS = [name for name in ("chromium-headless-shell", "chromium", "chromium-browser") if shutil.which(name)][:1]
"""The first browser of Debian's packages that there is; without one its test is reported as skipped."""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501"
    "0127 18e3660000000049454e44ae426082".replace(" ", "")
)
TABLE = ResultTable(
    "t", "Limits <b>", (Column("search"), Column("limit", "", True)),
    (("b", Measured(2e-9)), ("a & c", Measured(1e-9)), ("c", Measured(None)), ("d", Measured(3e-11))),
)  # fmt: skip


class Tags(HTMLParser):
    """All tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "x.png").write_bytes(PIXEL)
    part = Part("Results", [TABLE], [Picture(tmp_path / "x.png", "what is drawn")])
    return write_page(tmp_path / "index.html", "A run", "In short", ["a warning"], [part])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    arguments = [
        "pi_mu_e",
        "--quick",
        "--limits",
        str(QUICK / "limits.json"),
        "--histograms",
        str(QUICK / "histograms"),
    ]
    done = CliRunner().invoke(report, [*arguments, "-o", str(place), "--pages", str(place / "pages")])
    assert done.exit_code == 0, done.output
    return place / "index.html"


def test_nothing_comes_from_elsewhere(page: Path) -> None:
    for tag, attributes in Tags(page.read_text()).found:
        assert tag not in {"link", "iframe", "base"}
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)


def test_every_figure_is_told_in_words_and_every_table_named(page: Path) -> None:
    tags = Tags(page.read_text()).found
    images = [a for tag, a in tags if tag == "img" and a["src"] != "data:,"]
    assert images
    assert all(a["alt"] for a in images)
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags)
    assert ("html", {"lang": "en"}) in tags


def test_the_page_is_small_and_says_what_it_is_of(page: Path) -> None:
    text = page.read_text()
    assert len(text) < 15_000_000
    for title in ("Results", "pi_mu_e 2022", "Validation", "Open boxes", "Inputs"):
        assert f">{title}</h2>" in text
    assert "1/10 of the exposure" in text
    for record in Limits.read(QUICK / "limits.json").limits:
        if record.upper_limit is not None:
            assert repr(record.upper_limit) in text


def test_figures_and_tables_are_beside_it(page: Path) -> None:
    names = {p.name for p in (page.parent / "figures").iterdir()}
    assert {"pi_mu_e_2022_signal.png", "pi_mu_e_2022_signal.pdf", "mu_n_2016-2018_limits.pdf"} <= names
    assert {p.suffix for p in (page.parent / "tables").iterdir()} == {".csv", ".tex", ".md"}
    assert (page.parent / "tables.txt").stat().st_size > 10_000


def test_a_table_is_copied_with_all_digits(small: Path) -> None:
    (data,) = re.findall(r'data-csv="([^"]*)"', small.read_text())
    assert html.unescape(data) == csv_text(TABLE)
    assert "2e-09" in csv_text(TABLE)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("link", "ground"), [("#0645ad", "#ffffff"), ("#8ab4f8", "#121212")])
def test_links_have_contrast(link: str, ground: str, small: Path) -> None:
    """4.5 to 1, WCAG 2.1 success criterion 1.4.3, in light and in dark."""
    assert link in small.read_text()
    light, dark = sorted((luminance(link), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("browser", BROWSERS)
def test_in_a_browser_tables_sort_and_figures_enlarge(small: Path, browser: str) -> None:
    """Clicks are made by a script at the end of the page, in a browser without a screen."""
    clicks = """
    const heads = document.querySelectorAll("th button"), names = () => [...document.querySelectorAll("td:first-child")]
      .map((td) => td.textContent);
    const seen = {};
    heads[1].click(); seen.up = names(); heads[1].click(); seen.down = names(); heads[0].click(); seen.text = names();
    document.querySelector("figure button").click();
    seen.open = document.querySelector("dialog").open; seen.alt = document.querySelector("dialog img").alt;
    document.querySelector("dialog").click(); seen.closed = !document.querySelector("dialog").open;
    seen.wide = document.documentElement.scrollWidth <= window.innerWidth;
    document.body.innerHTML = "<pre>" + JSON.stringify(seen) + "</pre>";
    """
    tried = small.with_name("tried.html")
    tried.write_text(small.read_text().replace("</body>", f"<script>{clicks}</script></body>"))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=400,800", "--dump-dom"]
    done = subprocess.run([*command, tried.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    seen = json.loads(html.unescape(re.findall(r"<pre>(.*)</pre>", done.stdout)[0]))
    assert seen["up"][:3] == ["d", "a & c", "b"]
    assert seen["down"][-3:] == ["b", "a & c", "d"] or seen["down"][:1] == ["c"]
    assert seen["text"] == ["a & c", "b", "c", "d"]
    assert (seen["open"], seen["alt"], seen["closed"], seen["wide"]) == (True, "what is drawn", True, True)
