"""What commands say: the result on the output, everything else on the error stream, as --json, -q and -v want it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from rarekaon.analysis.cli.options import is_set

EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def quiet() -> bool:
    return is_set("quiet")


def note(text: str) -> None:
    """A line about what happened, which is no result."""
    if not quiet():
        click.echo(text, err=True)


def show(content: Any, *tables: Any) -> None:
    """The result: tables for people, or `content` (a dataclass or plain data) as JSON."""
    if is_set("json"):
        from dataclasses import asdict, is_dataclass

        plain = asdict(content) if is_dataclass(content) and not isinstance(content, type) else content
        click.echo(json.dumps(plain, indent=1, allow_nan=False))
        return
    from rich.console import Console

    console = Console()
    for table in tables:
        console.print(table)


@contextmanager
def progress(description: str) -> Iterator[Callable[[float, float], None]]:
    """Yields the function that says how much of how much is done: a bar, or a line now and then without a terminal."""
    if quiet():
        yield lambda done, total: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(description, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        started = said = time.monotonic()

        def line(done: float, total: float) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= EVERY:
                said = now
                click.echo(f"{description}: {done / total:.0%} after {now - started:.0f} s", err=True)

        yield line
