"""Decisions, glossary, changelog: each page has its parts, and what it points to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
PAGES = [p for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if "results" not in p.relative_to(ROOT).parts]
MOST_WORDS = 400


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:3]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert len(DECISIONS) >= 15


@pytest.mark.parametrize("path", DECISIONS, ids=relative)
def test_a_decision_is_one_page_with_its_parts(path: Path) -> None:
    text = path.read_text()
    assert len(text.split()) < MOST_WORDS
    assert re.match(rf"# {int(path.name[:3])}\. \S", text)
    assert re.search(r"^- Status: (proposed|accepted|superseded by \d+)$", text, re.MULTILINE)
    assert re.search(r"^- Date: \d{4}-\d\d-\d\d(, last changed \d{4}-\d\d-\d\d)?$", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]


@pytest.mark.parametrize("index", ["docs/decisions/README.md", "ARCHITECTURE.md"])
def test_an_index_names_every_decision(index: str) -> None:
    rows = re.findall(r"^\| \[(\d+)\]\(.*?(\d{3})-[^)]*\) \| (.+?) \|", (ROOT / index).read_text(), re.MULTILINE)
    titles = [path.read_text().splitlines()[0].removeprefix("# ").split(". ", 1) for path in DECISIONS]
    assert [(number, title) for number, _, title in rows] == [(number, title) for number, title in titles]
    assert [int(file) for _, file, _ in rows] == [int(number) for number, _ in titles]


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_word_of_the_glossary_is_explained_once() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/glossary.md").read_text().splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| word"))
    ]
    assert [row for row in rows if len(row) != 4 or not all(row)] == []
    words = [row[0] for row in rows]
    assert sorted(words) == sorted(set(words))


GLOSSARY = re.split(r"^## ", (ROOT / "docs/glossary.md").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("part", GLOSSARY, ids=lambda part: part.split("\n", 1)[0])
def test_a_part_of_the_glossary_is_read_at_one_sitting(part: str) -> None:
    assert len(part.split()) < MOST_WORDS


def test_the_changelog_has_a_table_of_changed_results_for_every_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert versions[0].startswith("Unreleased\n")
    for version in versions:
        name = version.split("\n", 1)[0]
        assert re.fullmatch(r"Unreleased|\d+\.\d+\.\d+", name)
        changed = re.findall(r"^### Results changed$(.*?)(?=^###|\Z)", version, re.MULTILINE | re.DOTALL)
        assert len(changed) == 1, name
        assert changed[0].strip() == "None." or changed[0].count("|---") >= 1, name
