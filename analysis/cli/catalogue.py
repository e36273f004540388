"""`kaon catalogue check`: are the files of the catalogue's samples there, and are they what they were?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from rarekaon.analysis.cli.options import QUICK, SAMPLES, Command


@click.group(name="catalogue")
def command() -> None:
    """The samples and their files."""


@command.command(name="check", cls=Command)
@click.argument("names", nargs=-1)
@SAMPLES
@QUICK
@click.option("--write", is_flag=True, help="State the checksums of the files of data in datasets/checksums.yaml.")
def check(names: tuple[str, ...], samples: Path, write: bool) -> None:
    """Look into all files of the samples NAMES, by default of all data samples and of what was simulated.

    Every file is read from its beginning to its end.  The exit status is 1 if anything is wrong.
    """
    from rarekaon.analysis.execution.checksums import state
    from rarekaon.analysis.execution.errors import InputFileError
    from rarekaon.analysis.execution.fileset import files_of, sample_path
    from rarekaon.analysis.search.catalogue import catalogue

    known = catalogue()
    made = [n for n in known.names if n not in known.data and sample_path(samples, n).is_file()]
    wrong = 0
    for name in names or (*known.data, *made):
        try:
            paths = files_of(name, samples)
            if write and name in known.data:
                for path in state(name, paths):
                    click.echo(f"{name}: {path} has changed since its checksum was stated")
            said = list(_problems(name, paths))
        except InputFileError as error:
            said = [str(error)]
        for problem in said:
            click.secho(f"{name}: {problem}", fg="red", err=True)
        wrong += len(said)
        if not said:
            click.echo(f"{name}: {_summary(name, paths)}")
    if wrong:
        raise SystemExit(1)


def _problems(name: str, paths: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the files of a sample, each by itself and together."""
    from rarekaon.analysis.execution.errors import InputFileError
    from rarekaon.analysis.execution.inputs import check_accounted, check_distinct, inspect_file
    from rarekaon.analysis.execution.slots import check_slots

    files = []
    for path in paths:
        try:
            files.append(inspect_file((name, path)))
            check_slots(files[-1:])
        except InputFileError as error:
            yield str(error)
    try:
        check_distinct(files)
        check_accounted(files)
    except InputFileError as error:
        yield str(error)


def _summary(name: str, paths: tuple[str, ...]) -> str:
    from rarekaon.analysis.execution.checksums import has_checksum

    files = f"{len(paths)} file{'s' * (len(paths) > 1)}"
    without = [path for path in paths if not has_checksum(name, path)]
    if not without:
        return f"{files} as {'their checksums say' if len(paths) > 1 else 'its checksum says'}"
    return f"{files}, {len(without)} without a checksum"
