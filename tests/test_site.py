"""The documentation site: built without a warning, its links lead somewhere, nothing is loaded from elsewhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown import markdown

from rarekaon.analysis.search.channels import searches
from tests.site import OUTSIDE, ExamplesExtension

ROOT = Path(__file__).resolve().parents[1]
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""What a browser fetches when it opens a page."""


class Tags(HTMLParser):
    """All tags with their attributes, and the names that links can point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.names: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.found.append((tag, attributes))
        self.names |= {attributes.get("id"), attributes.get("name")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Tags]:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path: Tags(path.read_text()) for path in sorted(place.rglob("*.html"))}


def test_every_link_leads_to_a_page_and_a_place_in_it(site: dict[Path, Tags]) -> None:
    broken = []
    for path, tags in site.items():
        for tag, attributes in tags.found:
            target = urlsplit(attributes.get("href" if tag in {"a", "link"} else "src") or "")
            if target.scheme or target.netloc or path.name == "404.html":
                continue
            wanted = (path.parent / unquote(target.path)).resolve() if target.path else path
            if not wanted.exists() or (
                target.fragment and wanted in site and unquote(target.fragment) not in site[wanted].names
            ):
                broken.append((path.name, target.geturl()))
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: dict[Path, Tags]) -> None:
    for path, tags in site.items():
        for tag, attributes in tags.found:
            loaded = attributes.get(LOADED.get(tag, "")) or ""
            assert not urlsplit(loaded).netloc or attributes.get("rel") == "canonical", (path.name, loaded)


def test_every_part_has_its_page(site: dict[Path, Tags]) -> None:
    (home,) = [path for path in site if path.name == "index.html" and (path.parent / "404.html").exists()]
    names = {path.relative_to(home.parent).with_suffix(".md").as_posix() for path in site}
    assert names >= set(OUTSIDE.values())
    assert names >= {f"searches/{name}.md" for name in searches()}
    assert names >= {f"reference/{p.parent.name}.md" for p in (ROOT / "analysis").glob("*/__init__.py")}
    documents = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")}
    assert names >= {name.replace("README.md", "index.md") for name in documents}
    assert any(tag == "math" for path in site for tag, _ in site[path].found)


def test_examples_of_docstrings_are_code() -> None:
    text = "Says a number.\n>>> 1 + 1\n2\n\nThat is all."
    shown = markdown(text, extensions=[ExamplesExtension()])
    assert shown == "<p>Says a number.</p>\n<pre><code>&gt;&gt;&gt; 1 + 1\n2\n</code></pre>\n<p>That is all.</p>"
