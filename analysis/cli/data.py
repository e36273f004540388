"""`kaon data`: a user's own data, listed, checked and added to the catalogue without touching what is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import NUMBER, WORKERS, Command, is_set
from rarekaon.analysis.cli.voice import show

if TYPE_CHECKING:
    from rarekaon.analysis.execution.user_data import Report


@click.group(name="data")
def command() -> None:
    """Your own data: a catalogue of yours beside the one that is shipped.

    It is the file of `kaon --catalogue FILE`, else of RAREKAON_CATALOGUE, else rarekaon.yaml where you work.
    """


@command.command(name="list", cls=Command)
def listed() -> None:
    """What is in the catalogue, and which searches take it."""
    from rarekaon.analysis.facts.models import SimulationFiles, user_catalogue
    from rarekaon.analysis.facts.paths import user_catalogue_file
    from rarekaon.analysis.search.channels import searches

    by_sample = {
        name: [s.key for group in searches().values() for s in group if name in s.samples.all]
        for name in user_catalogue().from_files
    }
    if is_set("json"):
        show({"catalogue": str(user_catalogue_file() or ""), "samples": by_sample})
        return
    if not by_sample:
        click.echo("no data of your own: `kaon data add NAME DATASET FILES...`")
    for name, takers in by_sample.items():
        sample = user_catalogue().from_files[name]
        of_what = f"{sample.mode}, for " if isinstance(sample, SimulationFiles) else ""
        through = f", through the branch map {sample.map}" if sample.map else ""
        stream, files = sample.stream or "any stream", ", ".join(sample.files)
        click.echo(f"{name}: {of_what}{sample.dataset}, {stream}, {files}{through}")
        why = "has such a sample" if of_what else "reads this stream"
        click.echo(f"  searches: {', '.join(takers) or f'none takes it: no search of this data set {why}'}")


@command.command(name="check", cls=Command)
@click.argument("names", nargs=-1)
@WORKERS
def check(names: tuple[str, ...], workers: int | None) -> None:
    """Open all files of the samples NAMES (default: all) and say what is wrong, and which selections can be run.

    The exit status is 1 if a file cannot be used.
    """
    from rarekaon.analysis.execution.user_data import check_samples

    reports = check_samples(names, workers)
    for report in reports:
        for line in _lines(report):
            click.echo(line)
    if any(report.problem for report in reports):
        sys.exit(1)


def _lines(report: Report) -> list[str]:
    if report.problem:
        return [f"{report.sample}: {report.problem}"]
    what = f"in {report.bursts} bursts" if report.bursts else f"of {report.generated:.4g} simulated decays"
    lines = [f"{report.sample}: {report.path}: {report.events} events {what}"]
    lines += [f"  cannot be run: {name}, for want of {', '.join(missing)}" for name, missing in report.lacking.items()]
    return lines


@command.command(name="add", cls=Command)
@click.argument("name")
@click.argument("dataset")
@click.argument("files", nargs=-1, required=True)
@click.option("--stream", help="Which events it holds; by default it is for every search of the data set.")
@click.option("--tree", default="", help="The tree in the files, with its folder.")
@click.option("--map", "branch_map", default="", help="A branch map, shipped (NA62Flat) or a file.")
@click.option("--simulation", "decay", help="These are simulated decays, such as 'K+ -> pi+ e+ e-', and no data.")
@click.option("--part", default="", help="Of simulation: which part of the decay, where a search has several.")
@click.option("--generated", type=NUMBER, help="Of simulation: decays generated, if no tree Generation says it.")
@click.option("--weight", type=NUMBER, help="Of simulation: sum of their weights [as many as were generated].")
@click.option("--weight-in-fv", type=NUMBER, help="Of simulation: part of that in the fiducial volume [all].")
def add(
    name: str,
    dataset: str,
    files: tuple[str, ...],
    stream: str | None,
    tree: str,
    branch_map: str,
    decay: str | None,
    part: str,
    generated: float | None,
    weight: float | None,
    weight_in_fv: float | None,
) -> None:
    """Add the sample NAME of DATASET, made of FILES (paths, patterns or URLs), to your catalogue.

    It is of data, or with --simulation of that decay: then it takes the place of the simulated sample of the same decay
    in the searches of DATASET.
    """
    from rarekaon.analysis.facts.paths import USER_CATALOGUE, user_catalogue_file
    from rarekaon.analysis.search.user_catalogue import added

    path = user_catalogue_file() or Path(USER_CATALOGUE)
    of_simulation = {
        "part": part,
        "generated": None if generated is None else round(generated),
        "weight": weight,
        "weight_in_fv": weight_in_fv,
    }
    if decay is None and any(of_simulation.values()):
        raise click.UsageError("--part, --generated and weights are those of simulation: name its decay (--simulation)")
    entry: dict[str, Any] = {"files": list(files), "decay": decay, "dataset": dataset, "stream": stream, "tree": tree}
    entry |= {"map": branch_map, **of_simulation}
    added(path, name, {key: value for key, value in entry.items() if value}, "simulation" if decay else "data")
    click.echo(f"{path}: added {name}; `kaon data check {name}` opens its files")
