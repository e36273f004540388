"""`kaon samples`: the samples that can be simulated, and the streams they are stored in."""

from __future__ import annotations

from typing import Any

import click

from rarekaon.analysis.cli.options import Command, check_known
from rarekaon.analysis.cli.voice import show


@click.command("samples", cls=Command)
@click.argument("names", nargs=-1)
@click.option("--files", is_flag=True, help="Only their names and the files that declare them, a line each.")
def command(names: tuple[str, ...], files: bool) -> None:
    """List the samples NAMES (default: all) of the catalogue and of the channel files, and the streams."""
    from rarekaon.analysis.search.catalogue import catalogue, sample_sources

    if files:
        for name, path in sample_sources().items():
            click.echo(f"{name} {path}")
        return
    check_known("sample", names, catalogue().names)
    content = _listed(set(names))
    show(content, *_tables(content))


def _listed(names: set[str]) -> dict[str, list[dict[str, Any]]]:
    from rarekaon.analysis.decays import mode
    from rarekaon.analysis.search.catalogue import catalogue
    from rarekaon.analysis.simulation.streams.requirements import STREAMS

    known = catalogue()
    simulated: list[dict[str, Any]] = [
        {"sample": name, "decay": s.decay, "code": mode(s.decay).code, "stream": s.stream, "decays": s.decays,
         "quick": s.quick, "note": s.note}
        for name, s in known.simulation.items() if not names or name in names
    ]  # fmt: skip
    data: list[dict[str, Any]] = [
        {"sample": name, "periods": list(p.periods), "modes": list(p.modes), "stream": p.stream, "note": p.note}
        for name, p in known.pseudo_data.items() if not names or name in names
    ]  # fmt: skip
    used = {row["stream"] for row in (*simulated, *data)}
    streams = [{"stream": s.name, "stored events": s.meaning} for s in STREAMS.values() if s.name in used]
    return {"simulated samples": simulated, "pseudo-data": data, "streams": streams}


def _tables(content: dict[str, list[dict[str, Any]]]) -> list[Any]:
    from rich.table import Table

    tables = []
    for title, rows in content.items():
        if not rows:
            continue
        table = Table(title=title.capitalize(), title_justify="left")
        for name in rows[0]:
            table.add_column(name, overflow="fold", no_wrap=name in {"sample", "stream"})
        for row in rows:
            table.add_row(*(_cell(value) for value in row.values()))
        tables.append(table)
    return tables


def _cell(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else str(value)
