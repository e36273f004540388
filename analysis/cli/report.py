"""`kaon report`: tables and figures of everything in `results/`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.option(
    "--limits", type=click.Path(path_type=Path, dir_okay=False), default=Path("results/limits.json"), show_default=True
)
@click.option(
    "--histograms",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/histograms"),
    show_default=True,
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("results/report"), show_default=True
)
@click.option("--quick", is_flag=True, help="Fewer toys in the coverage studies.")
def command(limits: Path, histograms: Path, output: Path, quick: bool) -> None:
    """Write tables, spectra of every search, coverage studies and the HistFactory workspaces."""
    from rich.console import Console

    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.from_publications import compare_with_published, not_recomputable
    from rarekaon.analysis.limits.inference import limits_from_events
    from rarekaon.analysis.limits.ratios import controls_from_events
    from rarekaon.analysis.limits.search_histograms import SearchHistograms
    from rarekaon.analysis.limits.workspaces import events_workspace, published_workspaces
    from rarekaon.analysis.report.coverage import draw_coverage
    from rarekaon.analysis.report.spectra import write_spectra
    from rarekaon.analysis.report.tables import (
        background_tables,
        comparison_table,
        controls_table,
        cutflow_table,
        limits_table,
    )
    from rarekaon.analysis.results.records import Limits, write_json, write_text
    from rarekaon.analysis.search.channels import searches
    from rarekaon.analysis.search.declaration import Counting

    found = Limits.read(limits)
    stores = {path.stem: load(path) for path in sorted(histograms.glob("*.zip"))}
    rows = with_published_rows(limits_from_events(stores, found.confidence_level).rows)
    console = Console(record=True, width=220, quiet=True)
    comparison = comparison_table(compare_with_published(), not_recomputable())
    controls = controls_table(controls_from_events(stores))
    for table in (limits_table(found.limits, found.confidence_level), comparison, *background_tables(rows), controls):
        console.print(table)
    for name, samples in stores.items():
        for search in searches()[name]:
            booked = SearchHistograms(search, samples)
            for selection in search.selections:
                console.print(cutflow_table(booked, selection))
            for path in write_spectra(booked, output):
                click.echo(f"drawn {path}")
            if isinstance(search.inference, Counting):
                write_json(output / f"workspace_{name}_{search.dataset}_events.json", events_workspace(booked))
    for (search_name, dataset), workspace in published_workspaces().items():
        write_json(output / f"workspace_{search_name}_{dataset}_published.json", workspace)
    for path in draw_coverage(output, quick=quick):
        click.echo(f"drawn {path}")
    write_text(output / "tables.txt", console.export_text())
    click.echo(f"written {output / 'tables.txt'}")
