"""`kaon validate`: the simulation beside every published number."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, QUICK, Command, check_known, output
from rarekaon.analysis.cli.voice import note, show


@click.command("validate", cls=Command)
@click.argument("searches", nargs=-1)
@HISTOGRAMS
@output("results/acceptances.json")
@QUICK
def command(searches: tuple[str, ...], histograms: Path, output: Path) -> None:
    """Compare what was simulated with what is published: all is written, SEARCHES (default: all) are shown."""
    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.validation import validate
    from rarekaon.analysis.report.validation import validation_tables
    from rarekaon.analysis.results.records import write_json
    from rarekaon.analysis.search.channels import searches as declared

    check_known("search", searches, declared())
    paths = sorted(histograms.glob("*.zip"))
    if not paths:
        raise click.ClickException(f"no histograms in {histograms}; run `make histograms` first")
    rows = validate({path.stem: load(path) for path in paths})
    write_json(output, [row.as_json() for row in rows])
    shown = [row for row in rows if not searches or row.search in searches]
    show([row.as_json() for row in shown], *validation_tables(shown))
    note(f"written {output}")
