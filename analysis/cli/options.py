"""Options that several commands share, word for word."""

from __future__ import annotations

from pathlib import Path

import click

SAMPLES = click.option(
    "--samples", type=click.Path(path_type=Path, file_okay=False), default=Path("samples"), show_default=True,
    help="Where the files are.",
)  # fmt: skip
BACKEND = click.option(
    "--backend", default="iterative", show_default=True, help="iterative, local, slurm, htcondor or tcp://..."
)
WORKERS = click.option("--workers", type=int, help="Worker processes of the backend.")
CONFIDENCE_LEVEL = click.option(
    "--cl", "confidence_level", type=float, default=0.9, show_default=True, help="Confidence level."
)
