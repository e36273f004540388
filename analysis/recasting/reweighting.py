"""From a density to weights of simulated events, and the pass over the signal sample that applies them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coffea.processor import ProcessorABC

from rarekaon.analysis.decays import mode
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.processing.processor import ChunkCache
from rarekaon.analysis.recasting.density import Density, Floats, Products, RecastError
from rarekaon.analysis.recasting.integral import Integral, checked, integral
from rarekaon.analysis.recasting.truth import kaon_frame, laboratory_momenta
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.inference import Counting


@dataclass(frozen=True)
class Reweighting:
    """What a worker needs to weight events."""

    decay: str
    """The signal decay."""
    density: Density
    """The density."""
    integral: Integral
    """Its integral in units of the simulated one."""

    @classmethod
    def to(cls, density: Density, decay: str) -> Reweighting:
        """The reweighting of simulated decays of `decay` to a density; RecastError where there is none."""
        return cls(decay, density, integral(decay, density))

    def factors(self, columns: Columns) -> Floats:
        """Density over simulated density (n_events,), both normalised: what the truth weight is multiplied with."""
        simulated = mode(self.decay)
        laboratory = laboratory_momenta(columns, simulated)
        momenta = kaon_frame(laboratory, columns)
        wanted = checked(self.density, self.density.detectable(Products(simulated.products, momenta), laboratory))
        return wanted / simulated.density(momenta) / self.integral.value


class RecastProcessor(ProcessorABC):
    """Books the signal selection of a search once for each reweighting: {label: {selection: {histogram: Hist}}}."""

    def __init__(self, name: str, dataset: str, reweightings: Mapping[str, Reweighting]) -> None:
        self.name, self.dataset, self.reweightings = name, dataset, dict(reweightings)

    def process(self, events: Any) -> dict[str, Any]:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        """`process` for columns that do not come from NanoEvents."""
        declared = search(self.name, self.dataset)
        chunk = ChunkCache(columns)
        columns.shared(declared.signal.candidates)
        return {
            label: {
                declared.signal.name: chunk.weighted(r.factors(columns)).book_selection(
                    declared, declared.signal, sample
                )
            }
            for label, r in self.reweightings.items()
        }

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def signal_decay(name: str, dataset: str) -> str:
    """The decay that the signal sample of a search is of; RecastError for a search that counts no events of one."""
    if not isinstance(search(name, dataset).inference, Counting):
        raise RecastError(
            f"{name}/{dataset} scans the mass of an invisible particle; only counting searches are recast"
        )
    return catalogue().simulated(search(name, dataset).samples.signal).decay
