"""`kaon convert`: the files of a sample, read through a branch map or not, as files of the event contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from rarekaon.analysis.cli.options import QUICK, SAMPLES, Command, check_known, output
from rarekaon.analysis.cli.voice import note, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rarekaon.analysis.execution.skims import Written


@click.command(name="convert", cls=Command)
@click.argument("sample")
@SAMPLES
@output("samples/converted", directory=True)
@QUICK
@click.option("--format", "kind", type=click.Choice(["ttree", "rntuple"]), default="ttree", show_default=True)
def command(sample: str, samples: Path, output: Path, kind: Literal["ttree", "rntuple"]) -> None:
    """Write the files of SAMPLE (of your catalogue, with its branch map) as the event contract has them, and what is
    lost by it.

    All events are written: what is masked is masked when the new files are read.
    """
    from rarekaon.analysis.execution.fileset import files_of
    from rarekaon.analysis.execution.skims import convert
    from rarekaon.analysis.results.outputs import check_output_directory
    from rarekaon.analysis.search.catalogue import catalogue

    check_known("sample", (sample,), catalogue().names)
    check_output_directory(output)
    tell(convert(sample, files_of(sample, samples), output, kind=kind))


def tell(written: Sequence[Written]) -> None:
    """What was written, of what, and what is lost."""
    from rich.table import Table

    for lost in dict.fromkeys(text for w in written for text in w.lost):
        note(f"lost: {lost}")
    table = Table()
    for heading in ("file", "made of", "simulated events"):
        table.add_column(heading, overflow="fold")
    for w in written:
        table.add_row(w.path, w.source, f"{w.stored:,}" if w.simulated else "")
    show([{"sample": w.sample, "file": w.path, "made of": w.source, "lost": list(w.lost)} for w in written], table)
