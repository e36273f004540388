"""`kaon verify`: whether a bundle is whole, and whether its results come out again."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import BACKEND, QUICK, SAMPLES, WORKERS, Command
from rarekaon.analysis.cli.voice import note, quiet, show


@click.command("verify", cls=Command)
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@SAMPLES
@QUICK
@BACKEND
@WORKERS
def command(bundle: Path, samples: Path, backend: str, workers: int | None) -> None:
    """Check every digest in BUNDLE and recompute its limits from its histograms, bit by bit.

    Searches whose samples are there, the same files, are run again, and their histograms compared bit by bit, too.
    The exit code is 1, and the first difference is named, if something is not as it was.
    """
    from rarekaon.analysis.execution import Backend
    from rarekaon.analysis.report.bundle import verify_bundle, verify_from_samples

    notes = verify_bundle(bundle)
    for text in notes:
        note(text)
    again = verify_from_samples(bundle, samples, Backend(backend, workers), progress=not quiet())
    show({"bundle": str(bundle), "verified": True, "from_samples": list(again), "notes": notes})
    note(f"{bundle}: whole, and its limits come out again")
    note(f"histograms made again from samples: {', '.join(again) or f'none, the samples are not in {samples}'}")
