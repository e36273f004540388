"""`kaon identification`: measure identification probabilities from control samples."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rarekaon.analysis.cli.options import QUICK, SAMPLES, Command, output
from rarekaon.analysis.cli.voice import note, quiet, show

PIONS, POSITRONS = "control_k3pi", "control_pi0_e_nu"


@click.command("identification", cls=Command)
@SAMPLES
@output("results/identification.json")
@QUICK
def command(samples: Path, output: Path) -> None:
    """Write maps of P(pi -> e), P(e -> pi), P(pi -> mu) and efficiencies against momentum, for correctionlib.

    Reads the samples control_k3pi and control_pi0_e_nu.  The package's own file is
    datasets/corrections/identification.json.
    """
    from rarekaon.analysis.corrections.control_samples import MAPS
    from rarekaon.analysis.corrections.maps import write_maps
    from rarekaon.analysis.corrections.measurement import IdentificationProcessor, probabilities
    from rarekaon.analysis.execution import Backend, run
    from rarekaon.analysis.execution.fileset import fileset
    from rarekaon.analysis.report.table import Column, Measured, ResultTable

    files = fileset((PIONS, POSITRONS), samples)
    result = run(IdentificationProcessor(PIONS, POSITRONS), files, backend=Backend("iterative"), progress=not quiet())
    write_maps(output, result.output, f"from {PIONS} and {POSITRONS}")
    rows = tuple(
        (measured.name, f"{low:g}-{high:g}", Measured(float(share), float(error)))
        for measured in MAPS
        for low, high, share, error in zip(
            measured.edges, measured.edges[1:], *probabilities(result.output[measured.name]), strict=False
        )
    )
    columns = (Column("map"), Column("momentum", "GeV/c"), Column("probability", "", True))
    table = ResultTable("identification", "Identification, measured", columns, rows)
    show(json.loads(output.read_text()), table)
    note(f"written {output}")
