"""`kaon unblind`: open a search's box, once its control regions agree with the expected background."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rarekaon.analysis.cli.options import Command, place


@click.command("unblind", cls=Command)
@click.argument("search")
@click.argument("dataset")
@click.option("--who", required=True, help="Who opens the box.")
@click.option("--why", required=True, help="Why now: the review or decision behind it.")
@place("backgrounds", "results/backgrounds.json", "The background table that `kaon limits` wrote.", directory=False)
def command(search: str, dataset: str, who: str, why: str, backgrounds: Path) -> None:
    """Open the box of SEARCH in DATASET and write the record of it."""
    from rarekaon.analysis.limits.backgrounds import BackgroundRow
    from rarekaon.analysis.limits.controls import control_agreement
    from rarekaon.analysis.processing.blinding import write_record
    from rarekaon.analysis.search.channels import search as declared

    if not backgrounds.exists():
        raise click.ClickException(
            f"{backgrounds} is not there: run `make limits` first, the control regions come first"
        )
    found = json.loads(backgrounds.read_text())
    rows = tuple(BackgroundRow(**row) for row in found if row["expected"] is not None)
    agreement = control_agreement(declared(search, dataset), rows)
    for region in agreement.regions:
        click.echo(
            f"{region.region}: {region.observed} observed, {region.expected:.3g} ± {region.error:.2g} expected,"
            f" p = {region.p_value:.3g}"
        )
    if not agreement.agrees:
        raise click.ClickException(
            f"the control regions disagree with the background (p = {agreement.p_value:.2g}); the box stays masked"
        )
    path = write_record(search, dataset, who=who, why=why, control_p_value=agreement.p_value)
    click.echo(f"opened {search} {dataset}; record written to {path}: commit it, then run `make limits`")
