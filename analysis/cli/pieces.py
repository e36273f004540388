"""`kaon pieces`: what is kept of runs, and removing it."""

from __future__ import annotations

from datetime import datetime

import click

from rarekaon.analysis.cli.options import QUICK, Command, is_set
from rarekaon.analysis.cli.voice import note, show


@click.command(name="pieces", cls=Command)
@click.argument("samples", nargs=-1)
@click.option("--place", help="Folder or URL [that of the site's settings, or results/pieces].")
@click.option("--clear", is_flag=True, help="Remove them, of SAMPLES or all.")
@QUICK
def command(samples: tuple[str, ...], place: str | None, clear: bool) -> None:
    """List the finished pieces that `kaon run` keeps, by sample, or remove them."""
    from rich.table import Table

    from rarekaon.analysis.execution.pieces import Pieces
    from rarekaon.analysis.execution.site import site

    usual = Pieces("results/quick/pieces" if is_set("quick") else "results/pieces")
    pieces = Pieces(place) if place else site().pieces or usual
    if clear:
        note(f"{pieces.clear(samples)} pieces removed from {pieces.place}")
        return
    kept = [k for k in pieces.kept() if not samples or k.sample in samples]
    table = Table("sample", "chunks", "MB", "last")
    for k in kept:
        last = datetime.fromtimestamp(k.last).isoformat(" ", "minutes")
        table.add_row(k.sample, str(k.pieces), f"{k.size / 1e6:.1f}", last)
    show([k._asdict() for k in kept], table)
    note(f"{sum(k.size for k in kept) / 1e6:.1f} MB in {pieces.place}; --clear removes them")
