"""`kaon simulate`: samples of the catalogue, weighted simulation and pseudo-data."""

from __future__ import annotations

import os
from pathlib import Path

import click


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


def _show_catalogue() -> None:
    from rich.console import Console
    from rich.table import Table

    from rarekaon.analysis.decays import mode
    from rarekaon.analysis.search.catalogue import catalogue
    from rarekaon.analysis.simulation.streams.requirements import STREAMS

    known = catalogue()
    samples = Table("sample", "decay", "code", "stream", "decays", "note", title="Simulated samples")
    for name, sample in known.simulation.items():
        code = str(mode(sample.decay).code)
        samples.add_row(name, sample.decay, code, sample.stream, f"{sample.decays:,}", sample.note)
    data = Table("sample", "periods", "modes", "stream", "note", title="Pseudo-data")
    for name, pseudo in known.pseudo_data.items():
        data.add_row(name, ", ".join(pseudo.periods), "\n".join(pseudo.modes), pseudo.stream, pseudo.note)
    streams = Table("stream", "stored events", title="Streams")
    for stream in STREAMS.values():
        streams.add_row(stream.name, stream.meaning)
    for table in (samples, data, streams):
        Console().print(table)


def _validate(histograms: Path) -> None:
    """Write acceptances.json beside the histograms and print its table."""
    from rich.console import Console

    from rarekaon.analysis.execution.store import load
    from rarekaon.analysis.limits.validation import validate
    from rarekaon.analysis.report.validation import validation_tables
    from rarekaon.analysis.results.records import write_json

    paths = sorted(histograms.glob("*.zip"))
    if not paths:
        raise click.ClickException(f"no histograms in {histograms}; run `make histograms` first")
    rows = validate({path.stem: load(path) for path in paths})
    output = histograms.parent / "acceptances.json"
    write_json(output, [row.as_json() for row in rows])
    console = Console() if Console().is_terminal else Console(width=180)
    for table in validation_tables(rows):
        console.print(table)
    click.echo(f"written {output}")


@click.command(name="simulate")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All samples of the catalogue.")
@click.option("--list", "listing", is_flag=True, help="Show the samples and streams, and stop.")
@click.option(
    "--names", "naming", is_flag=True, help="Print only their names and the files that declare them, and stop."
)
@click.option("--quick", is_flag=True, help="Fewer decays, a tenth of the exposure: for trying things out.")
@click.option("--workers", type=click.IntRange(min=1), default=os.cpu_count(), show_default="cores", help="Threads.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default="samples",
    show_default=True,
    help="Directory, or with one name also a .root file.",
)
@click.option("--format", "file_format", type=click.Choice(["ttree", "rntuple"]), default="ttree", show_default=True)
@click.option("--inject", multiple=True, callback=_injections, help="Add DECAY=BRANCHING_FRACTION to pseudo-data.")
@click.option("--progress/--no-progress", default=True, help="Show a progress bar.")
@click.option("--validate", is_flag=True, help="Compare the simulation with every published number, and stop.")
@click.option(
    "--histograms",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results/histograms"),
    show_default=True,
    help="Where `kaon run` wrote, for --validate; acceptances.json goes beside it.",
)
def command(
    names: tuple[str, ...],
    everything: bool,
    listing: bool,
    naming: bool,
    quick: bool,
    workers: int,
    output: Path,
    file_format: str,
    inject: dict[str, float],
    progress: bool,
    validate: bool,
    histograms: Path,
) -> None:
    """Simulate NAMES of the catalogue and write one ROOT file each.

    The same name gives the same bits whatever the number of threads.
    """
    if listing:
        _show_catalogue()
        return
    if naming:
        from rarekaon.analysis.search.catalogue import sample_sources

        for name, path in sample_sources().items():
            click.echo(f"{name} {path}")
        return
    if validate:
        if names or everything:
            raise click.UsageError("--validate compares what `kaon run` booked; it takes no names")
        _validate(histograms)
        return
    from rarekaon.analysis.search.catalogue import catalogue

    known = catalogue()
    wanted = (*known.simulation, *known.pseudo_data) if everything else names
    if not wanted:
        raise click.UsageError("name samples, or --all; --list shows them")
    if output.suffix == ".root" and len(wanted) > 1:
        raise click.UsageError("several samples need a directory as --output")
    for name in wanted:
        path = output if output.suffix == ".root" else output / f"{name}.root"
        _simulate_one(name, path, quick, workers, file_format, inject, progress)


def _simulate_one(
    name: str, path: Path, quick: bool, workers: int, file_format: str, inject: dict[str, float], progress: bool
) -> None:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from rarekaon.analysis.simulation import simulate

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not progress) as bar:
        task = bar.add_task(name, total=None)
        summary = simulate(
            name,
            path,
            quick=quick,
            workers=workers,
            format="rntuple" if file_format == "rntuple" else "ttree",
            inject=inject,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    click.echo(
        f"{name}: {summary.events:,} events of {summary.generated:,} simulated decays in "
        f"{summary.seconds:.1f} s, {path}"
    )
