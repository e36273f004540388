"""`kaon unblind`: open a search's box, once its control regions agree with the expected background."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, Command, place
from rarekaon.analysis.cli.voice import note, show


def _said(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Text with at least two letters or digits in it."""
    if value is not None and sum(map(str.isalnum, value)) < 2:
        raise click.BadParameter(f"{value!r} says nothing", param_hint=f"--{parameter.name}")
    return value if value is None else " ".join(value.split())


@click.command("unblind", cls=Command)
@click.argument("search")
@click.argument("dataset")
@click.option("--who", required=True, callback=_said, help="Who opens the box.")
@click.option("--why", required=True, callback=_said, help="Why now: the review or decision behind it.")
@click.option(
    "--despite", callback=_said, help="Why the box may be opened although its control regions have no power; recorded."
)
@click.option("--dry-run", is_flag=True, help="Show what would be recorded, and leave the box masked.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@HISTOGRAMS
@place("backgrounds", "results/backgrounds.json", "The background table that `kaon limits` wrote.", directory=False)
def command(
    search: str,
    dataset: str,
    who: str,
    why: str,
    despite: str | None,
    dry_run: bool,
    yes: bool,
    histograms: Path,
    backgrounds: Path,
) -> None:
    """Open the box of SEARCH in DATASET and write the record of it.

    Everything the decision rests on is computed again from the histograms.  The box stays masked where these are stale
    or of quick samples, where the table is not theirs, and where the control regions disagree or have no power.
    """
    from rarekaon.analysis.facts.unblinding import unblinding_directory
    from rarekaon.analysis.limits.opening import prepare
    from rarekaon.analysis.limits.stored import read_stored
    from rarekaon.analysis.processing.unblinding import check_closed, write_record
    from rarekaon.analysis.results.outputs import check_output_directory
    from rarekaon.analysis.search.channels import search as declared

    wanted = declared(search, dataset)
    check_closed(search, dataset)
    stored = read_stored(histograms, [search], opened_since=True)
    shown = prepare(wanted, stored, backgrounds, who=who, why=why, despite=despite)
    regions = [
        f"{r.region}: {r.observed} observed, {r.expected:.3g} ± {r.error:.2g} expected, p = {r.p_value:.3g}"
        for r in shown.agreement.regions
    ]
    controls = shown.record.controls
    summed = f"p = {controls.p_value:.3g} for all of them; {controls.expected:.3g} events expected in all controls"
    show(shown.record.as_yaml(), *regions, summed)
    if dry_run:
        note(f"{search} {dataset} stays masked: --dry-run")
        return
    check_output_directory(unblinding_directory())
    if not yes:
        click.confirm(f"Open the box of {search} in {dataset}?  What was seen cannot be unseen.", abort=True, err=True)
    path = write_record(shown.record)
    note(f"opened {search} {dataset}; record written to {path}: commit it, then run `make limits`")
