"""`kaon report`: tables and figures of everything in `results/`."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, LIMITS, Command, check_known, output, place, quick
from rarekaon.analysis.cli.voice import note


@click.command("report", cls=Command)
@click.argument("searches", nargs=-1)
@LIMITS
@HISTOGRAMS
@output("results/report", directory=True)
@place("pages", "results/report/pages", "Where the tables go as Markdown pages.")
@click.option("--coverage", is_flag=True, help="Study the coverage of the limits, too: minutes.")
@quick("Fewer toys in the coverage studies")
def command(
    searches: tuple[str, ...], limits: Path, histograms: Path, output: Path, pages: Path, coverage: bool, quick: bool
) -> None:
    """Write the page of a run, `index.html`, with its tables, figures and HistFactory workspaces beside it.

    Of SEARCHES (default: all) there are figures and cutflows.
    """
    import json
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
    from rarekaon.analysis.report.page import Picture
    from rarekaon.analysis.report.pages import write_pages
    from rarekaon.analysis.report.run_page import write_run_page
    from rarekaon.analysis.report.scans import write_scans
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
    from rarekaon.analysis.results.provenance import RUN_RECORD
    from rarekaon.analysis.results.records import Limits, write_text
    from rarekaon.analysis.search.channels import searches as declared
    from rarekaon.analysis.search.inference import Counting

    check_known("search", searches, declared())
    found = Limits.read(limits)
    stores = {path.stem: load(path) for path in sorted(histograms.glob("*.zip"))}
    inferred = limits_from_events(stores, found.confidence_level)
    rows = with_published_rows(inferred.rows)
    figures = output / "figures"
    pictures = {("", ""): write_scans(inferred.scans, found.confidence_level, figures)}
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
        for search in declared()[name] if name in (searches or stores) else ():
            booked = SearchHistograms(search, samples)
            tables["cutflows"] += cutflow_tables(booked)
            pictures[name, search.dataset] = write_spectra(booked, figures)
            for picture in pictures[name, search.dataset]:
                note(f"drawn {picture.path}")
            if isinstance(search.inference, Counting):
                write_export(output / f"workspace_{name}_{search.dataset}_events.json", events_export(booked))
    for (search_name, dataset), exported in published_exports().items():
        write_export(output / f"workspace_{search_name}_{dataset}_published.json", exported)
    if coverage:
        for path in draw_coverage(figures, quick=quick):
            pictures["", ""].append(Picture(path, f"{path.stem.replace('-', ' ')}: do the limits hold?"))
    for table in (table for page in tables.values() for table in page):
        console.print(table)
    write_text(output / "tables.txt", console.export_text())
    write_tables(output / "tables", [table for page in tables.values() for table in page])
    record = json.loads((histograms / RUN_RECORD).read_text())
    page = write_run_page(output / "index.html", found, record, tables, pictures)
    for path in (page, output / "tables.txt", *write_pages(pages, tables)):
        note(f"written {path}")
