"""`kaon skim`: the events of a sample in which searches have candidates, in smaller files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rarekaon.analysis.cli.convert import tell
from rarekaon.analysis.cli.options import QUICK, SAMPLES, Command, check_known, output

if TYPE_CHECKING:
    from rarekaon.analysis.execution.event_files import Kind


@click.command(name="skim", cls=Command)
@click.argument("sample")
@click.argument("searches", nargs=-1, required=True)
@SAMPLES
@output("samples/skims", directory=True)
@QUICK
@click.option("--columns", multiple=True, default=("*",), help="Branches to keep, such as 'Track_*'; again for more.")
@click.option(
    "--format", "kind", type=click.Choice(["ttree", "rntuple", "parquet"]), default="ttree", show_default=True
)
def command(
    sample: str, searches: tuple[str, ...], samples: Path, output: Path, columns: tuple[str, ...], kind: Kind
) -> None:
    """Write the events of SAMPLE in which any of SEARCHES has a candidate that is identified, before all cuts.

    Bursts and generated decays are accounted for, so that a run over the skim gives the results of a run over the
    sample.  Events in masked boxes are left out; make the skim again when a box is open.
    """
    from rarekaon.analysis.execution.fileset import files_of
    from rarekaon.analysis.execution.skims import skim
    from rarekaon.analysis.results.outputs import check_output_directory
    from rarekaon.analysis.search.catalogue import catalogue
    from rarekaon.analysis.search.channels import searches as declared

    check_known("sample", (sample,), catalogue().names)
    check_known("search", searches, declared())
    check_output_directory(output)
    tell(skim(sample, files_of(sample, samples), searches, output, columns=columns, kind=kind))
