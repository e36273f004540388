"""`kaon`: the group of commands, imported late, and how errors are shown."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import click

import rarekaon
from rarekaon import __version__
from rarekaon.analysis.facts.paths import CATALOGUE

COMMANDS = {
    "searches": "The searches and their data sets, papers and samples.",
    "schema": "The event contract: every branch with its type and unit.",
    "samples": "The samples that can be simulated, and their streams.",
    "quantities": "What a channel file can cut on.",
    "rules": "What a channel file can identify particles by.",
    "streams": "Which simulated events are stored, and who reads them.",
    "new": "A channel file of your own.",
    "data": "Your own data.",
    "convert": "Files of your own in the event contract.",
    "skim": "The events in which searches have candidates, in smaller files.",
    "simulate": "Simulate samples of the catalogue.",
    "catalogue": "Check the files of samples, and state their checksums.",
    "identification": "Measure identification probabilities from control samples.",
    "run": "Run searches over samples: events to histograms.",
    "pieces": "What is kept of runs, so that they go on where they were.",
    "limits": "Histograms and published inputs to results/limits.json.",
    "validate": "The simulation beside every published number.",
    "recast": "Limits for other models of the signal, by reweighting it.",
    "stability": "Results of a search with cuts and data varied.",
    "project": "Expected limits against the number of kaon decays.",
    "dump": "What the detector reaches when the protons are dumped.",
    "limit": "The limit of one counting search, from numbers.",
    "unblind": "Open a masked region, with a record of who and why.",
    "report": "A run on one page, with its tables and figures.",
    "compare": "What differs between two runs.",
    "publish": "Submissions to HEPData, and the bundle that others recompute.",
    "verify": "Check a bundle and recompute its limits.",
}
"""Commands in the order of use, with their line in `kaon --help`; each is `command` in rarekaon.analysis.cli.<name>."""

SOURCES = [(Path(rarekaon.__file__).parent / name).resolve() for name in ("analysis", "processors")]
"""The folders of this package's code."""

FAILED = 1
MISUSED = 2
INTERRUPTED = 130
HINT = "run again with `kaon --debug ...` for the traceback"


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"rarekaon.analysis.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + "".join(f" Did you mean {name!r}?" for name in close))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--catalogue", type=click.Path(), help="Your own catalogue (default: rarekaon.yaml where you work).")
@click.version_option(__version__, prog_name="kaon")
def kaon(debug: bool, catalogue: str | None) -> None:
    """Searches for rare and forbidden kaon decays, from ROOT events to limits."""
    if catalogue:
        os.environ[CATALOGUE] = str(Path(catalogue).resolve())  # for the worker processes, too


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if something failed, 2 if it was called wrongly.

    An error that the package raised to tell the user something is printed as its message alone.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):  # a terminal without box drawing gets question marks, no error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Read before click does, so that the traceback is there for errors of its parsing and importing, too.
    debug = "--debug" in arguments[:1]
    try:
        with ended_as_by_hand():
            result = kaon.main(args=arguments, prog_name="kaon", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:
        _show(error, debug)
        return FAILED
    return result if isinstance(result, int) else 0


@contextmanager
def ended_as_by_hand() -> Iterator[None]:
    """SIGTERM, with which batch systems end a job, does what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(error: Exception, debug: bool) -> None:
    colour = False if os.environ.get("NO_COLOR") else None  # no-color.org; None: as the terminal can
    if debug:
        click.echo(getattr(error, "details", "") or "".join(traceback.format_exception(error)), err=True)
    if is_ours(error):
        # A KeyError's str() is the repr of its message.
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        click.secho(f"kaon: {message}", fg="red", err=True, color=colour)
    else:
        click.secho(f"kaon: {type(error).__name__}: {error}", fg="red", err=True, color=colour)
        if not debug:
            click.echo(HINT, err=True)


def is_ours(error: BaseException) -> bool:
    """Whether an error was raised on purpose by this package: its message then says what to do."""
    if type(error).__module__.partition(".")[0] == "rarekaon":
        return True
    if not isinstance(error, ValueError | KeyError | FileNotFoundError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any(Path(frames[-1].filename).resolve().is_relative_to(place) for place in SOURCES)
