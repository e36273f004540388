"""`kaon report`: tables and figures of everything in `results/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, LIMITS, Command, check_known, output, place, quick
from rarekaon.analysis.cli.voice import note

if TYPE_CHECKING:
    from rarekaon.analysis.limits.search_histograms import SearchHistograms
    from rarekaon.analysis.report.page import Picture
    from rarekaon.analysis.report.table import ResultTable
    from rarekaon.analysis.results.records import LimitRecord


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

    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.failures import Failure, every_search, tell
    from rarekaon.analysis.limits.inference import limits_from_events
    from rarekaon.analysis.limits.ratios import controls_from_events
    from rarekaon.analysis.limits.search_histograms import SearchHistograms
    from rarekaon.analysis.limits.stored import check_limits, read_stored
    from rarekaon.analysis.limits.validation import validate
    from rarekaon.analysis.limits.workspaces import published_exports, write_export
    from rarekaon.analysis.report.coverage import draw_coverage
    from rarekaon.analysis.report.page import Picture
    from rarekaon.analysis.report.pages import write_pages
    from rarekaon.analysis.report.run_page import write_run_page
    from rarekaon.analysis.report.run_tables import run_tables
    from rarekaon.analysis.report.scans import write_scans
    from rarekaon.analysis.report.search_figures import write_run_figures
    from rarekaon.analysis.report.validation import validation_tables
    from rarekaon.analysis.results.outputs import check_output_directory
    from rarekaon.analysis.results.provenance import RUN_RECORD
    from rarekaon.analysis.results.records import Limits
    from rarekaon.analysis.search.channels import searches as declared

    check_known("search", searches, declared())
    for folder in (output, pages):
        check_output_directory(folder)
    found, stored = Limits.read(limits), read_stored(histograms)
    check_limits(limits, found, stored)
    stores = stored.searches
    inferred = limits_from_events(stores, found.confidence_level)
    control_rows, without_controls = controls_from_events(stores)
    failures = [*stored.failures, *inferred.failures, *without_controls]
    figures = output / "figures"
    pictures = {("", ""): [*write_scans(inferred.scans, found.confidence_level, figures), *write_run_figures(figures)]}
    rows = with_published_rows(inferred.rows)
    tables = run_tables(found, rows, control_rows, found.provenance["open_boxes"], frozenset(declared()))
    tables |= {"acceptances": validation_tables(validate(stores)), "cutflows": []}
    for search, samples in every_search({name: stores[name] for name in searches or stores if name in stores}):
        try:
            mine = [r for r in inferred.records if (r.search, r.dataset) == (search.name, search.dataset)]
            flows, drawn = _written(SearchHistograms(search, samples), mine, found.confidence_level, output)
            tables["cutflows"] += flows
            pictures[search.name, search.dataset] = drawn
        except Exception as error:
            failures.append(Failure.of(search, error))
    for (search_name, dataset), exported in published_exports().items():
        write_export(output / f"workspace_{search_name}_{dataset}_published.json", exported)
    if coverage:
        for path in draw_coverage(figures, quick=quick):
            pictures["", ""].append(Picture(path, f"{path.stem.replace('-', ' ')}: do the limits hold?"))
    text = _write_tables(output, [table for page in tables.values() for table in page])
    record = json.loads((histograms / RUN_RECORD).read_text())
    page = write_run_page(output / "index.html", found, record, tables, pictures)
    for path in (page, text, *write_pages(pages, tables)):
        note(f"written {path}")
    tell(failures)


def _written(
    booked: SearchHistograms, records: list[LimitRecord], confidence_level: float, output: Path
) -> tuple[list[ResultTable], list[Picture]]:
    """Write the figures of one search and its workspace; its cutflows and the figures."""
    from rarekaon.analysis.limits.workspaces import events_export, write_export
    from rarekaon.analysis.report.search_figures import write_search_figures
    from rarekaon.analysis.report.tables import cutflow_tables
    from rarekaon.analysis.search.inference import Counting

    search = booked.search
    drawn = write_search_figures(booked, records, confidence_level, output / "figures")
    for picture in drawn:
        note(f"drawn {picture.path}")
    if isinstance(search.inference, Counting):
        write_export(output / f"workspace_{search.name}_{search.dataset}_events.json", events_export(booked))
    return cutflow_tables(booked), drawn


def _write_tables(output: Path, tables: list[ResultTable]) -> Path:
    """Write all tables as files of their own, and as one text, whose place is returned."""
    from io import StringIO

    from rich.console import Console

    from rarekaon.analysis.report.exports import write_tables
    from rarekaon.analysis.results.records import write_text

    console = Console(width=100, file=StringIO(), record=True)
    for table in tables:
        console.print(table)
    write_text(output / "tables.txt", console.export_text())
    write_tables(output / "tables", tables)
    return output / "tables.txt"
