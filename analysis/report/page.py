"""A run on one page: `index.html` with everything in it, for a browser without a network.

Figures are inside as PNG, tables sort and are copied as comma-separated values with all digits.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from rarekaon.analysis.report.exports import csv_text, html_cell, sort_key
from rarekaon.analysis.report.table import Column, ResultTable
from rarekaon.analysis.results.records import write_text

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Picture:
    """A figure that was written."""

    path: Path
    """The PNG file."""
    text: str
    """What it shows, in words: its caption, and all that somebody has who does not see it."""


@dataclass(frozen=True)
class Part:
    """A section of the page."""

    title: str
    """Its heading."""
    tables: Sequence[ResultTable] = ()
    """Its tables."""
    pictures: Sequence[Picture] = ()
    """Its figures."""
    text: str = ""
    """What stands below the heading."""
    folded: Sequence[ResultTable] = ()
    """Tables that are opened when somebody wants them."""


def write_page(path: Path, title: str, summary: str, warnings: Sequence[str], parts: Sequence[Part]) -> Path:
    """Write the page, atomically."""
    links = "".join(f'<a href="#{_anchor(part.title)}">{escape(part.title)}</a>' for part in parts)
    warned = "".join(f"<li>{escape(text)}</li>" for text in warnings)
    content = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{(HERE / "page.css").read_text()}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(summary)}</p></header>
<nav aria-label="Sections">{links}</nav>
{f'<ul class="warnings" aria-label="Warnings">{warned}</ul>' if warned else ""}
<main>
{"".join(map(_part, parts))}
</main>
<dialog aria-label="Figure"><img alt="" src="data:,"><p>Escape or a click closes.</p></dialog>
<script>{(HERE / "page.js").read_text()}</script>
</body>
</html>
"""
    write_text(path, content)
    return path


def _anchor(title: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def _part(part: Part) -> str:
    pictures = "".join(map(_figure, part.pictures))
    folded = "".join(_table(table) for table in part.folded)
    return f"""<section id="{_anchor(part.title)}"><h2>{escape(part.title)}</h2>
{f"<p>{escape(part.text)}</p>" if part.text else ""}
{f'<div class="figures">{pictures}</div>' if pictures else ""}
<div class="tables">{"".join(map(_table, part.tables))}</div>
{f'<details><summary>Cutflows</summary><div class="tables">{folded}</div></details>' if folded else ""}
</section>
"""


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.path.read_bytes()).decode()
    text = escape(picture.text)
    image = f'<img loading="lazy" alt="{text}" src="data:image/png;base64,{data}">'
    return f'<figure><button aria-label="Enlarge: {text}">{image}</button><figcaption>{text}</figcaption></figure>'


def _table(table: ResultTable) -> str:
    def kind(column: Column) -> str:
        return ' class="n"' if column.numbers else ""

    heads = "".join(
        f'<th scope="col"{kind(c)}><button type="button">{escape(c.heading)}</button></th>' for c in table.columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td{kind(column)} data-sort="{escape(sort_key(cell))}">{html_cell(cell)}</td>'
            for column, cell in zip(table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    wide = " wide" if len(table.columns) > 6 else ""
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return f"""<div class="table{wide}" tabindex="0" role="region" aria-label="{escape(table.title)}">
<table><caption>{escape(table.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{note}
<button type="button" class="copy" data-csv="{escape(csv_text(table))}">copy as CSV</button></div>
"""


def provenance_tables(provenance: Mapping[str, Any]) -> list[ResultTable]:
    """What a result was computed from: code, facts, versions, inputs."""
    made = {**provenance, **provenance.get("histograms", {})}
    plain: list[tuple[str, str]] = [
        (name, str(made[name])) for name in ("revision", "code", "datasets") if isinstance(made.get(name), str)
    ]
    plain += [(f"{name} (version)", str(version)) for name, version in made.get("versions", {}).items()]
    volatile = made.get("volatile", {})
    plain += [(name, str(volatile[name])) for name in ("date", "platform") if name in volatile]
    inputs = tuple(
        (i["sample"], i["name"], i["events"], i["size"], i["uuid"])
        for i in made.get("inputs", ())
        if isinstance(i, dict)
    )
    columns = (
        Column("sample"),
        Column("file"),
        Column("events", "", True),
        Column("size", "byte", True),
        Column("UUID"),
    )
    return [
        ResultTable("provenance", "Code, facts and versions", (Column("what"), Column("value")), tuple(plain)),
        ResultTable("inputs", "Files that were read", columns, inputs),
    ]


def exposure_table(samples: Mapping[str, Mapping[str, float]]) -> ResultTable:
    """What the samples of a run stand for."""
    names = ("sample", "kind", "events", "simulated decays", "bursts")
    columns = tuple(Column(name, "", name not in {"sample", "kind"}) for name in names)
    rows = tuple(
        (
            name,
            "simulation" if s["simulated"] else "data",
            round(s["events"]) if s["simulated"] else "-",
            round(s["generated"]),
            round(s["bursts"]),
        )
        for name, s in samples.items()
    )
    return ResultTable("samples", "Samples", columns, rows)


def warnings_of(record: Mapping[str, Any], notes: Iterable[str]) -> list[str]:
    """What a reader must know: parts of the exposure, files and bursts left out, a changed tree."""
    found = [text for text in dict.fromkeys(notes) if text]
    found += [f"Missing in {m['sample']}: {m['reason']}" for m in record.get("missing", ())]
    found += list(record.get("notes", ()))
    revision = str(record.get("provenance", {}).get("revision") or "")
    if revision.endswith("+"):
        found.append(f"The sources differed from revision {revision[:-1][:12]} when the histograms were made.")
    return found
