"""`kaon project`: expected limits against the number of kaon decays."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import LIMITS, NUMBER, QUICK, Command, check_known, output
from rarekaon.analysis.cli.voice import note, show


@click.command("project", cls=Command)
@click.argument("searches", nargs=-1)
@LIMITS
@click.option(
    "--origin", type=click.Choice(["events", "published"]), default="events", show_default=True,
    help="Start from the limits from events, or from those of the published inputs.",
)  # fmt: skip
@click.option("--times", type=NUMBER, default=100.0, show_default=True, help="Up to this many times today's decays.")
@click.option("--points", type=click.IntRange(min=2), default=25, show_default=True)
@output("results/projections", directory=True)
@QUICK
def command(searches: tuple[str, ...], limits: Path, origin: str, times: float, points: int, output: Path) -> None:
    """Draw the expected limits of SEARCHES (default: all) with more data, and write them as JSON.

    Background and sensitivity grow with the kaon decays, their relative errors stay.
    """
    from dataclasses import asdict

    from rarekaon.analysis.limits.projection import decays_range, project, projectable
    from rarekaon.analysis.processing.unblinding import open_boxes
    from rarekaon.analysis.report.figures import save_figure
    from rarekaon.analysis.report.projections import projection_figure, projection_table
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import Limits, write_json
    from rarekaon.analysis.search.channels import searches as declared

    check_known("search", searches, declared())
    priors = {(s.name, s.dataset): s.background_prior for name in searches or declared() for s in declared()[name]}
    if not limits.exists():
        raise click.ClickException(f"{limits} is not there: run `make limits` first")
    found = Limits.read(limits)
    mine = [r for r in found.limits if (r.search, r.dataset) in priors and r.origin == origin]
    records = [r for r in mine if projectable(r)]
    if not records:
        raise click.ClickException(f"{limits} has no counting limit from {origin} of these searches")
    projections, tables = [], []
    for record in records:
        now = float(record.kaon_decays or 0)
        prior = priors[record.search, record.dataset]
        decays = decays_range(now / 2, now * times, points)
        made = project(record, decays, background_prior=prior, confidence_level=found.confidence_level)
        projections.append(asdict(made))
        tables.append(projection_table(made, found.confidence_level))
        path = output / f"{record.search}_{record.dataset}_{origin}.png"
        note(f"drawn {save_figure(projection_figure(made, found.confidence_level), path)}")
    content = {
        "confidence_level": found.confidence_level,
        "projections": projections,
        "provenance": provenance(open_boxes=open_boxes()),
    }
    path = output / "projections.json"
    write_json(path, content)
    show(content, *tables)
    note(f"written {path}")
