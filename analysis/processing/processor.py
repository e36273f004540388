"""The shared spine: events -> candidates -> selections -> regions -> histograms.

`SearchProcessor` is what runs on every chunk under every backend.  It knows nothing about any channel: it walks the
declarations of `search.declaration`.  Its output is a nested dict

    {search: {sample: {data set: {selection: {histogram: hist.Hist}}}}}

with the histograms "cutflow", "regions", the observable and the declared ones after all cuts, for every cut
"without <quantity>", its quantity with all other cuts applied, and "lost", what each cut alone costs in each region.
Signal and normalisation selections of samples with shape systematics have "regions <source> up", "... down", and their
observables too.
Simulated samples have "resolution <quantity>" in addition for quantities that declare their true value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import hist
import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import AbsentBranchError
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.processing import histograms, true_values
from rarekaon.analysis.processing.quality import used
from rarekaon.analysis.search.channels import check_names, searches
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection

Mask = NDArray[np.bool_]
Weights = NDArray[np.float64]
Histograms = dict[str, hist.Hist[Any]]


class SearchProcessor(ProcessorABC):
    """Runs the selections of the named searches; KeyError for an unknown one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        check_names(names)
        self.names = names

    @property
    def parts(self) -> dict[str, Any]:
        """What the output of each search depends on: a search's entry is the same whatever else is looked for."""
        return {
            name: [
                (s.dataset, s.samples.all, s.selections, s.signal, s.shape_systematics, s.references)
                for s in searches()[name]
            ]
            for name in self.names
        }

    def only(self, names: Iterable[str]) -> SearchProcessor:
        """The processor for some of its searches."""
        return SearchProcessor(tuple(names))

    @property
    def candidates(self) -> frozenset[Callable[[Any], Candidates]]:
        """What finds the candidates of its selections."""
        return frozenset(s.candidates for name in self.names for search in searches()[name] for s in search.selections)

    def process(self, events: Any) -> dict[str, Any]:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        """`process` for columns that do not come from NanoEvents."""
        cache_of_chunk = ChunkCache(columns)
        output: dict[str, Any] = {}
        for name in self.names:
            wanted = [s for s in searches()[name] if sample in s.sample_names]
            if wanted:
                output[name] = {sample: {s.dataset: cache_of_chunk.book(s, sample) for s in wanted}}
        return output

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def book_search(search: Search, columns: Columns, sample: str) -> dict[str, Histograms]:
    """Cutflow, regions and histograms of every selection of a search, for one chunk of a sample."""
    return ChunkCache(columns).book(search, sample)


class ChunkCache:
    """A chunk as selections look at it, of any searches: they often begin alike, and some differ in nothing but their
    regions.  What they share is done once."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._stages: dict[Any, TriggerStage] = {}
        self._applied: dict[Any, AppliedCuts] = {}
        self._varied: dict[Any, ChunkCache] = {}
        self._unweighted: tuple[ChunkCache, Weights] | None = None

    def book(self, search: Search, sample: str) -> dict[str, Histograms]:
        """Cutflow, regions and histograms of every selection of a search, for a sample."""
        return {s.name: self.book_selection(search, s, sample) for s in search.selections_of(sample)}

    def book_selection(self, search: Search, selection: Selection, sample: str) -> Histograms:
        """Those of one selection; of signal and normalisation with the shape systematics of a simulated sample."""
        booked = book_cuts(selection, self._apply_cuts(selection, search.dataset))
        if self._columns.simulated and selection in (search.signal, search.normalisation):
            for source in (s for s in search.shape_systematics if sample in s.samples):
                for name, vary in source.ends():
                    booked |= self._vary(vary)._book_varied(selection, search.dataset, name)
        return booked

    def weighted(self, factors: Weights) -> ChunkCache:
        """The same chunk with truth weights times `factors` (n_events,); variations share candidates, too."""
        twin = ChunkCache(self._columns.replaced("truth_weight", self._columns.event("truth_weight") * factors))
        twin._unweighted = (self, factors)
        return twin

    def _vary(self, vary: Callable[[Columns], Columns]) -> ChunkCache:
        if vary not in self._varied:
            if self._unweighted is None:
                try:
                    self._varied[vary] = ChunkCache(vary(self._columns))
                except AbsentBranchError:  # simulation of another program, without the truth that this needs
                    self._varied[vary] = self
            else:
                origin, factors = self._unweighted
                self._varied[vary] = origin._vary(vary).weighted(factors)
        return self._varied[vary]

    def _book_varied(self, selection: Selection, dataset: str, name: str) -> Histograms:
        """Regions and observable of a selection under the name of one end of a variation."""
        final = _final(selection, self._apply_cuts(selection, dataset))
        return {f"{kind} {name}": final[kind] for kind in ("regions", selection.observable.name)}

    def _apply_cuts(self, s: Selection, dataset: str) -> AppliedCuts:
        begins = (dataset, s.candidates, s.triggers)
        if begins not in self._stages:
            self._stages[begins] = trigger_stage(s, dataset, self._columns)
        cuts = (*begins, s.identify, s.cuts, s.weight)
        if cuts not in self._applied:
            self._applied[cuts] = apply_cuts(s, self._stages[begins])
        return self._applied[cuts]


@cache
def dataset_events(dataset: str) -> Callable[[Columns], Mask]:
    """Gives the events (n_events,) of a data set: all simulated ones, data by run and the quality of their burst."""

    def rows(columns: Columns) -> Mask:
        if columns.simulated:
            return np.ones(len(columns), bool)
        return used(dataset, columns)

    return rows


def event_weights(columns: Columns) -> Weights | None:
    """Weight per event (n_events,): the truth weight of simulated events, None for data, where each counts as one."""
    return columns.event("truth_weight") if columns.simulated else None


@cache
def triggered(lines: tuple[str, ...]) -> Callable[[Columns], Mask]:
    """Gives the events (n_events,) in which any of the lines fired."""

    def fired(columns: Columns) -> Mask:
        return np.asarray(np.logical_or.reduce([columns.event(f"trigger_{line}") for line in lines]))

    return fired


@cache
def kept_of_fired(lines: tuple[str, ...], dataset: str) -> Callable[[Columns], Weights]:
    """Gives the weight (n_events,) of simulated events for the trigger lines that fired. N_K counts decays that fire
    all `lines`. An event that fires fewer of them is recorded more rarely: its weight is the fraction that its lines
    keep over the fraction that all lines keep.
    """
    subsets = (tuple(line for k, line in enumerate(lines) if code >> k & 1) for code in range(2 ** len(lines)))
    kept = np.array([conditions().kaon_decays(dataset, subset) for subset in subsets])  # type: ignore[arg-type]

    def part(columns: Columns) -> Weights:
        fired = sum(columns.event(f"trigger_{line}").astype(np.int64) << k for k, line in enumerate(lines))
        return np.asarray(kept[fired] / kept[-1])

    return part


@dataclass(frozen=True)
class TriggerStage:
    """What selections share that have the same candidates and trigger lines."""

    found: Candidates
    """The candidates."""
    fired: Mask
    """Events of the data set that fired a line, (n_events,)."""
    weights: Weights | None
    """Weights behind the trigger, (n_events,); None for data."""
    rows: tuple[histograms.Sum, ...]
    """First rows of the cutflow."""


def trigger_stage(selection: Selection, dataset: str, columns: Columns) -> TriggerStage:
    """The start of a selection in a data set, for one chunk."""
    weights, read = event_weights(columns), columns.shared(dataset_events(dataset))
    fired = read & columns.shared(triggered(selection.triggers))
    found = columns.shared(selection.candidates)
    behind = weights
    if weights is not None and len(selection.triggers) > 1:
        behind = weights * columns.shared(kept_of_fired(selection.triggers, dataset))
    rows = (
        histograms.total(weights, read),
        histograms.total(None if weights is None else weights[found.event], read[found.event]),
        histograms.total(None if behind is None else behind[found.event], fired[found.event]),
    )
    return TriggerStage(found, fired, behind, rows)


class WeightedCandidates(NamedTuple):
    """Candidates with their weights."""

    candidates: Candidates
    """n candidates."""
    weight: Weights | None
    """Shape (n,); None for one each."""


@dataclass(frozen=True)
class AppliedCuts:
    """The identified candidates of a selection with what its cuts say of them."""

    identified: Candidates
    """n candidates."""
    weight: Weights | None
    """Shape (n,); None for one each."""
    cuts: tuple[Cut, ...]
    """The cuts, in order."""
    values: tuple[NDArray[Any], ...]
    """Values of the cuts' quantities, each (n,) or (n, tracks)."""
    passed: tuple[Mask, ...]
    """Whether each cut is passed, (n,) each."""
    rows: tuple[histograms.Sum, ...]
    """Rows of the cutflow before the cuts."""

    @cached_property
    def failures(self) -> NDArray[np.uint8]:
        """Cuts that each candidate fails, (n,)."""
        failed = np.zeros(len(self.identified), np.uint8)
        for mask in self.passed:
            failed += ~mask
        return failed

    def passing(self, *, but: int | None = None) -> Mask:
        """Candidates (n,) that pass all cuts, or all but one whatever they do there."""
        return np.asarray(self.failures == (0 if but is None else ~self.passed[but]))

    @cached_property
    def chosen(self) -> WeightedCandidates:
        """Those that pass all cuts."""
        return self._where(self.failures == 0)

    @cached_property
    def lost(self) -> WeightedCandidates:
        """Those that a single cut removes."""
        return self._where(self.failures == 1)

    @cached_property
    def lost_to(self) -> tuple[NDArray[np.int64], ...]:
        """Rows of `lost` that each cut removes."""
        numbers = np.zeros(len(self.identified), np.uint8)  # sums of the numbers of all cuts that fail: here of one
        for i, mask in enumerate(self.passed):
            numbers += ~mask * np.uint8(i)
        number = numbers[self.failures == 1]
        return tuple(np.flatnonzero(number == i) for i in range(len(self.passed)))

    def _where(self, mask: Mask) -> WeightedCandidates:
        if mask.all():
            return WeightedCandidates(self.identified, self.weight)
        rows = np.flatnonzero(mask)
        return WeightedCandidates(self.identified.take(rows), None if self.weight is None else self.weight[rows])

    @cached_property
    def cutflow(self) -> tuple[histograms.Sum, ...]:
        """Sums of weights after each stage."""
        kept = np.ones(len(self.identified), bool)
        sums = [*self.rows, histograms.total(self.weight, kept)]
        left = len(kept)
        for mask in self.passed:
            kept &= mask
            before, left = left, int(np.count_nonzero(kept))
            sums.append(sums[-1] if left == before else histograms.total(self.weight, kept))
        return tuple(sums)

    @cached_property
    def without_one(self) -> Histograms:
        """The histogram of each cut's quantity with all other cuts applied."""
        booked = {}
        for i, (cut, values) in enumerate(zip(self.cuts, self.values, strict=True)):
            booked[f"without {cut.quantity.name}"] = _spectrum(cut.quantity, values, self.weight, self.passing(but=i))
        return booked


def apply_cuts(selection: Selection, stage: TriggerStage) -> AppliedCuts:
    """Identified candidates of one chunk and their cuts.

    What depends on the candidates alone is computed once for all selections and data sets that share it, and the
    trigger and the data set then choose among its rows; unless that is few of them.
    """
    inside = stage.fired[stage.found.event]
    few = 2 * np.count_nonzero(inside) < len(inside)
    every = (stage.found.take(inside) if few else stage.found).once(selection.identify)
    fired = stage.fired[every.event]
    identified = every.take(fired)
    values = tuple(_of(every.once(cut.quantity.of), fired) for cut in selection.cuts)
    passed = tuple(cut.passes(v) for cut, v in zip(selection.cuts, values, strict=True))
    weight = None if stage.weights is None else stage.weights[identified.event]
    if selection.weight is not None and not identified.columns.simulated:
        weight = identified.once(selection.weight)
    return AppliedCuts(identified, weight, selection.cuts, values, passed, stage.rows)


def book_cuts(selection: Selection, applied: AppliedCuts) -> Histograms:
    """The histograms of a selection whose cuts have been looked at; the same for another with equal cuts."""
    return (
        {"cutflow": histograms.counts(selection.cutflow, applied.cutflow, "cut")}
        | {name: histogram.copy() for name, histogram in applied.without_one.items()}
        | {"lost": _lost(selection, applied)}
        | _final(selection, applied)
        | true_values.resolutions(selection, *applied.chosen)
        | true_values.response(selection, *applied.chosen)
    )


def _of(values: NDArray[Any] | None, mask: Mask) -> Any:
    """Rows of an array, which is not copied where that is all of them; None stays None."""
    return values if values is None or mask.all() else values[mask]


def _spectrum(
    quantity: Quantity, values: NDArray[Any], weight: Weights | None, rows: Mask | None = None
) -> hist.Hist[Any]:
    histogram = histograms.spectrum(quantity)
    histograms.fill(histogram, quantity, values, weight, rows)
    return histogram


def _final(selection: Selection, applied: AppliedCuts) -> Histograms:
    """What passes all cuts; values that were cut on are not computed again."""
    candidates, weight = applied.chosen
    known = {cut.quantity: values for cut, values in zip(applied.cuts, applied.values, strict=True)}
    observable = candidates.once(selection.observable.of)
    sums = [histograms.total(weight, r.mask(observable)) for r in selection.regions]
    booked = {"regions": histograms.counts([r.name for r in selection.regions], sums, "region")}
    for quantity in (selection.observable, *selection.histograms):
        booked[quantity.name] = (
            _spectrum(quantity, known[quantity], applied.weight, applied.passing())
            if quantity in known
            else _spectrum(quantity, candidates.once(quantity.of), weight)
        )
    return booked


def _lost(selection: Selection, applied: AppliedCuts) -> hist.Hist[Any]:
    """Sums of weights in each region (and "everywhere") that a cut alone removes; the row "kept" passes all cuts."""

    def sums(of: WeightedCandidates, rows: NDArray[Any] | slice) -> list[histograms.Sum]:
        observable = of.candidates.once(selection.observable.of)[rows]
        inside = [*(r.mask(observable) for r in selection.regions), np.ones(len(observable), bool)]
        weight = None if of.weight is None else of.weight[rows]
        return [histograms.total(weight, mask) for mask in inside]

    by_cut = [sums(applied.chosen, slice(None)), *(sums(applied.lost, rows) for rows in applied.lost_to)]
    rows, columns = ("kept", *(c.name for c in selection.cuts)), (*(r.name for r in selection.regions), "everywhere")
    return histograms.by_two(rows, columns, by_cut)
