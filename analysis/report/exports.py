"""Tables for other programs and documents: CSV, Markdown, LaTeX, HTML."""

from __future__ import annotations

import csv
import html
from io import StringIO
from pathlib import Path

from rarekaon.analysis.report.figures import decay_label
from rarekaon.analysis.report.table import Cell, Measured, ResultTable, plain
from rarekaon.analysis.results.records import write_text

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LATEX = str.maketrans({c: rf"\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
                       "|": r"\textbar{}", "<": r"\textless{}", ">": r"\textgreater{}", "\n": " "})  # fmt: skip


def csv_text(table: ResultTable) -> str:
    """Comma-separated values: every number with all its digits, its error in a column beside it, then what is said.

    A column of numbers is "name [unit]", with "name error [unit]" beside it; a second number in a cell has "name (2)".
    """
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    depth = [max([1, *(len(_parts(row[i])) for row in table.rows)]) for i in range(len(table.columns))]
    errors = [[any(_is_measured(row[i], k) for row in table.rows) for k in range(n)] for i, n in enumerate(depth)]
    header: list[str] = []
    for column, numbered in zip(table.columns, errors, strict=True):
        unit = f" [{column.unit}]" if column.unit else ""
        for k, with_error in enumerate(numbered):
            name = column.name if k == 0 else f"{column.name} ({k + 1})"
            header += [name + unit, f"{name} error{unit}"] if with_error else [name + unit]
    writer.writerow(header)
    for row in table.rows:
        values: list[object] = []
        for cell, numbered in zip(row, errors, strict=True):
            parts = _parts(cell)
            for k, with_error in enumerate(numbered):
                part = parts[k] if k < len(parts) else ""
                values += _values(part, with_error)
        writer.writerow(values)
    return stream.getvalue()


def _parts(cell: Cell) -> tuple[str | int | Measured, ...]:
    return cell if isinstance(cell, tuple) else (cell,)


def _is_measured(cell: Cell, k: int) -> bool:
    parts = _parts(cell)
    return k < len(parts) and isinstance(parts[k], Measured) and bool(parts[k].error)  # type: ignore[union-attr]


def _values(part: str | int | Measured, with_error: bool) -> list[object]:
    if not isinstance(part, Measured):
        return [part, ""] if with_error else [part]
    value = "" if part.value is None else repr(part.value)
    shown = f"<{value}" if part.below else value
    return [shown, repr(part.error) if part.error else ""] if with_error else [shown]


def markdown(table: ResultTable) -> str:
    """A table with its title as heading; columns of numbers stand on the right.

    >>> from rarekaon.analysis.report.table import Column
    >>> columns = (Column("mode"), Column("N", "1", True))
    >>> print(markdown(ResultTable("b", "Background", columns, (("K+", Measured(1.5, 0.1)),))))
    ## Background
    <BLANKLINE>
    | mode | N [1] |
    |---|---:|
    | K+ | 1.50(10) |
    """
    rules = ["---:" if column.numbers else "---" for column in table.columns]
    lines = [_line([c.heading for c in table.columns]), f"|{'|'.join(rules)}|", *(_line(list(r)) for r in table.rows)]
    return "\n".join([f"## {table.title}", "", *lines, *(("", table.note) if table.note else ())])


def _line(cells: list[Cell] | list[str]) -> str:
    return f"| {' | '.join(plain(cell).replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def latex(table: ResultTable) -> str:
    r"""A table of the booktabs package, to be read with \input; decays are set in formulae."""
    lines = [
        rf"% {table.title}",
        rf"\begin{{tabular}}{{{''.join('r' if c.numbers else 'l' for c in table.columns)}}}",
        r"\toprule",
        " & ".join(column.heading.translate(LATEX) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(" ".join(map(_latex, _parts(cell))) for cell in row) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _latex(part: str | int | Measured) -> str:
    if isinstance(part, Measured):
        text, power = part.parts
        times = rf" \times 10^{{{power}}}" if power else ""
        return f"${text}{times}$" if part.value is not None else "--"
    pieces = decay_label(str(part)).split("$")
    return "$".join(piece if i % 2 else piece.translate(LATEX) for i, piece in enumerate(pieces))


def html_cell(cell: Cell) -> str:
    """A cell in HTML, powers of ten raised."""
    return "<br>".join(html.escape(_raised(part)) for part in _parts(cell))


def _raised(part: str | int | Measured) -> str:
    if isinstance(part, Measured):
        text, power = part.parts
        return f"{text} × 10{str(power).translate(SUPERSCRIPT)}" if power else text
    return str(part)


def sort_key(cell: Cell) -> str:
    """What a column is sorted by: the number, or the text."""
    part = _parts(cell)[0]
    return repr(part.value if part.value is not None else "") if isinstance(part, Measured) else str(part)


def write_tables(directory: Path, tables: list[ResultTable]) -> tuple[Path, ...]:
    """Write every table as CSV, LaTeX and Markdown; returns the files."""
    paths = []
    for table in tables:
        for suffix, text in ((".csv", csv_text(table)), (".tex", latex(table)), (".md", markdown(table) + "\n")):
            path = directory / f"{table.name}{suffix}"
            write_text(path, text)
            paths.append(path)
    return tuple(paths)
