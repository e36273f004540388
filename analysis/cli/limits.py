"""`kaon limits`: histograms and published inputs to `results/limits.json` and its table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from rarekaon.analysis.cli.options import CONFIDENCE_LEVEL, HISTOGRAMS, QUICK, Command, check_known, is_given, output
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
    """Upper limits and background tables: all are written, those of SEARCHES (default: all) are shown.

    Those of one origin are shown alone: they are written where --output says, and not in the place of both.

    A search that has no limit is named with the reason, the others come out, and the exit status is 1.
    """
    from rarekaon.analysis.limits.backgrounds import with_published_rows
    from rarekaon.analysis.limits.failures import Failure, tell
    from rarekaon.analysis.limits.from_publications import limits_from_published
    from rarekaon.analysis.limits.inference import Inferred, limits_from_events
    from rarekaon.analysis.limits.ratios import ControlRow, controls_from_events
    from rarekaon.analysis.limits.stored import read_stored
    from rarekaon.analysis.processing.unblinding import open_boxes
    from rarekaon.analysis.report.run_tables import run_tables
    from rarekaon.analysis.results.outputs import check_output_file
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import LimitRecord, Limits, write_json
    from rarekaon.analysis.search.channels import searches as declared

    check_known("search", searches, declared())
    others = {name: output.with_name(f"{name}.json") for name in ("backgrounds", "scans", "controls")}
    for path in (output, *others.values()):
        check_output_file(path)
    records: tuple[LimitRecord, ...] = ()
    found = Inferred()
    controls: tuple[ControlRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    if origin != "published":
        stored = read_stored(histograms)
        found = limits_from_events(stored.searches, confidence_level)
        controls, without_controls = controls_from_events(stored.searches)
        records = found.records
        failures = (*stored.failures, *found.failures, *without_controls)
    if origin != "events":
        records += limits_from_published(confidence_level)
    rows = with_published_rows(found.rows)
    read = histograms if origin != "published" else None
    made_of = provenance(read, open_boxes=open_boxes())
    missing = tuple(map(str, dict.fromkeys(failures)))
    content = Limits(confidence_level=confidence_level, limits=records, failures=missing, provenance=made_of)
    kept = origin == "both" or is_given("output")
    if kept:
        write_json(output, content)
    if kept and read is not None:
        for name, part in (("backgrounds", rows), ("scans", found.scans), ("controls", controls)):
            plain = {"rows": [vars(row) for row in part], "failures": missing, "provenance": made_of}
            write_json(others[name], plain)
    shown = frozenset(searches or declared())
    tables = run_tables(content, rows, controls, made_of["open_boxes"], shown)
    mine = tuple(r for r in records if r.search in shown)
    show(replace(content, limits=mine), *(table for page in tables.values() for table in page))
    if kept:
        note(f"written {output}")
    tell(failures)
