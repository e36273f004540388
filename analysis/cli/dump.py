"""`kaon dump`: what the detector reaches when the protons are dumped, model by model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import Command, check_known, output
from rarekaon.analysis.cli.voice import note, show

if TYPE_CHECKING:
    from rarekaon.analysis.dump import Contour, Model


@click.command("dump", cls=Command)
@click.argument("models", nargs=-1)
@click.option("--model", "files", multiple=True, help="A model of your own, as FILE.py:NAME.")
@click.option(
    "--protons",
    type=float,
    multiple=True,
    default=(1e18, 1.4e17),
    show_default=True,
    help="On target; repeat for more.",
)
@click.option("--mass", "masses", type=float, multiple=True, help="MeV, in place of the model's own; repeat for more.")
@click.option(
    "--particles", type=click.IntRange(min=100), default=100_000, show_default=True, help="Of each production."
)
@click.option("--seed", type=click.IntRange(min=0), default=400, show_default=True)
@output("results/dump.json")
def command(
    models: tuple[str, ...],
    files: tuple[str, ...],
    protons: tuple[float, ...],
    masses: tuple[float, ...],
    particles: int,
    seed: int,
    output: Path,
) -> None:
    """Contours at 2.3 events of MODELS (default: all, if no file is named), as a table, JSON and figures.

    \b
    kaon dump alp dark_photon --protons 1e18
    kaon dump --model mine.py:MODEL --mass 100 --mass 200

    Background is not part of it: 2.3 events exclude where none is expected and none is seen.
    """
    from rarekaon.analysis.dump import contours
    from rarekaon.analysis.dump.benchmarks import MODELS
    from rarekaon.analysis.report.dump import dump_figure, dump_table
    from rarekaon.analysis.report.figures import save_figure
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import write_json

    check_known("model", models, MODELS)
    if not all(n > 0 for n in protons):
        raise click.BadParameter("protons on target must be above zero")
    if not all(mass > 0 for mass in masses):
        raise click.BadParameter("masses (MeV) must be above zero")
    chosen = [MODELS[name] for name in models or (() if files else MODELS)] + [_own(text) for text in files]
    found: list[Contour] = []
    tables = []
    for model in chosen:
        mine = contours(model, protons, masses=masses or None, particles=particles, seed=seed)
        tables.append(dump_table(model, mine))
        path = output.parent / "dump" / f"{model.name}.png"
        note(f"drawn {save_figure(dump_figure(model, mine), path)}")
        found += mine
    content = {"contours": [_plain(c) for c in found], "provenance": provenance(open_boxes=[])}
    write_json(output, content)
    show(content, *tables)
    note(f"written {output}")


def _own(text: str) -> Model:
    from rarekaon.analysis.cli.python_file import named
    from rarekaon.analysis.dump import Model

    model, place = named(text, "model", "mine.py:MODEL")
    if not isinstance(model, Model):
        raise click.BadParameter(f"{place} is no Model but {type(model).__name__}")
    return model


def _plain(contour: Contour) -> dict[str, Any]:
    """As JSON: no number where there is no edge."""
    from dataclasses import asdict
    from math import isnan

    def number(value: Any) -> Any:
        if isinstance(value, tuple):
            return [number(v) for v in value]
        return None if isinstance(value, float) and isnan(value) else value

    return {key: number(value) for key, value in asdict(contour).items()}
