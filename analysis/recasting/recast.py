"""Limits of a search for another model of its signal: the acceptance changes, everything else is the search's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.limits.from_events import limit_from_events, signal_region
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.recasting.density import Density, RecastError
from rarekaon.analysis.recasting.reweighting import RecastProcessor, Reweighting, signal_decay
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.channels import search

MINIMUM_EFFECTIVE = 100
"""Least effective number of selected simulated events, (sum w)^2 / sum w^2: the acceptance is then known to 10%."""
MINIMUM_PROMPT = 0.1
"""Least share of the acceptance that a lifetime may leave; beyond, the displaced decays have to be simulated."""


@dataclass(frozen=True)
class Recast:
    """A limit for one density. N_K, background and observed count are those of the search."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    decay: str
    """The signal decay."""
    density: str
    """What the density is called."""
    acceptance: float
    """Of the signal region, for this density."""
    acceptance_error: float
    """Its error, of the simulated events and of the integral."""
    acceptance_simulated: float
    """For the simulated density."""
    effective_events: float
    """(sum w)^2 / sum w^2 of the selected simulated events."""
    prompt: float
    """Share of the acceptance that the lifetime leaves."""
    limit: LimitRecord
    """The limit and what it is made of."""

    def __repr__(self) -> str:
        reached = self.limit.upper_limit
        shown = "blind" if reached is None else f"{reached:.3g}"
        return (
            f"{self.search}/{self.dataset}, {self.density}: acceptance {self.acceptance:.4g} ± "
            f"{self.acceptance_error:.1g} ({self.effective_events:.0f} effective events), SES "
            f"{self.limit.single_event_sensitivity:.3g}, limit {shown} (expected "
            f"{self.limit.expected_upper_limit[2]:.3g})"
        )


def recast(
    name: str,
    dataset: str,
    *densities: Density,
    samples: Path | str = "samples",
    histograms: Path | str = "results/histograms",
    backend: Backend | None = None,
    confidence_level: float = 0.9,
    progress: bool = False,
) -> tuple[Recast, ...]:
    """Limits of a search for other densities of its signal, one for each, in one pass over its signal sample.

    `samples` is where `kaon simulate` wrote, `histograms` where `kaon run` did.  A masked search has expected limits
    only.  RecastError where the simulated events do not suffice.
    """
    declared = search(name, dataset)
    decay = signal_decay(name, dataset)
    booked = SearchHistograms(declared, load(Path(histograms) / f"{name}.zip"))
    wanted = {str(i): density for i, density in enumerate(densities)}
    prompt = {f"{label} prompt": density.prompt for label, density in wanted.items() if density.prompt is not density}
    weights = {label: Reweighting.to(density, decay) for label, density in (wanted | prompt).items()}
    signal = declared.samples.signal
    processor, place = RecastProcessor(name, dataset, weights), backend or Backend("iterative")
    result = run(processor, fileset([signal], Path(samples)), backend=place, progress=progress)
    exposure = result.exposure(signal).as_numbers()

    def with_signal(label: str) -> SearchHistograms:
        return SearchHistograms(
            declared, {**booked.samples, signal: {dataset: result.output[label], "exposure": exposure}}
        )

    return tuple(
        _one(
            weights[i],
            booked,
            with_signal(i),
            with_signal(f"{i} prompt" if f"{i} prompt" in prompt else i),
            confidence_level,
        )
        for i in wanted
    )


def _one(
    model: Reweighting, simulated: SearchHistograms, weighted: SearchHistograms, prompt: SearchHistograms, level: float
) -> Recast:
    declared, density = simulated.search, model.density
    where = (declared.samples.signal, declared.signal, signal_region(declared.signal))
    accepted, without_lifetime = weighted.count(*where), prompt.count(*where)
    effective = accepted.value**2 / accepted.variance if accepted.variance else 0.0
    share = accepted.value / without_lifetime.value if without_lifetime.value else 0.0
    if effective < MINIMUM_EFFECTIVE:
        raise RecastError(
            f"{density.description}: {effective:.3g} effective simulated events are selected, {MINIMUM_EFFECTIVE} are "
            f"needed; simulate more of {declared.samples.signal}, make the window wider, or simulate the model itself"
        )
    if share < MINIMUM_PROMPT:
        raise RecastError(
            f"{density.description}: {share:.1%} of the acceptance is from decays near the kaon's vertex, the only "
            f"ones that were simulated; simulate the displaced decays, or give a shorter lifetime"
        )
    acceptance = weighted.acceptance(*where)
    record, _ = limit_from_events(weighted, level)
    return Recast(
        search=declared.name,
        dataset=declared.dataset,
        decay=model.decay,
        density=density.description,
        acceptance=acceptance.value,
        acceptance_error=math.hypot(acceptance.error, acceptance.value * model.integral.error / model.integral.value),
        acceptance_simulated=simulated.acceptance(*where).value,
        effective_events=effective,
        prompt=share,
        limit=replace(record, published_upper_limit=None, parameter=density.parameters),
    )
