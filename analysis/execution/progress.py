"""A progress bar on the terminal's error stream, a line now and then where there is no terminal, or silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 10.0
"""Seconds between two lines."""


@contextmanager
def progress_bar(description: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar of `total` events; yields the function that advances it."""
    if not shown:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield _lines(description, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total)
        yield lambda events: bar.advance(task, events)


def _lines(description: str, total: int) -> Callable[[int], None]:
    started = said = time.monotonic()
    done = 0

    def advance(events: int) -> None:
        nonlocal done, said
        done += events
        now = time.monotonic()
        if now - said >= EVERY:
            said = now
            print(f"{description}: {done / total:.0%} after {now - started:.0f} s", file=sys.stderr)

    return advance
