"""A progress bar on the terminal's error stream, a line now and then where there is no terminal, or silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """`total` says how many events there are, `advance` that some are done, `say` what the workers do."""

    total: Callable[[int], None]
    advance: Callable[[int], None]
    say: Callable[[str], None]


def ignore(_: object) -> None:
    """Nobody wants to know."""


SILENT = Bar(ignore, ignore, ignore)

EVERY = 10.0
"""Seconds between two lines."""


@contextmanager
def progress_bar(description: str, *, shown: bool) -> Iterator[Bar]:
    """A bar with throughput, remaining time and what is said of the workers."""
    if not shown:
        yield SILENT
        return
    if not sys.stderr.isatty():
        lines = _Lines(description)
        yield Bar(lines.total, lines.advance, lines.say)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Events per second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} events/s" if task.speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[workers]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=None, workers="")
        yield Bar(
            lambda events: bar.update(task, total=events),
            lambda events: bar.advance(task, events),
            lambda text: bar.update(task, workers=text),
        )


class _Lines:
    """Now and then a line."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._started = self._said = time.monotonic()
        self._done = self._total = 0
        self._workers = ""

    def total(self, events: int) -> None:
        self._total = events

    def advance(self, events: int) -> None:
        self._done += events
        self._perhaps()

    def say(self, text: str) -> None:
        self._workers = f", {text}" if text else ""
        self._perhaps()

    def _perhaps(self) -> None:
        now = time.monotonic()
        if now - self._said >= EVERY:
            self._said = now
            done = f"{self._done / self._total:.0%} " if self._total else ""
            print(f"{self._description}: {done}after {now - self._started:.0f} s{self._workers}", file=sys.stderr)
