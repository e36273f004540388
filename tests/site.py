"""Hooks of the documentation site (`mkdocs.yml`, `make site`): what is written elsewhere becomes its pages.

Documents at the top of the repository, the event contract, the declared searches, the docstrings of every room and the
figures of the last run keep their one place; the site shows them from there.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from rarekaon.analysis.cli.schema import as_markdown
from rarekaon.analysis.cli.searches import region_text
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Search, Selection

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "findings/README.md": "findings.md",
    "datasets/README.md": "facts.md",
    "datasets/published/README.md": "published.md",
}
"""Documents outside docs/, and their pages."""
FIGURES = (ROOT / "results/report/figures", ROOT / "results/quick/report/figures")
"""Where runs leave figures; the first that is there is shown."""
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
NAMED = re.compile(r"(?<![\[`])`((?:docs/|datasets/|findings/)?[A-Za-z0-9_/-]+\.md)`")
"""A document that is named, not linked."""
MATHS = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


class Examples(Preprocessor):
    """Examples of doctest are code, also where docstrings do not indent them."""

    def run(self, lines: list[str]) -> list[str]:
        found: list[str] = []
        margin: int | None = None
        for line in lines:
            start = re.match(r" {0,3}(?=>>> )", line)
            if margin is None and start:
                margin = start.end()
                found.append("")
            elif not line.strip():
                margin = None
            found.append(line if margin is None else " " * 4 + line[margin:])
        return found


class ExamplesExtension(Extension):
    """`Examples`, behind the unification of line ends and before code fences are looked for."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.preprocessors.register(Examples(md), "examples", 29)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give the written pages their places in the navigation."""
    config.markdown_extensions.append(ExamplesExtension())  # type: ignore[arg-type]
    config.nav = _filled(config.nav, {uri: None for uri in (*_search_pages(), *_reference_pages())})
    return config


def _filled(nav: Any, pages: dict[str, None]) -> Any:
    """Folders in the navigation, "name/", with the pages in them."""
    if isinstance(nav, list):
        return [_filled(entry, pages) for entry in nav]
    if isinstance(nav, dict):
        return {title: _filled(entry, pages) for title, entry in nav.items()}
    if not nav.endswith("/"):
        return nav
    kept = sorted(p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs" / nav).glob("*.md"))
    inside = [uri for uri in (*kept, *pages) if uri.startswith(nav)]
    return sorted(inside, key=lambda uri: (not uri.endswith(("README.md", "index.md")), uri))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, uri in OUTSIDE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))
    written = {
        "event-contract.md": as_markdown(True),
        "gallery.md": _gallery(),
        **_search_pages(),
        **_reference_pages(),
    }
    for uri, text in written.items():
        files.append(File.generated(config, uri, content=text))
    for path in _pictures():
        files.append(File.generated(config, f"gallery/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that lead somewhere in the repository, from where the document stands in it, lead there from the site."""
    pages = {uri: source for source, uri in OUTSIDE.items()}
    here = page.file.src_uri
    source = pages.get(here, f"docs/{here}")

    def linked(target: str, anchor: str) -> str:
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        uri = OUTSIDE.get(wanted) or (wanted.removeprefix("docs/") if wanted.startswith("docs/") else "")
        if uri and files.get_file_from_path(uri):
            return posixpath.relpath(uri, posixpath.dirname(here) or ".") + anchor
        if (ROOT / wanted).exists():
            return f"{config.repo_url}/blob/main/{wanted}{anchor}"
        return target + anchor

    def named(found: re.Match[str]) -> str:
        uri = OUTSIDE.get(found[1]) or found[1].removeprefix("docs/")
        known = (found[1].startswith("docs/") or found[1] in OUTSIDE) and files.get_file_from_path(uri)
        if not known or uri == here:
            return found[0]
        return f"[{found[0]}]({posixpath.relpath(uri, posixpath.dirname(here) or '.')})"

    if here in {"event-contract.md", "gallery.md"} or here.startswith(("searches/", "reference/")):
        return markdown
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    for i in range(0, len(parts), 2):
        text = LINK.sub(lambda found: f"]({linked(found[1], found[2] or '')})", parts[i])
        parts[i] = NAMED.sub(named, text)
    return "".join(parts)


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulae as MathML, which browsers draw by themselves."""

    def drawn(found: re.Match[str]) -> str:
        return str(convert(html.unescape(found[2]), display="block" if found[1] == "div" else "inline"))

    return MATHS.sub(drawn, content)


def _search_pages() -> dict[str, str]:
    """One page a channel's search, from its declaration."""
    pages = {f"searches/{name}.md": "\n".join(_search_page(name, group)) for name, group in searches().items()}
    rows = "\n".join(
        f"| [{name}]({name}.md) | {group[0].title} | {', '.join(s.dataset for s in group)} | {group[0].paper} |"
        for name, group in searches().items()
    )
    head = "# Searches\n\nWritten from the channel files in `processors/`, as `kaon searches` prints them.\n\n"
    return {"searches/index.md": f"{head}| search | decay | data sets | paper |\n|---|---|---|---|\n{rows}\n", **pages}


def _search_page(name: str, group: tuple[Search, ...]) -> Iterator[str]:
    yield f"# {name}: {group[0].title}"
    for search in group:
        yield f"\n## {search.dataset}\n\n{search.title}. {search.paper}.\n"
        yield f"Samples: {', '.join(f'`{sample}`' for sample in search.samples.all)}.\n"
        yield from (f"- Note on {topic}: {text}" for topic, text in search.notes.items())
        for selection in search.selections:
            yield from _selection_tables(search, selection)


def _selection_tables(search: Search, selection: Selection) -> Iterator[str]:
    yield f"\n### {selection.name}, {search.dataset}\n\n{selection.decay}; trigger {' or '.join(selection.triggers)}.\n"
    yield f"| cut | |\n|---|---|\n| identification | {selection.identified_as} |"
    for cut in selection.cuts:
        inside = cut.name.removeprefix(cut.quantity.title).strip()
        yield f"| {cut.quantity.title} | {inside} |".replace("<", "&lt;")
    yield "\n| region | kind | |\n|---|---|---|"
    for region in selection.regions:
        kind = "signal, masked" if region.signal else "masked" if region.masked else "control"
        yield f"| {region.name} | {kind} | {region_text(selection, region)} |".replace("<", "&lt;")


def _reference_pages() -> dict[str, str]:
    """One page a room, from the docstrings of its modules."""
    pages = {}
    for room in sorted(p.parent for p in (ROOT / "analysis").glob("*/__init__.py")):
        modules = [p for p in sorted(room.rglob("*.py")) if not p.stem.startswith("_")]
        names = [".".join(("rarekaon", *p.relative_to(ROOT).with_suffix("").parts)) for p in modules]
        shown = f"::: rarekaon.analysis.{room.name}\n    options: {{members: false, show_root_heading: false}}"
        parts = (f"# analysis.{room.name}", shown, *(f"::: {name}" for name in names))
        pages[f"reference/{room.name}.md"] = "\n\n".join(parts) + "\n"
    rows = "\n".join(f"- [analysis.{Path(uri).stem}]({Path(uri).name})" for uri in pages)
    head = "# Python\n\nEvery room of the package; `ARCHITECTURE.md` says who knows whom.\n\n"
    return {"reference/index.md": f"{head}{rows}\n", **pages}


def _pictures() -> list[Path]:
    place = next((place for place in FIGURES if place.is_dir()), None)
    return sorted(place.glob("*.png")) if place else []


def _gallery() -> str:
    """The figures of the last run, by search."""
    head = "# Gallery\n\nThe figures that `make report` drew from the last run here; full samples before quick ones."
    pictures = _pictures()
    if not pictures:
        return f"{head}\n\nThere is none yet.\n"
    return (
        "\n\n".join([head, *(f"![{p.stem.replace('_', ' ')}](gallery/{p.name}){{ loading=lazy }}" for p in pictures)])
        + "\n"
    )
