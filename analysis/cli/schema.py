"""`kaon schema`: the event contract as a table for people or as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import Command, is_set
from rarekaon.analysis.cli.voice import show

if TYPE_CHECKING:
    from rarekaon.analysis.contract.schema import Branch


@click.command(name="schema", cls=Command)
@click.option("--truth/--no-truth", default=True, show_default=True, help="Include what only simulation has.")
def command(truth: bool) -> None:
    """Every branch of the event tree and of the trees beside it, as Markdown."""
    if is_set("json"):
        show(as_dict(truth))
    else:
        click.echo(as_markdown(truth))


def as_dict(truth: bool) -> dict[str, Any]:
    """The contract as plain data: trees by name, each a list of branches; jagged branches name their counter."""
    from rarekaon.analysis.contract import schema

    counters = {c.branch(f.name): c.counter for c in schema.COLLECTIONS for f in c.fields}
    rows = schema.branches(truth=truth)
    events = [{**_row(b), "counter": counters.get(name)} for name, b in rows.items()]
    sides = [schema.BURSTS, *([schema.GENERATION] if truth else [])]
    return {
        "version": schema.VERSION,
        "trees": {schema.EVENTS_TREE: events} | {s.name: [_row(b) for b in s.fields] for s in sides},
    }


def as_markdown(truth: bool) -> str:
    """The contract as Markdown tables, one a collection."""
    from rarekaon.analysis.contract import schema

    parts = [f"# The event contract, version {schema.VERSION}", *_section("Events", "one row an event", schema.EVENT)]
    if truth:
        parts += _section("Events: truth", "simulation only", schema.TRUTH)
    for c in schema.COLLECTIONS:
        if truth or not c.truth:
            parts += _section(f"{c.name}[{c.counter}]", c.meaning, c.fields, f"{c.name}_")
    for side in (schema.BURSTS, *((schema.GENERATION,) if truth else ())):
        parts += _section(f"Tree {side.name}", side.meaning, side.fields)
    return "\n".join(parts)


def _row(branch: Branch) -> dict[str, str]:
    return {"name": branch.name, "dtype": branch.dtype, "unit": branch.unit, "meaning": branch.meaning}


def _section(title: str, meaning: str, branches: Iterable[Branch], prefix: str = "") -> list[str]:
    rows = [f"| `{prefix}{b.name}` | {b.dtype} | {b.unit} | {b.meaning} |" for b in branches]
    return ["", f"## {title}", "", meaning, "", "| branch | type | unit | meaning |", "|---|---|---|---|", *rows]
