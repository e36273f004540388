"""`kaon simulate`: samples of the catalogue, weighted simulation and pseudo-data."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import BACKEND, Command, check_known, place, quick
from rarekaon.analysis.cli.voice import note, progress, show

if TYPE_CHECKING:
    from rarekaon.analysis.simulation.samples.blocks import Workers


def _injections(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """Parse DECAY=BRANCHING_FRACTION; BadParameter says what is wrong."""
    parsed = {}
    for value in values:
        decay, equals, fraction = value.rpartition("=")
        try:
            parsed[decay.strip()] = float(fraction)
        except ValueError:
            equals = ""
        if not equals or not 0 < parsed[decay.strip()] < 1:
            raise click.BadParameter(f"{value!r}; write it like 'K+ -> pi- e+ e+=2e-10'")
    return parsed


@click.command(name="simulate", cls=Command)
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All samples of the catalogue.")
@click.option("--list", "listing", is_flag=True, help="List them as `kaon samples` does, and stop.")
@quick("Fewer decays, a tenth of the exposure: for trying things out")
@BACKEND
@click.option(
    "--workers", type=click.IntRange(min=1), help="Threads of this machine, by default one a core; else processes."
)
@place("output", "samples", "Directory, or with one name also a .root file.", short="-o", directory=None)
@click.option("--format", "file_format", type=click.Choice(["ttree", "rntuple"]), default="ttree", show_default=True)
@click.option("--inject", multiple=True, callback=_injections, help="Add DECAY=BRANCHING_FRACTION to pseudo-data.")
def command(
    names: tuple[str, ...],
    everything: bool,
    listing: bool,
    quick: bool,
    backend: str,
    workers: int | None,
    output: Path,
    file_format: str,
    inject: dict[str, float],
) -> None:
    """Simulate NAMES of the catalogue and write one ROOT file each.

    The same name gives the same bits whatever the backend and the number of workers.
    """
    if listing:
        from rarekaon.analysis.cli.samples import command as samples

        click.get_current_context().invoke(samples, names=names, files=False)
        return
    from rarekaon.analysis.search.catalogue import catalogue

    known = catalogue()
    wanted = (*known.simulation, *known.pseudo_data) if everything else names
    if not wanted:
        raise click.UsageError("name samples, or --all; `kaon samples` lists them")
    check_known("sample", wanted, known.names)
    if output.suffix == ".root" and len(wanted) > 1:
        raise click.UsageError("several samples need a directory as --output")
    summaries = []
    gc.set_threshold(100_000)  # compiling makes many objects that stay: looking through them is a fifth of its time
    with _makers(backend, workers) as makers:
        for name in wanted:
            path = output if output.suffix == ".root" else output / f"{name}.root"
            summaries.append(_simulate_one(name, path, quick, makers, file_format, inject))
    show(summaries)


@contextmanager
def _makers(backend: str, workers: int | None) -> Iterator[Workers]:
    """Who makes the blocks: threads of this machine, which share what they need, or the workers of another backend."""
    if backend in ("local", "iterative"):
        yield workers or (1 if backend == "iterative" else os.cpu_count() or 1)
        return
    from rarekaon.analysis.execution import Backend
    from rarekaon.analysis.execution.blocks import OnWorkers
    from rarekaon.analysis.execution.connection import connect

    with connect(Backend(backend, workers)) as watch:
        assert watch is not None
        yield OnWorkers(watch)


def _simulate_one(
    name: str, path: Path, quick: bool, workers: Workers, file_format: str, inject: dict[str, float]
) -> dict[str, Any]:
    from rarekaon.analysis.simulation import simulate

    with progress(name) as report:
        summary = simulate(
            name,
            path,
            quick=quick,
            workers=workers,
            format="rntuple" if file_format == "rntuple" else "ttree",
            inject=inject,
            progress=report,
        )
    note(
        f"{name}: {summary.events:,} events of {summary.generated:,} simulated decays in "
        f"{summary.seconds:.1f} s, {path}"
    )
    return {"name": name, "path": str(path), "events": summary.events, "generated": summary.generated}
