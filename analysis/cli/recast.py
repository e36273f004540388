"""`kaon recast`: limits for other models of the signal, by reweighting the simulated one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import (
    BACKEND,
    CONFIDENCE_LEVEL,
    HISTOGRAMS,
    QUICK,
    SAMPLES,
    WORKERS,
    Command,
    output,
)
from rarekaon.analysis.cli.voice import note, quiet, show

if TYPE_CHECKING:
    from rarekaon.analysis.recasting import Density, Recast


@click.command("recast", cls=Command)
@click.argument("search")
@click.argument("dataset")
@click.option("--uniform", is_flag=True, help="Uniform phase space, to compare with.")
@click.option("--resonance", "pair", help='Pair of products that is a resonance, e.g. "pi- e+".')
@click.option("--mass", "masses", type=float, multiple=True, help="Its mass in MeV; several give a scan.")
@click.option("--width", type=float, default=0.0, help="Its width in MeV; 0: narrow.")
@click.option("--ctau", type=float, default=0.0, help="In place of the width its lifetime, c tau in mm.")
@click.option("--amplitude", type=click.Choice(["isotropic", "majorana"]), default="isotropic", show_default=True)
@click.option("--window", type=float, default=2.0, show_default=True, help="MeV around the mass that stand for it.")
@click.option(
    "--table", "tables", type=click.Path(path_type=Path, dir_okay=False), multiple=True, help="Dalitz table (YAML)."
)
@click.option("--function", "functions", multiple=True, help="Python function of the momenta, as FILE.py:NAME.")
@SAMPLES
@HISTOGRAMS
@output("results/recast.json")
@QUICK
@BACKEND
@WORKERS
@CONFIDENCE_LEVEL
def command(
    search: str,
    dataset: str,
    uniform: bool,
    pair: str | None,
    masses: tuple[float, ...],
    width: float,
    ctau: float,
    amplitude: Any,
    window: float,
    tables: tuple[Path, ...],
    functions: tuple[str, ...],
    samples: Path,
    histograms: Path,
    output: Path,
    backend: str,
    workers: int | None,
    confidence_level: float,
) -> None:
    """Limits of SEARCH in DATASET for other densities of its signal on phase space.

    Background, N_K and the observed count are those of the search; a masked one has expected limits only.

    \b
    kaon recast pi_ee 2016-2018 --resonance "pi- e+" --mass 200 --mass 300
    kaon recast pi_ee 2016-2018 --function model.py:density
    """
    from rarekaon.analysis.execution import Backend
    from rarekaon.analysis.processing.unblinding import open_boxes
    from rarekaon.analysis.recasting import DalitzTable, Resonance, Uniform, recast
    from rarekaon.analysis.report.recasts import recast_table
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import write_json

    if bool(pair) != bool(masses):
        raise click.UsageError("--resonance and --mass belong together")
    densities: list[Density] = [Uniform()] if uniform else []
    densities += [Resonance(str(pair), m, width=width, ctau=ctau, amplitude=amplitude, window=window) for m in masses]
    densities += [DalitzTable.read(path) for path in tables]
    densities += [_function(text) for text in functions]
    if not densities:
        raise click.UsageError("name a model: --uniform, --resonance with --mass, --table or --function")
    found = recast(
        search, dataset, *densities, samples=samples, histograms=histograms, backend=Backend(backend, workers),
        confidence_level=confidence_level, progress=not quiet(),
    )  # fmt: skip
    content = _content(found, confidence_level, provenance(histograms, open_boxes=open_boxes()))
    write_json(output, content)
    show(content, recast_table(found, confidence_level))
    note(f"written {output}")


def _content(found: tuple[Recast, ...], confidence_level: float, provenance: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "confidence_level": confidence_level,
        "recasts": [asdict(result) for result in found],
        "provenance": provenance,
    }


def _function(text: str) -> Density:
    """The function of "FILE.py:NAME"; the file is executed."""
    from rarekaon.analysis.cli.python_file import named
    from rarekaon.analysis.recasting import Function

    of, place = named(text, "function", "model.py:density")
    if not callable(of):
        raise click.BadParameter(f"{place} is no function")
    return Function(of, place)
