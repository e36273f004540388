"""`kaon compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import Command
from rarekaon.analysis.cli.voice import note, show

RUN = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command("compare", cls=Command)
@click.argument("run_a", type=RUN)
@click.argument("run_b", type=RUN)
def command(run_a: Path, run_b: Path) -> None:
    """What differs between RUN_A and RUN_B: code, facts, inputs, limits, regions, cutflows, events.

    A run is a directory of results, such as results/quick.  Events are compared where both were made with
    `kaon run --save-candidates parquet`.
    """
    from rarekaon.analysis.report.comparison import Run, compare_runs
    from rarekaon.analysis.report.table import plain

    tables = compare_runs(Run.read(run_a), Run.read(run_b))
    content = {
        table.name: [{c.heading: plain(cell) for c, cell in zip(table.columns, row, strict=True)} for row in table.rows]
        for table in tables
    }
    show(content, *(table for table in tables if table.rows))
    if not any(table.rows for table in tables):
        note("nothing differs")
