"""What the page of a run says: results, then search by search, then what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rarekaon.analysis.report.page import Part, Picture, exposure_table, provenance_tables, warnings_of, write_page
from rarekaon.analysis.report.table import ResultTable
from rarekaon.analysis.report.tables import part_of_exposure, shares
from rarekaon.analysis.results.records import Limits
from rarekaon.analysis.search.channels import searches


def write_run_page(
    path: Path,
    found: Limits,
    record: Mapping[str, Any],
    tables: Mapping[str, Sequence[ResultTable]],
    pictures: Mapping[tuple[str, str], Sequence[Picture]],
) -> Path:
    """Write the page: `tables` as `kaon report` has them by page, `pictures` by search and data set.

    `record` is the content of `run.json`; figures without a search have the key ("", "").
    """
    parts = [Part("Results", tables["limits"], pictures.get(("", ""), ()))]
    for group in searches().values():
        for search in group:
            own = [*_of(tables["backgrounds"], search.name, search.dataset, "background")]
            own += _of(tables["systematics"], search.name, search.dataset, "systematics")
            own += _of(tables["controls"], search.name, search.dataset, "controls")
            cutflows = _of(tables["cutflows"], search.name, search.dataset, "cutflow")
            figures = pictures.get((search.name, search.dataset), ())
            if own or figures:
                text = f"{search.title}. {search.paper}. " + " ".join(search.notes.values())
                parts.append(Part(f"{search.name} {search.dataset}", own, figures, text.strip(), cutflows))
    parts.append(Part("Validation", tables["acceptances"], text="Simulation beside every published number."))
    parts.append(Part("Open boxes", tables["open_boxes"], text="Who opened what, when and why."))
    inputs = [*provenance_tables(found.provenance), exposure_table(record.get("samples", {}))]
    closure = record.get("closure", {})
    read = (
        "{events:,} simulated events and all data of {files} files in {chunks} chunks, each processed once.".format(
            **closure
        )
        if closure
        else ""
    )
    parts.append(Part("Inputs", inputs, text=read))
    scaled: dict[str, list[str]] = {}
    for (name, dataset), share in shares(found.limits).items():
        scaled.setdefault(part_of_exposure(share), []).append(f"{name} {dataset}")
    notes = [f"Data of {share}: {', '.join(names)}." for share, names in scaled.items()]
    number = len({(r.search, r.dataset) for r in found.limits})
    summary = f"Upper limits at {found.confidence_level:.0%} CL of {number} searches and data sets."
    return write_page(path, "rarekaon: a run", summary, warnings_of(record, notes), parts)


def _of(tables: Sequence[ResultTable], name: str, dataset: str, kind: str) -> list[ResultTable]:
    """The tables of a search in a data set; of one that has all searches, its rows."""
    if kind == "controls":
        (table,) = tables
        rows = tuple(row for row in table.rows if row[:2] == (name, dataset))
        columns = table.columns[2:]
        kept = tuple(row[2:] for row in rows)
        return [ResultTable(f"controls_{name}_{dataset}", table.title, columns, kept, table.note)] if rows else []
    return [t for t in tables if t.name == f"{kind}_{name}_{dataset}" or t.name.startswith(f"{kind}_{name}_{dataset}_")]
