"""`kaon limits`: histograms and published inputs to `results/limits.json` and its table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from rarekaon.analysis.cli.options import CONFIDENCE_LEVEL, HISTOGRAMS, QUICK, Command, check_known, output
from rarekaon.analysis.cli.voice import note, show


@click.command("limits", cls=Command)
@click.argument("searches", nargs=-1)
@click.option(
    "--origin",
    type=click.Choice(["both", "events", "published"]),
    default="both",
    show_default=True,
    help="From the histograms of events, from the published numbers, or both.",
)
@HISTOGRAMS
@output("results/limits.json")
@QUICK
@CONFIDENCE_LEVEL
def command(searches: tuple[str, ...], origin: str, histograms: Path, output: Path, confidence_level: float) -> None:
    """Upper limits and background tables: all are written, those of SEARCHES (default: all) are shown."""
    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.from_publications import (
        compare_with_published,
        limits_from_published,
        not_recomputable,
    )
    from rarekaon.analysis.limits.inference import Inferred, limits_from_events
    from rarekaon.analysis.limits.ratios import ControlRow, controls_from_events
    from rarekaon.analysis.report.tables import (
        background_tables,
        comparison_table,
        controls_table,
        limits_table,
        sensitivities_table,
        shares,
    )
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import LimitRecord, Limits, write_json
    from rarekaon.analysis.search.channels import searches as declared

    check_known("search", searches, declared())
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
    content = Limits(confidence_level=confidence_level, limits=records, provenance=provenance(read))
    write_json(output, content)
    if read is not None:
        write_json(output.with_name("backgrounds.json"), [vars(row) for row in rows])
        write_json(output.with_name("scans.json"), [vars(scan) for scan in found.scans])
        write_json(output.with_name("controls.json"), [vars(row) for row in controls])
    shown = set(searches or declared())
    records = tuple(r for r in records if r.search in shown)
    tables = [
        *background_tables([row for row in rows if row.search in shown], shares(records)),
        controls_table([row for row in controls if row.search in shown], shares(records)),
        sensitivities_table(records),
        limits_table(records, confidence_level),
    ]
    if origin != "events":
        missing = [row for row in not_recomputable() if row[0] in shown]
        tables.append(comparison_table([row for row in compare_with_published() if row.search in shown], missing))
    show(replace(content, limits=records), *tables)
    note(f"written {output}")
