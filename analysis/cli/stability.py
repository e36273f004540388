"""`kaon stability`: how the results of a search depend on its cuts and on the data."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import BACKEND, CONFIDENCE_LEVEL, QUICK, SAMPLES, WORKERS, Command, output
from rarekaon.analysis.cli.voice import note, quiet, show


@click.command("stability", cls=Command)
@click.argument("search")
@click.argument("dataset")
@click.option(
    "--cut", "cuts", multiple=True, help='A cut to vary: "vertex_z", or "vertex_z:low=105,110" (display unit).'
)
@click.option("--periods", is_flag=True, help="Each period of the data set alone.")
@SAMPLES
@output("results/stability", directory=True)
@QUICK
@BACKEND
@WORKERS
@CONFIDENCE_LEVEL
def command(
    search: str,
    dataset: str,
    cuts: tuple[str, ...],
    periods: bool,
    samples: Path,
    output: Path,
    backend: str,
    workers: int | None,
    confidence_level: float,
) -> None:
    """Run SEARCH in DATASET with cuts moved and on parts of the data; by default with all of them.

    Masked boxes stay masked: events in them are removed where data are read, whatever the cuts are.
    """
    from dataclasses import asdict

    from rarekaon.analysis.execution import Backend
    from rarekaon.analysis.facts.models import conditions
    from rarekaon.analysis.processing.unblinding import open_boxes
    from rarekaon.analysis.report.stability import draw_stability, shown, stability_table
    from rarekaon.analysis.results.provenance import provenance
    from rarekaon.analysis.results.records import write_json
    from rarekaon.analysis.search.channels import search as declared
    from rarekaon.analysis.stability import PeriodVariation, Variation, check_stability
    from rarekaon.analysis.stability.variation import parsed, quantities, usual

    wanted = declared(search, dataset)
    variations: list[Variation] = [v for text in cuts for v in parsed(text, wanted)]
    if not cuts and not periods:
        variations += usual(wanted)
    if periods or not cuts:
        variations += [PeriodVariation(name) for name in conditions().datasets[dataset].periods]
    place = Backend(backend, workers)
    found = check_stability(
        search,
        dataset,
        variations,
        samples=samples,
        backend=place,
        confidence_level=confidence_level,
        progress=not quiet(),
    )
    path = output / f"stability_{search}_{dataset}.json"
    content = {
        "confidence_level": confidence_level,
        **asdict(found),
        "provenance": provenance(open_boxes=open_boxes()),
    }
    write_json(path, content)
    show(content, stability_table(found))
    for drawn in draw_stability(found, output):
        note(f"drawn {drawn}")
    pulls = [p for p in found.points if p.kaon_decays_pull is not None]
    if pulls:
        worst = max(pulls, key=lambda p: abs(p.kaon_decays_pull or 0.0))
        where = shown(worst, quantities(wanted))
        note(f"largest change of N_K: {worst.kaon_decays_pull:+.1f} standard deviations of the change, {where}")
    note(f"written {path}")
