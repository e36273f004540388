"""`kaon run`: events to histograms, for any searches, on any backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import BACKEND, SAMPLES, WORKERS, Command, check_known, output, quick
from rarekaon.analysis.cli.voice import note, quiet, show

if TYPE_CHECKING:
    from rarekaon.analysis.execution import RunResult
    from rarekaon.analysis.execution.quality import Used

QUICK_CHUNK_SIZE = 100_000
CHUNK_SIZE = 500_000


@click.command(name="run", cls=Command)
@click.argument("searches", nargs=-1)
@SAMPLES
@output("results/histograms", directory=True)
@BACKEND
@WORKERS
@click.option(
    "--chunk-size",
    type=click.IntRange(min=1),
    help=f"Events at once (default {CHUNK_SIZE}, {QUICK_CHUNK_SIZE} with --quick).",
)
@quick("Smaller chunks, so that all workers get some")
@click.option("--dry-run", is_flag=True, help="Print what would be read, or the job script, and stop.")
def command(
    searches: tuple[str, ...],
    samples: Path,
    output: Path,
    backend: str,
    workers: int | None,
    chunk_size: int | None,
    quick: bool,
    dry_run: bool,
) -> None:
    """Run SEARCHES (default: all) over the samples they need.

    Writes one file of histograms per search, and what was read, when and where to run.json.
    """
    from rarekaon.analysis.execution import Backend, run
    from rarekaon.analysis.execution.fileset import fileset
    from rarekaon.analysis.processing.processor import SearchProcessor
    from rarekaon.analysis.search.channels import searches as declared

    place = Backend(backend, workers)
    names = searches or tuple(declared())
    check_known("search", names, declared())
    if not names:
        raise click.UsageError("there are no searches: install the package")
    needed = [sample for name in names for search in declared()[name] for sample in search.samples.all]
    if dry_run:
        _dry_run(place, names, list(dict.fromkeys(needed)), samples)
        return
    result = run(
        SearchProcessor(names),
        fileset(needed, samples),
        backend=place,
        chunk_size=chunk_size or (QUICK_CHUNK_SIZE if quick else CHUNK_SIZE),
        progress=not quiet(),
    )
    write(result, names, output)
    note(summary(result))
    for line in dict.fromkeys(line for u in data_used(result, names) for line in u.warnings):
        note(line)
    show(run_record(result, names))


def write(result: RunResult, names: tuple[str, ...], output: Path) -> None:
    """One histogram file per search, then the record of the run, which is therefore newer than all of them."""
    from rarekaon.analysis.execution.store import save
    from rarekaon.analysis.results.provenance import RUN_RECORD
    from rarekaon.analysis.results.records import write_json

    for name in names:
        samples = result.output[name]
        content = {
            sample: {**booked, "exposure": result.exposure(sample).as_numbers()} for sample, booked in samples.items()
        }
        save(output / f"{name}.zip", content)
    write_json(output / RUN_RECORD, run_record(result, names))


def run_record(result: RunResult, names: tuple[str, ...]) -> dict[str, Any]:
    """Searches, exposure by sample, the data used and left out, closure, metrics and provenance, ready for JSON."""
    from dataclasses import asdict

    return {
        "searches": list(names),
        "data": [asdict(u) for u in data_used(result, names)],
        "samples": {sample: result.exposure(sample).as_numbers() for sample in result.closure.sample_events},
        "closure": asdict(result.closure),
        "metrics": asdict(result.metrics),
        "provenance": result.provenance.as_dict(),
    }


def data_used(result: RunResult, names: tuple[str, ...]) -> list[Used]:
    """What each data set that was searched is made of, by sample."""
    from rarekaon.analysis.execution.quality import used
    from rarekaon.analysis.search.channels import searches

    simulated = {f.sample: f.simulated for f in result.files}
    pairs = ((sample, s.dataset) for name in names for s in searches()[name] for sample in s.samples.all)
    return [used(result.files, *pair) for pair in dict.fromkeys(pairs) if simulated.get(pair[0]) is False]


def summary(result: RunResult) -> str:
    """One line for people."""
    closure, metrics = result.closure, result.metrics
    return (
        f"{closure.events} events of {closure.files} files in {closure.chunks} chunks, each processed once; "
        f"{metrics.bytes_read / 1e6:.0f} MB read, {metrics.wall_seconds:.1f} s"
    )


def _dry_run(place: Any, names: tuple[str, ...], needed: list[str], samples: Path) -> None:
    if place.name in ("slurm", "htcondor"):
        from rarekaon.analysis.execution.batch_systems import job_script

        click.echo(job_script(place))
        return
    from rarekaon.analysis.execution.fileset import fileset

    click.echo(f"searches: {', '.join(names)}")
    for sample, files in fileset(needed, samples).items():
        click.echo(f"{sample}: {', '.join(files)}")
