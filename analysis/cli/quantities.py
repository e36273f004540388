"""`kaon quantities`: what a channel file can cut on, with units and where each is made."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import click

from rarekaon.analysis.cli.options import Command, is_set
from rarekaon.analysis.cli.voice import show


@click.command(name="quantities", cls=Command)
def command() -> None:
    """List the quantities of selections: those that are ready, and functions that make one."""
    tell(found(("Quantity", "Cut")))


def tell(listed: Iterator[dict[str, str]]) -> None:
    """What a channel file can import from `rarekaon.analysis.selection`, by module."""
    rows = list(listed)
    if is_set("json"):
        show(rows)
        return
    for module in dict.fromkeys(row["module"] for row in rows):
        click.echo(f"rarekaon.analysis.selection.{module}")
        for row in rows:
            if row["module"] == module:
                unit = f" [{row['unit']}]" if row["unit"] else ""
                click.echo(f"  {row['name']}: {row['meaning']}{unit}")


def found(made: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Every quantity, if quantities are asked for, and every function that makes what is, of `analysis.selection`."""
    from rarekaon.analysis import selection

    for info in sorted(pkgutil.iter_modules(selection.__path__), key=lambda i: i.name):
        module = import_module(f"{selection.__name__}.{info.name}")
        for name, value in sorted(vars(module).items()):
            if not name.startswith("_"):
                yield from _entry(module, info.name, name, value, made)


def _entry(module: ModuleType, short: str, name: str, value: Any, made: tuple[str, ...]) -> Iterator[dict[str, str]]:
    from rarekaon.analysis.search.declaration import Quantity

    if isinstance(value, Quantity) and "Quantity" in made:
        yield {"module": short, "name": name, "meaning": value.title, "unit": value.unit_name}
        return
    plain = inspect.unwrap(value) if callable(value) else value
    if not inspect.isfunction(plain) or plain.__module__ != module.__name__:
        return
    declared = inspect.signature(plain)
    if any(word in str(declared.return_annotation) for word in made):
        meaning = (plain.__doc__ or "").strip().splitlines()[0]
        yield {"module": short, "name": f"{name}({', '.join(declared.parameters)})", "meaning": meaning, "unit": ""}
