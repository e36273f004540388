"""Options that several commands share, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import click


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
SAMPLES = click.option(
    "--samples", type=click.Path(path_type=Path, file_okay=False), default=Path("samples"), show_default=True,
    help="Where the files are.",
)  # fmt: skip
BACKEND = click.option(
    "--backend", default="iterative", show_default=True, help="iterative, local, slurm, htcondor or tcp://..."
)
WORKERS = click.option("--workers", type=int, help="Worker processes of the backend.")
CONFIDENCE_LEVEL = click.option(
    "--cl", "confidence_level", type=NUMBER, default=0.9, show_default=True, help="Confidence level."
)
