"""Simulation against the papers: every published acceptance, cut loss, resolution and background cell.

The rows are derived from the declared searches and from `datasets/published`: a new channel brings its own.  What was
looked at while constants were chosen is said in `datasets/tuning.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rarekaon.analysis.facts.published import Published, Value, all_published
from rarekaon.analysis.facts.tuning import looked_at
from rarekaon.analysis.limits.backgrounds import background_table
from rarekaon.analysis.limits.from_events import NORMALISATION_REGION, signal_region
from rarekaon.analysis.limits.resolutions import gaussian_core, peaks
from rarekaon.analysis.limits.search_histograms import Count, SearchHistograms
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Cut, Search, Selection

SINGLE_CUTS = {
    "mass_ee_above_140": "m_ee",
    "rich_angle_4_mrad": "rich_angle",
    "momentum_deficit_10_gev": "missing_momentum",
}
"""Published cut losses by the name of the quantity that is cut on."""


MODEL_ERRORS = {"acceptance": 0.05, "loss": 0.05, "sigma": 0.10, "background": 0.20}
"""Relative errors that the simulation is granted, by kind of quantity: what its own choices may be worth."""


@dataclass(frozen=True)
class ValidationRow:
    """One published quantity beside the simulated one."""

    quantity: str
    """What is compared."""
    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    published: float
    """The published number."""
    published_error: float
    """Its error; 0 where none is published."""
    simulated: float
    """The simulated number."""
    error: float
    """Its statistical error."""
    unit: str
    """Of both."""
    tuned: bool
    """Whether it was looked at while a constant was chosen (`datasets/tuning.yaml`)."""
    note: str = ""
    """What the paper says of it."""

    @property
    def ratio(self) -> float | None:
        """Simulated over published; None where zero is published."""
        return self.simulated / self.published if self.published else None

    @property
    def kind(self) -> str:
        """What kind of quantity it is, a key of `MODEL_ERRORS`."""
        return self.quantity.split()[0]

    @property
    def undecided(self) -> bool:
        """Whether print leaves it open: an error of 100% or more."""
        return self.published_error >= abs(self.published)

    def pull(self, model: float = 0.0) -> float | None:
        """Simulated less published over the errors of both and a relative `model` error; None without any error."""
        error = math.hypot(self.published_error, self.error, model * self.published)
        return (self.simulated - self.published) / error if error else None

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "ratio": self.ratio, "pull": self.pull()}


def validate(stores: Mapping[str, Mapping[str, Any]]) -> tuple[ValidationRow, ...]:
    """Rows of every search in `stores` (search name -> booked samples) whose numbers are published."""
    rows: list[ValidationRow] = []
    for name, samples in stores.items():
        for search in searches()[name]:
            paper = all_published().get((search.name, search.dataset))
            if paper is not None:
                rows.extend(Validation(SearchHistograms(search, samples), paper).rows())
    return tuple(rows)


@dataclass(frozen=True)
class Validation:
    """One search in one data set beside its paper."""

    booked: SearchHistograms
    """Its histograms."""
    paper: Published
    """What the paper publishes."""

    @property
    def search(self) -> Search:
        return self.booked.search

    def rows(self) -> Iterator[ValidationRow]:
        yield from self.acceptances()
        yield from self.references()
        yield from self._losses()
        yield from self._resolutions()
        yield from self._backgrounds()

    def _row(
        self, quantity: str, published: Value, simulated: float, error: float, *, unit: str = "1", note: str = ""
    ) -> ValidationRow:
        name, dataset = self.search.name, self.search.dataset
        tuned = (name, dataset, quantity) in looked_at()
        return ValidationRow(
            quantity, name, dataset, published.value, published.error, simulated, error, unit, tuned, note
        )

    def acceptances(self) -> Iterator[ValidationRow]:
        """Acceptances of normalisation and signal, and their ratio."""
        s = self.search
        found: dict[str, tuple[Value, Count]] = {}
        if self.paper.normalisation is not None:
            accepted = self.booked.acceptance(s.samples.normalisation, s.normalisation, NORMALISATION_REGION)
            found[s.normalisation.decay] = self.paper.normalisation.acceptance, accepted
        if self.paper.acceptance_signal is not None:
            accepted = self.booked.acceptance(s.samples.signal, s.signal, signal_region(s.signal))
            found[s.signal.decay] = self.paper.acceptance_signal, accepted
        for decay, (published, accepted) in found.items():
            yield self._row(f"acceptance of {decay}", published, accepted.value, accepted.error)
        without = self.paper.facts.get("acceptance_without_cut")
        if without is not None:
            everywhere = self._kept(s.samples.signal, s.signal, "everywhere")
            yield self._row(f"acceptance of {s.signal.decay} in no region", without, everywhere.value, everywhere.error)
        if len(found) == 2:
            (_, (published, below)), (_, (published_above, above)) = found.items()
            ratio = above.value / below.value
            relative = math.hypot(above.error / above.value, below.error / below.value)
            value = Value(value=published_above.value / published.value)
            quantity = f"acceptance of {s.signal.decay} over that of {s.normalisation.decay}"
            yield self._row(quantity, value, ratio, ratio * relative, note="published acceptances divided")

    def references(self) -> Iterator[ValidationRow]:
        """Acceptances that no limit uses, of the simulation alone."""
        for reference in self.search.references:
            published = self.paper.references.get(reference.selection.name)
            if published is not None and reference.sample in self.booked.samples:
                selection = reference.selection
                counted = self.booked.count(reference.sample, selection, selection.regions[0].name)
                accepted = counted.scaled(1 / self.booked.weight_in_fv(reference.sample))
                quantity = f"acceptance of {selection.decay}, {selection.name.replace('_', ' ')}"
                note = "of decays between 105 m and 180 m, without trigger: public analysis code"
                yield self._row(quantity, published, accepted.value, accepted.error, note=note)

    def _kept(self, sample: str, selection: Selection, region: str) -> Count:
        return self.booked.efficient(self._cell(sample, selection, "kept", region)).scaled(
            1 / self.booked.exposure(sample).weight_in_fv
        )

    def _cell(self, sample: str, selection: Selection, row: str, region: str) -> Count:
        cell: Any = self.booked.histogram(sample, selection, "lost")[row, region]
        return Count(float(cell.value), float(cell.variance))

    def _losses(self) -> Iterator[ValidationRow]:
        """Relative loss of acceptance by one cut, of what the cuts before it leave.

        The papers go through their conditions in order and say what one of them "leads to".  Selections declare the
        conditions on the RICH last, the angle between tracks before the likelihoods: papers simulate these by
        efficiencies measured on single tracks, so that no likelihood is lost there where rings overlap.
        """
        for name, quantity in SINGLE_CUTS.items():
            published = self.paper.cut_losses.get(name)
            if published is None:
                continue
            for selection, sample in (
                (self.search.normalisation, self.search.samples.normalisation),
                (self.search.signal, self.search.samples.signal),
            ):
                for cut in (c for c in selection.cuts if c.quantity.name == quantity):
                    lost, kept = self._lost_to(cut, sample, selection)
                    yield self._row(f"loss by {cut.name}, {selection.decay}", published, *_share(lost, kept))
        yield from self._loss_with_rich()

    def _lost_to(self, cut: Cut, sample: str, selection: Selection) -> tuple[Count, Count]:
        """What a cut takes of what those before it leave, and what it leaves."""
        flow: Any = self.booked.histogram(sample, selection, "cutflow").view()
        row = selection.cutflow.index(cut.name)
        before, kept = (Count(float(flow["value"][i]), float(flow["variance"][i])) for i in (row - 1, row))
        return Count(before.value - kept.value, before.variance - kept.variance), kept

    def _loss_with_rich(self) -> Iterator[ValidationRow]:
        published = self.paper.cut_losses.get("normalisation_rich_selection")
        with_rich = next((s for s in self.search.controls if s.name == "normalisation_with_rich"), None)
        if published is not None and with_rich is not None:
            sample = self.search.samples.normalisation
            before = self.booked.count(sample, self.search.normalisation, NORMALISATION_REGION)
            after = self.booked.count(sample, with_rich, NORMALISATION_REGION)
            lost = Count(before.value - after.value, before.variance - after.variance)
            yield self._row(f"loss by the RICH, {with_rich.decay}", published, *_share(lost, after))

    def _resolutions(self) -> Iterator[ValidationRow]:
        normalisation = (self.search.normalisation, self.search.samples.normalisation)
        signal = (self.search.signal, self.search.samples.signal)
        for name, published in self.paper.resolutions.items():
            # positions are published for the signal, masses for the decay that is seen
            for selection, sample in (signal, normalisation) if name.endswith("_z") else (normalisation, signal):
                histogram, unit = self._peak(name, selection, sample)
                if histogram is not None and peaks(histogram):
                    width, error = gaussian_core(histogram)
                    quantity = f"sigma of {name.replace('_', ' ')}, {selection.decay}"
                    note = "Gaussian fitted within two sigma"
                    yield self._row(quantity, published, width * unit, error * unit, unit=_unit_of(name), note=note)
                    break

    def _peak(self, name: str, selection: Selection, sample: str) -> tuple[Any, float]:
        """The histogram whose peak has the published width, and its unit: residuals where they are booked, else
        the observable itself.
        """
        booked = self.booked.samples[sample][self.search.dataset][selection.name]
        if f"resolution {name}" in booked:
            known = (*selection.histograms, *(c.quantity for c in selection.cuts))
            return booked[f"resolution {name}"], next(q.unit for q in known if q.name == name)
        observable = selection.observable
        if name in {observable.name, f"mass{observable.name[1:]}"} or _letters(name) == _letters(observable.name):
            return booked[observable.name], observable.unit
        return None, 1.0

    def _backgrounds(self) -> Iterator[ValidationRow]:
        if self.paper.kaon_decays is None:
            return
        rows = background_table(self.booked, self.paper.kaon_decays.value)
        cells = {(r.region, r.mode): r for r in rows}
        for name, region in self.paper.regions.items():
            for mode, published in (*region.modes.items(), ("total", region.total)):
                cell = cells.get((name, mode))
                if published is None or cell is None or not published.expected:
                    continue
                expected = Value(value=published.expected, error=published.error)
                yield self._row(
                    f"background in {name}: {mode}", expected, cell.expected, cell.stat, note="at the published N_K"
                )


def _share(lost: Count, kept: Count) -> tuple[float, float]:
    """Lost over all, and its statistical error for independent counts."""
    total = lost.value + kept.value
    error = math.sqrt(lost.variance * kept.value**2 + kept.variance * lost.value**2) / total**2
    return lost.value / total, error


def _letters(name: str) -> str:
    """A mass's final state, whatever the underscores: "mass_pi_ee" and "m_piee" are both "piee"."""
    return name.removeprefix("mass").removeprefix("m").replace("_", "")


def _unit_of(name: str) -> str:
    if name.endswith("squared"):
        return "MeV2"
    return "mm" if name.endswith("_z") else "MeV"
