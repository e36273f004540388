"""The fast simulation: `simulate` writes a sample of the catalogue, weighted decays with truth or pseudo-data."""

from __future__ import annotations

from pathlib import Path

from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.simulation.samples.blocks import Workers
from rarekaon.analysis.simulation.samples.pseudo_data import simulate_pseudo_data
from rarekaon.analysis.simulation.samples.weighted import Progress, SimulationSummary, simulate_sample
from rarekaon.analysis.simulation.samples.writer import Format


def simulate(
    sample_name: str,
    output: Path,
    *,
    quick: bool = False,
    workers: Workers = 1,
    format: Format = "ttree",
    inject: dict[str, float] | None = None,
    progress: Progress | None = None,
) -> SimulationSummary:
    """Write the sample of that name to the file `output`.

    `quick` makes fewer decays (of pseudo-data: a tenth of the exposure); `inject` adds decays with a branching
    fraction to pseudo-data.  `workers` are threads here, or what makes blocks elsewhere (`execution.blocks`): the bits
    of the sample do not depend on them.  Raises ValueError for a name that is not in the catalogue or cannot be
    simulated, and for an injection into a simulated sample.
    """
    known = catalogue()
    if sample_name in known.simulation:
        if inject:
            raise ValueError(f"{sample_name} is a simulated sample; only pseudo-data can have decays injected")
        return simulate_sample(
            sample_name,
            known.simulation[sample_name],
            output,
            quick=quick,
            workers=workers,
            file_format=format,
            progress=progress,
        )
    if sample_name in known.pseudo_data:
        return simulate_pseudo_data(
            sample_name,
            known.pseudo_data[sample_name],
            output,
            quick=quick,
            workers=workers,
            file_format=format,
            inject=inject or {},
            progress=progress,
        )
    possible = ", ".join((*known.simulation, *known.pseudo_data))
    raise ValueError(f"no sample {sample_name!r} to simulate; the catalogue has {possible}")


__all__ = ["SimulationSummary", "simulate"]
