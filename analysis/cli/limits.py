"""`kaon limits`: histograms and published inputs to `results/limits.json` and its table."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import CONFIDENCE_LEVEL


@click.command("limits")
@click.option(
    "--origin",
    type=click.Choice(["both", "events", "published"]),
    default="both",
    show_default=True,
    help="From the histograms of events, from the published numbers, or both.",
)
@click.option(
    "--histograms",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/histograms"),
    show_default=True,
    help="Where `kaon run` wrote.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("results/limits.json"), show_default=True
)
@CONFIDENCE_LEVEL
def command(origin: str, histograms: Path, output: Path, confidence_level: float) -> None:
    """Upper limits of every search, with their background tables."""
    from rich.console import Console

    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.from_publications import (
        compare_with_published,
        limits_from_published,
        not_recomputable,
    )
    from rarekaon.analysis.limits.inference import Inferred, limits_from_events
    from rarekaon.analysis.limits.ratios import ControlRow, controls_from_events
    from rarekaon.analysis.report.tables import background_tables, comparison_table, controls_table, limits_table
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import LimitRecord, Limits, write_json

    records: tuple[LimitRecord, ...] = ()
    found = Inferred()
    controls: tuple[ControlRow, ...] = ()
    if origin != "published":
        paths = sorted(histograms.glob("*.zip"))
        if not paths:
            raise click.ClickException(
                f"no histograms in {histograms}; run `make histograms` or use --origin published"
            )
        stores = {path.stem: load(path) for path in paths}
        found = limits_from_events(stores, confidence_level)
        controls = controls_from_events(stores)
        records = found.records
    if origin != "events":
        records += limits_from_published(confidence_level)
    rows = with_published_rows(found.rows)
    read = histograms if origin != "published" else None
    write_json(output, Limits(confidence_level=confidence_level, limits=records, provenance=provenance(read)))
    if read is not None:
        write_json(output.with_name("backgrounds.json"), [vars(row) for row in rows])
        write_json(output.with_name("scans.json"), [vars(scan) for scan in found.scans])
        write_json(output.with_name("controls.json"), [vars(row) for row in controls])
    tables = [
        *background_tables(with_published_rows(found.rows)),
        controls_table(controls),
        limits_table(records, confidence_level),
    ]
    if origin != "events":
        tables.append(comparison_table(compare_with_published(), not_recomputable()))
    console = Console() if Console().is_terminal else Console(width=220)
    for table in tables:
        console.print(table)
