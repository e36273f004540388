"""`make bench`: run all benchmarks and write results/benchmarks.json."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

import tests.bench
from rarekaon.analysis.results.provenance import provenance
from rarekaon.analysis.results.records import write_json
from tests.bench._figure import draw

REQUIRED = ("name", "ratio", "to", "goal")


class BenchmarkError(ValueError):
    """A benchmark that does not say what it measured."""


def modules() -> list[str]:
    """Names of the benchmark modules, in alphabetical order."""
    return sorted(m.name for m in pkgutil.iter_modules(tests.bench.__path__) if not m.name.startswith("_"))


def collect(names: list[str]) -> list[dict[str, Any]]:
    """Run `benchmarks()` of the modules and say each result; BenchmarkError for one that lacks something required."""
    rows: list[dict[str, Any]] = []
    for name in names:
        for row in importlib.import_module(f"tests.bench.{name}").benchmarks():
            missing = [key for key in REQUIRED if key not in row]
            if missing:
                raise BenchmarkError(f"tests/bench/{name}.py: {row.get('name', 'a benchmark')} lacks {missing}")
            rows.append({"module": name, **row})
            click.echo(f"{name}: {row['name']} {row['ratio']:.3g} ({row['goal']})", err=True)
    return rows


def met(ratio: float, goal: str) -> bool:
    """Whether a ratio keeps to a goal such as "<= 1.4" or ">= 20".

    >>> met(1.2, "<= 1.4"), met(18, ">= 20")
    (True, False)
    """
    sign, _, bound = goal.partition(" ")
    if sign not in ("<=", ">="):
        raise BenchmarkError(f"goal {goal!r} is not written like '<= 1.4' or '>= 20'")
    return ratio <= float(bound) if sign == "<=" else ratio >= float(bound)


def table(rows: list[dict[str, Any]]) -> Table:
    shown = Table("benchmark", "ratio", "to", "goal", "met")
    for row in rows:
        reached = met(row["ratio"], row["goal"])
        shown.add_row(row["name"], f"{row['ratio']:.3g}", row["to"], row["goal"], "yes" if reached else "NO")
    return shown


@click.command()
@click.argument("names", nargs=-1)
@click.option("--output", type=click.Path(path_type=Path), default="results/benchmarks.json", show_default=True)
def command(names: tuple[str, ...], output: Path) -> None:
    """Run the benchmark modules NAMES (default: all)."""
    unknown = sorted(set(names) - set(modules()))
    if unknown:
        raise click.UsageError(f"no benchmark module {', '.join(unknown)}; there are {', '.join(modules())}")
    rows = collect(list(names) or modules())
    write_json(output, {"benchmarks": rows, "provenance": provenance(open_boxes=[])})
    draw(rows, output.with_suffix(".png"))
    Console(stderr=False, width=None if sys.stdout.isatty() else 160).print(table(rows))


if __name__ == "__main__":
    command()
