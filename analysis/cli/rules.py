"""`kaon rules`: what a channel file can identify tracks and final states by."""

from __future__ import annotations

import click

from rarekaon.analysis.cli.options import Command
from rarekaon.analysis.cli.quantities import found, tell


@click.command(name="rules", cls=Command)
def command() -> None:
    """List what makes rules that tell which tracks a particle can be, and what chooses candidates by them."""
    tell(found(("Rule", "Callable[[Candidates], Candidates]", "Identify")))
