"""`kaon verify`: whether a bundle is whole, and whether its results come out again."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import Command
from rarekaon.analysis.cli.voice import note, show


@click.command("verify", cls=Command)
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def command(bundle: Path) -> None:
    """Check every digest in BUNDLE and recompute its limits from its histograms, bit by bit.

    The exit code is 1, and the first difference is named, if something is not as it was.
    """
    from rarekaon.analysis.report.bundle import verify_bundle

    notes = verify_bundle(bundle)
    for text in notes:
        note(text)
    show({"bundle": str(bundle), "verified": True, "notes": notes})
    note(f"{bundle}: whole, and its limits come out again")
