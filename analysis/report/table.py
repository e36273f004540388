"""A table as data: cells that know their number and its error, columns with units, and how it looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10
from typing import Any, Literal

PLAIN = (-3, 5)
"""Decimal exponents of numbers that are written without one."""


@dataclass(frozen=True)
class Measured:
    """A number, with its error where there is one."""

    value: float | None
    """The number; None: there is none."""
    error: float | None = None
    """Its error; None or 0: not known."""
    digits: int = 3
    """Significant digits without an error."""
    below: bool = False
    """Whether the number is an upper limit."""

    @property
    def parts(self) -> tuple[str, int]:
        """Text of the number without its power of ten, and the power (0: none).

        >>> Measured(1.13e-11, 0.11e-11).parts, Measured(4674.2, 777.0).parts, Measured(1126.44).parts
        (('1.13(11)', -11), ('4670(780)', 0), ('1130', 0))
        """
        value, error = self.value, self.error or 0.0
        if value is None:
            return "-", 0
        size = max(abs(value), abs(error))
        power = floor(log10(size)) if size > 0 else 0
        shift = 0 if PLAIN[0] <= power < PLAIN[1] else power
        value, error = (float(Decimal(x).scaleb(-shift)) for x in (value, error))
        if error > 0:
            place = floor(log10(float(f"{error:.1e}"))) - 1
            text, width = _rounded(value, place), _rounded(error, place)
            return f"{text}({width if error >= 1 or '.' not in text else width.replace('.', '').lstrip('0')})", shift
        place = floor(log10(abs(value))) + 1 - self.digits if value else 0
        return ("<" if self.below else "") + _rounded(value, place), shift

    def __str__(self) -> str:
        """As it stands on a terminal.

        >>> [str(x) for x in (Measured(5.11e-11, 1.234e-12), Measured(0.26, 0.04), Measured(12.34, 1.4), Measured(0.0))]
        ['5.11(12)e-11', '0.260(40)', '12.3(1.4)', '0']
        """
        text, power = self.parts
        return f"{text}e{power}" if power else text


def _rounded(value: float, place: int) -> str:
    return f"{round(value, -place) + 0.0:.{max(0, -place)}f}"


Cell = str | int | Measured | tuple["str | int | Measured", ...]
"""What stands in a table; several stand below each other."""


@dataclass(frozen=True)
class Column:
    """A column."""

    name: str
    """Its heading."""
    unit: str = ""
    """The unit of its numbers; empty: none."""
    numbers: bool = False
    """Whether it holds numbers, which stand on the right."""

    @property
    def heading(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class ResultTable:
    """Rows below headings, with a title and a note."""

    name: str
    """What its file is called."""
    title: str
    """Above it."""
    columns: tuple[Column, ...]
    """Its columns."""
    rows: tuple[tuple[Cell, ...], ...]
    """Its rows, as long as there are columns."""
    note: str = ""
    """Below it."""
    joined: int = 1
    """Columns at the left that share one on a terminal."""

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """On a terminal of any width: cells that are too wide are folded, nothing is cut off."""
        from rich import box
        from rich.table import Table as Drawn

        drawn = Drawn(
            title=_escaped(self.title), caption=_escaped(self.note) or None, box=box.SIMPLE_HEAD, show_edge=False,
            padding=(0, 0), title_style="bold", caption_style="", title_justify="left", caption_justify="left",
        )  # fmt: skip
        columns = self._texts()
        for (heading, numbers, _), width in zip(columns, _widths(columns, options.max_width), strict=True):
            justify: Literal["left", "right"] = "right" if numbers else "left"
            drawn.add_column(_escaped(heading), justify=justify, overflow="fold", width=width)
        for row in zip(*(cells for _, _, cells in columns), strict=True):
            drawn.add_row(*map(_escaped, row))
        yield drawn

    def _texts(self) -> list[tuple[str, bool, list[str]]]:
        """Heading, whether it stands on the right, and cells of each column on a terminal."""
        joined = self.columns[: self.joined]
        left = ["\n".join(filter(None, (plain(cell) for cell in row[: self.joined]))) for row in self.rows]
        columns = [("\n".join(c.heading for c in joined), joined[-1].numbers, left)]
        for i, column in enumerate(self.columns[self.joined :], self.joined):
            columns.append((column.heading, column.numbers, [plain(row[i]) for row in self.rows]))
        return columns


def _widths(columns: list[tuple[str, bool, list[str]]], room: int) -> list[int]:
    """Widths that fit a terminal: words are broken only if they must be, then lines get what is left."""
    room -= len(columns) - 1
    texts = [(heading, *cells) for heading, _, cells in columns]
    words = [max(len(w) for t in column for w in t.split() or [""]) for column in texts]
    lines = [max(len(line) for t in column for line in t.split("\n")) for column in texts]
    longest = next(n for n in range(max(words), 0, -1) if sum(min(w, n) for w in words) <= room or n == 1)
    widths = [min(w, longest) for w in words]
    while sum(widths) < room and widths != lines:
        short = min((i for i in range(len(widths)) if widths[i] < lines[i]), key=lambda i: widths[i])
        widths[short] += 1
    return widths


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def plain(cell: Cell) -> str:
    """A cell as text; several things below each other."""
    return "\n".join(str(part) for part in cell) if isinstance(cell, tuple) else str(cell)
