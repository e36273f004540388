"""`kaon streams`: which events of a simulated decay can be stored, and who reads them."""

from __future__ import annotations

import click

from rarekaon.analysis.cli.options import Command
from rarekaon.analysis.cli.voice import show


@click.command(name="streams", cls=Command)
def command() -> None:
    """List the streams that a sample of a channel file or of your data can be of, and the searches that read them."""
    from rich.table import Table

    from rarekaon.analysis.search.catalogue import catalogue
    from rarekaon.analysis.search.channels import searches
    from rarekaon.analysis.simulation.streams.requirements import STREAMS

    known = catalogue()
    of_sample = {name: s.stream for name, s in known.simulation.items()}
    of_sample |= {name: s.stream for name, s in known.pseudo_data.items()}
    readers: dict[str, list[str]] = {name: [] for name in STREAMS}
    for name, group in searches().items():
        for stream in dict.fromkeys(of_sample[s] for one in group for s in one.samples.all if s in of_sample):
            readers[stream].append(name)
    rows = [
        {"stream": s.name, "stored events": s.meaning, "searches": ", ".join(readers[s.name])} for s in STREAMS.values()
    ]
    table = Table()
    for heading in rows[0]:
        table.add_column(heading, overflow="fold", no_wrap=heading == "stream")
    for row in rows:
        table.add_row(*row.values())
    show(rows, table)
