"""Options that several commands share, word for word."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource


class _Number(click.ParamType):  # type: ignore[type-arg]
    """A number as one writes it; Python's 1_0 and inf are typing errors."""

    name = "number"
    _form = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, str):
            if not self._form.fullmatch(value.strip()):
                self.fail(f"{value!r} is no number; write it like 0.26 or 3.5e-11", param, ctx)
            return float(value)
        return float(value)  # type: ignore[arg-type]


class _Count(click.ParamType):  # type: ignore[type-arg]
    """A whole number in digits."""

    name = "count"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+", value.strip()):
            self.fail(f"{value!r} is no whole number; write it in digits", param, ctx)
        return int(value)  # type: ignore[call-overload, no-any-return]


NUMBER, COUNT = _Number(), _Count()


class Command(click.Command):
    """A command with the options that all have: --json, --quiet, --verbose."""

    def __init__(self, name: str | None, params: list[click.Parameter] | None = None, **keywords: Any) -> None:
        super().__init__(name, params=[*(params or ()), *_common()], **keywords)

    def invoke(self, ctx: click.Context) -> Any:
        """With --verbose, what the package logs goes to the error stream."""
        if is_set("verbose"):
            logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S")
            logging.getLogger("rarekaon").setLevel(logging.INFO)
        return super().invoke(ctx)


def _common() -> list[click.Parameter]:
    def remembered(name: str, *flags: str, meaning: str) -> click.Option:
        return click.Option(flags, is_flag=True, is_eager=True, expose_value=False, callback=remember, help=meaning)

    return [
        remembered("json", "--json", meaning="Print the result as JSON."),
        remembered("quiet", "-q", "--quiet", meaning="Print the result alone: no progress, no notes."),
        remembered("verbose", "-v", "--verbose", meaning="Say which results are read and written, and when."),
    ]


def remember(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    """Keep a flag where `cli.voice` and other options find it."""
    if value:
        context.meta[f"{__name__}.{parameter.name}"] = True
    return value


def is_set(name: str) -> bool:
    """Whether one of the flags that are kept was given to the command that runs now."""
    context = click.get_current_context(silent=True)
    return context is not None and f"{__name__}.{name}" in context.meta


def is_given(name: str) -> bool:
    """Whether the command that runs now was called with a value for the option."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not None and source is not ParameterSource.DEFAULT


class Place(click.Option):
    """A path below samples/ or results/; with --quick the same below samples/quick/ or results/quick/."""

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        default = super().get_default(ctx, call)
        if isinstance(default, Path) and f"{__name__}.quick" in ctx.meta:
            top, *rest = default.parts
            return Path(top, "quick", *rest)
        return default


def place(name: str, default: str, meaning: str, *, short: str = "", directory: bool | None = True) -> Any:
    """The option --name, a directory or a file (None: either), whose default --quick moves."""
    names = (f"--{name}", *((short,) if short else ()))
    kind = click.Path(path_type=Path, file_okay=directory is not True, dir_okay=directory is not False)
    return click.option(*names, cls=Place, type=kind, default=Path(default), show_default=True, help=meaning)


def output(default: str, *, directory: bool = False) -> Any:
    """The option --output: the one file, or the directory, that is written."""
    return place("output", default, "Where to write.", short="-o", directory=directory)


def quick(meaning: str, *, exposed: bool = True) -> Any:
    """The option --quick, for small samples and what is made of them."""
    places = "paths are those below samples/quick and results/quick."
    return click.option(
        "--quick", is_flag=True, is_eager=True, expose_value=exposed, callback=remember, help=f"{meaning}; {places}"
    )


QUICK = quick("What was made of small samples", exposed=False)
SAMPLES = place("samples", "samples", "Where the samples are.")
HISTOGRAMS = place("histograms", "results/histograms", "Where `kaon run` wrote.")
LIMITS = place("limits", "results/limits.json", "What `kaon limits` wrote.", directory=False)
BACKEND = click.option(
    "--backend", default="local", show_default=True, help="local, iterative, slurm, htcondor, gateway or tcp://..."
)
WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), help="Worker processes; on this machine by default one a core."
)
CONFIDENCE_LEVEL = click.option(
    "--cl", "confidence_level", type=NUMBER, default=0.9, show_default=True, help="Confidence level."
)


def check_known(what: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    """UsageError for the first unknown name, with the one that is meant and those that there are."""
    known = tuple(known)
    for name in wanted:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise click.UsageError(f"unknown {what} {name}: there are {', '.join(known) or 'none'}{hint}")
