"""`kaon report`: tables and figures of everything in `results/`."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, LIMITS, Command, output, place, quick
from rarekaon.analysis.cli.voice import note


@click.command("report", cls=Command)
@LIMITS
@HISTOGRAMS
@output("results/report", directory=True)
@place("pages", "results/report/pages", "Where the tables go as Markdown pages.")
@quick("Fewer toys in the coverage studies")
def command(limits: Path, histograms: Path, output: Path, pages: Path, quick: bool) -> None:
    """Write tables, spectra of every search, coverage studies and the HistFactory workspaces."""
    from io import StringIO

    from rich.console import Console

    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.from_publications import compare_with_published, not_recomputable
    from rarekaon.analysis.limits.inference import limits_from_events
    from rarekaon.analysis.limits.ratios import controls_from_events
    from rarekaon.analysis.limits.search_histograms import SearchHistograms
    from rarekaon.analysis.limits.validation import validate
    from rarekaon.analysis.limits.workspaces import events_export, published_exports, write_export
    from rarekaon.analysis.report.coverage import draw_coverage
    from rarekaon.analysis.report.exports import write_tables
    from rarekaon.analysis.report.pages import write_pages
    from rarekaon.analysis.report.spectra import write_spectra
    from rarekaon.analysis.report.tables import (
        background_tables,
        comparison_table,
        controls_table,
        cutflow_tables,
        limits_table,
        sensitivities_table,
        shares,
    )
    from rarekaon.analysis.report.validation import validation_tables
    from rarekaon.analysis.results.records import Limits, write_text
    from rarekaon.analysis.search.channels import searches
    from rarekaon.analysis.search.inference import Counting

    found = Limits.read(limits)
    stores = {path.stem: load(path) for path in sorted(histograms.glob("*.zip"))}
    rows = with_published_rows(limits_from_events(stores, found.confidence_level).rows)
    console = Console(width=100, file=StringIO(), record=True)
    comparison = comparison_table(compare_with_published(), not_recomputable())
    tables = {
        "limits": [sensitivities_table(found.limits), limits_table(found.limits, found.confidence_level), comparison],
        "backgrounds": background_tables(rows, shares(found.limits)),
        "controls": [controls_table(controls_from_events(stores), shares(found.limits))],
        "acceptances": validation_tables(validate(stores)),
        "cutflows": [],
    }
    for name, samples in stores.items():
        for search in searches()[name]:
            booked = SearchHistograms(search, samples)
            tables["cutflows"] += cutflow_tables(booked)
            for path in write_spectra(booked, output):
                note(f"drawn {path}")
            if isinstance(search.inference, Counting):
                write_export(output / f"workspace_{name}_{search.dataset}_events.json", events_export(booked))
    for (search_name, dataset), exported in published_exports().items():
        write_export(output / f"workspace_{search_name}_{dataset}_published.json", exported)
    for path in draw_coverage(output, quick=quick):
        note(f"drawn {path}")
    for table in (table for page in tables.values() for table in page):
        console.print(table)
    write_text(output / "tables.txt", console.export_text())
    write_tables(output / "tables", [table for page in tables.values() for table in page])
    for path in (output / "tables.txt", *write_pages(pages, tables)):
        note(f"written {path}")
