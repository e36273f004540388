"""`kaon run`: events to histograms, for any searches, on any backend."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rarekaon.analysis.cli.options import BACKEND, SAMPLES, WORKERS, Command, check_known, output, quick
from rarekaon.analysis.cli.voice import note, quiet, show

if TYPE_CHECKING:
    from rarekaon.analysis.execution import RunResult
    from rarekaon.analysis.execution.pieces import Pieces

PIECES_LOG = "pieces.log"
"""Which chunks were computed and which were kept from an earlier run."""
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
@click.option("--pieces", help="Where finished pieces are kept: a folder or URL all workers see [beside the output].")
@click.option("--no-pieces", is_flag=True, help="Keep nothing, and use nothing that was kept.")
@click.option("--allow-missing", is_flag=True, help="Leave out files that cannot be read, with what they stand for.")
@click.option("--limit-files", type=click.IntRange(min=1), help="For a trial: no more files of a sample.")
@click.option(
    "--limit-chunks", type=click.IntRange(min=1), help="For a trial: no more chunks of a sample; not written."
)
@click.option(
    "--save-candidates",
    "candidates",
    type=click.Choice(["parquet", "root"]),
    help="Write the candidates before the cuts, with what is cut on, to OUTPUT/candidates, too.",
)
def command(
    searches: tuple[str, ...],
    samples: Path,
    output: Path,
    backend: str,
    workers: int | None,
    chunk_size: int | None,
    quick: bool,
    dry_run: bool,
    pieces: str | None,
    no_pieces: bool,
    allow_missing: bool,
    limit_files: int | None,
    limit_chunks: int | None,
    candidates: Literal["parquet", "root"] | None,
) -> None:
    """Run SEARCHES (default: all) over the samples they need.

    Writes one file of histograms per search, and what was read, when and where to run.json.  A run that was stopped
    goes on where it was: what is finished is kept and used again, as long as nothing it depends on has changed.
    Searches whose data lack branches that they need are left out, and the exit status is 1.
    """
    from rarekaon.analysis.execution import Backend, run
    from rarekaon.analysis.execution.booked import data_used
    from rarekaon.analysis.execution.candidate_files import write_candidates
    from rarekaon.analysis.execution.fileset import fileset
    from rarekaon.analysis.execution.user_data import unable
    from rarekaon.analysis.processing.candidate_tables import CandidateTables
    from rarekaon.analysis.processing.processor import SearchProcessor
    from rarekaon.analysis.results.outputs import check_output_directory
    from rarekaon.analysis.search.channels import samples_of
    from rarekaon.analysis.search.channels import searches as declared

    place = Backend(backend, workers)
    names = searches or tuple(declared())
    check_known("search", names, declared())
    if not names:
        raise click.UsageError("there are no searches: install the package")
    cannot = unable(names)
    names = tuple(name for name in names if name not in cannot)
    for name, missing in cannot.items():
        note(f"{name} is left out: its data have no {', '.join(missing)}")
    if not names:
        raise click.ClickException("none of the searches can be run: map the branches they need (`kaon data check`)")
    needed = samples_of(names)
    if dry_run:
        _dry_run(place, names, list(dict.fromkeys(needed)), samples)
        return
    check_output_directory(output)
    how: dict[str, Any] = {
        "backend": place,
        "chunk_size": chunk_size or (QUICK_CHUNK_SIZE if quick else CHUNK_SIZE),
        "progress": not quiet(),
        "allow_missing": allow_missing,
        "limit_files": limit_files,
        "limit_chunks": limit_chunks,
    }
    files = fileset(needed, samples)
    result = run(SearchProcessor(names), files, pieces=None if no_pieces else kept_pieces(pieces, output), **how)
    if limit_chunks is None:
        write(result, names, output)
    if candidates is not None:
        tables = run(CandidateTables(names), files, **how).output
        for path in write_candidates(tables, output / "candidates", candidates):
            note(f"candidates: {path}")
    note(summary(result))
    for line in dict.fromkeys(line for u in data_used(result, names) for line in u.warnings):
        note(line)
    if limit_chunks is not None:
        note("a trial over a part of the events, which stands for no exposure: nothing was written")
    show(run_record(result, names))
    if cannot:
        click.get_current_context().exit(1)


def kept_pieces(given: str | None, output: Path) -> Pieces:
    """Where pieces are kept: as asked for, as the site's settings say, or beside the output."""
    from rarekaon.analysis.execution.pieces import Pieces
    from rarekaon.analysis.execution.site import site

    return (Pieces(given) if given else site().pieces) or Pieces(str(output.resolve().parent / "pieces"))


def write(result: RunResult, names: tuple[str, ...], output: Path) -> None:
    """One histogram file per search, then the record of the run, which is therefore newer than all of them.

    Files of other searches, from runs before, stay with what their record says.
    """
    from rarekaon.analysis.execution.booked import contents
    from rarekaon.analysis.execution.store import save
    from rarekaon.analysis.processing.unblinding import opened_runs
    from rarekaon.analysis.results.provenance import RUN_RECORD
    from rarekaon.analysis.results.records import write_json, write_text
    from rarekaon.analysis.results.runs import made_before, made_now

    for name, content in contents(result, names).items():
        save(output / f"{name}.zip", content)
    write_text(output / PIECES_LOG, "".join(f"{line}\n" for line in result.log))
    inputs, opened = result.provenance.inputs, opened_runs()
    now = {name: made_now(output / f"{name}.zip", inputs, opened) for name in names}
    made = {name: asdict(m) for name, m in {**made_before(output), **now}.items()}
    write_json(output / RUN_RECORD, {**run_record(result, names), "histograms": made})


def run_record(result: RunResult, names: tuple[str, ...]) -> dict[str, Any]:
    """Searches, exposure by sample, the data used and left out, closure, metrics and provenance, ready for JSON."""
    from rarekaon.analysis.execution.booked import data_used

    return {
        "searches": list(names),
        "data": [asdict(u) for u in data_used(result, names)],
        "samples": {
            sample: result.exposure(sample).as_numbers() for sample in dict.fromkeys(f.sample for f in result.files)
        },
        "closure": asdict(result.closure),
        "missing": [m._asdict() for m in result.missing],
        "notes": list(result.notes),
        "metrics": asdict(result.metrics),
        "provenance": result.provenance.as_dict(),
    }


def summary(result: RunResult) -> str:
    """One line for people, and one for each thing they should know."""
    closure, metrics = result.closure, result.metrics
    lines = [
        f"{closure.events} simulated events and all data of {closure.files} files in {closure.chunks} chunks, each "
        f"processed once; "
        f"{metrics.bytes_read / 1e6:.0f} MB read, {metrics.wall_seconds:.1f} s"
    ]
    if metrics.reused_parts:
        lines.append(
            f"kept from earlier runs: {metrics.reused} of {len(result.log)} chunks whole, {metrics.reused_parts} of "
            f"{metrics.reused_parts + metrics.computed_parts} parts"
        )
    if metrics.retries:
        lines.append(f"{metrics.retries} reads were tried again")
    lines += [f"MISSING in {m.sample}, with the exposure lowered: {m.reason}" for m in result.missing]
    return "\n".join([*lines, *result.notes])


def _dry_run(place: Any, names: tuple[str, ...], needed: list[str], samples: Path) -> None:
    if place.name in ("slurm", "htcondor"):
        from rarekaon.analysis.execution.batch_systems import job_script

        click.echo(job_script(place))
        return
    from rarekaon.analysis.execution.fileset import fileset

    click.echo(f"searches: {', '.join(names)}")
    for sample, files in fileset(needed, samples).items():
        click.echo(f"{sample}: {', '.join(files)}")
