"""The shared spine: events -> candidates -> selections -> regions -> histograms.

`SearchProcessor` is what runs on every chunk under every backend.  It knows nothing about any channel: it walks the
declarations of `analysis.search`.  Its output is a nested dict

    {search: {sample: {data set: {selection: {histogram: hist.Hist}}}}}

with the histograms "cutflow", "regions", the observable and the declared ones after all cuts, for every cut
"without <quantity>", its quantity with all other cuts applied, and "lost", what each cut alone costs in each region.
Simulated samples have "resolution <quantity>" in addition for quantities that declare their true value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import hist
import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from analysis import histograms
from analysis.catalogue import conditions
from analysis.channels import searches
from analysis.events.candidates import Candidates
from analysis.events.columns import Columns
from analysis.search import Search, Selection

Mask = NDArray[np.bool_]
Weights = NDArray[np.float64]
Booked = dict[str, hist.Hist[Any]]


class SearchProcessor(ProcessorABC):
    """Runs the selections of the named searches; KeyError for an unknown one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        unknown = set(names) - set(searches())
        if unknown:
            raise KeyError(f"unknown searches {sorted(unknown)}; known: {', '.join(searches())}")
        self.names = names

    def process(self, events: Any) -> dict[str, Any]:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        """`process` for columns that do not come from NanoEvents."""
        output: dict[str, Any] = {}
        for name in self.names:
            wanted = [s for s in searches()[name] if sample in s.samples.all]
            if wanted:
                output[name] = {sample: {s.dataset: book_search(s, columns) for s in wanted}}
        return output

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def book_search(search: Search, columns: Columns) -> dict[str, Booked]:
    """Cutflow, regions and histograms of every selection of a search, for one chunk."""
    starts: dict[Any, Start] = {}
    booked = {}
    for s in search.selections:
        key = (s.candidates, s.triggers)
        if key not in starts:
            starts[key] = start(s, search.dataset, columns)
        booked[s.name] = book(s, starts[key])
    return booked


@cache
def events_of(dataset: str) -> Callable[[Columns], Mask]:
    """Gives the events (n_events,) of a data set: all simulated ones, data by their run."""

    def rows(columns: Columns) -> Mask:
        if columns.simulated:
            return np.ones(len(columns), bool)
        run = columns.event("run")
        spans = (p.runs for p in conditions().of(dataset))
        return np.asarray(np.logical_or.reduce([(run >= first) & (run <= last) for first, last in spans]))

    return rows


def event_weights(columns: Columns) -> Weights:
    """Weight per event (n_events,): the truth weight of simulated events, 1 for data."""
    if columns.simulated:
        return columns.event("truth_weight")
    return np.ones(len(columns))


@cache
def triggered(lines: tuple[str, ...]) -> Callable[[Columns], Mask]:
    """Gives the events (n_events,) in which any of the lines fired."""

    def fired(columns: Columns) -> Mask:
        return np.asarray(np.logical_or.reduce([columns.event(f"trigger_{line}") for line in lines]))

    return fired


@dataclass(frozen=True)
class Start:
    """Where the selections begin that share candidates and trigger lines: the candidates `found`, the events `fired`
    (n_events,) of the data set, all `weights` (n_events,) and the first rows of the cutflow."""

    found: Candidates
    fired: Mask
    weights: Weights
    rows: tuple[histograms.Sum, ...]


def start(selection: Selection, dataset: str, columns: Columns) -> Start:
    """The start of a selection in a data set, for one chunk."""
    weights, read = event_weights(columns), columns.shared(events_of(dataset))
    fired = read & columns.shared(triggered(selection.triggers))
    found = columns.shared(selection.candidates)
    inside = found.event[read[found.event]]
    stages = (weights[read], weights[inside], weights[inside[fired[inside]]])
    return Start(found, fired, weights, tuple(histograms.total(w) for w in stages))


@dataclass(frozen=True)
class Examined:
    """The identified candidates of a selection with the values of its cuts' quantities and the masks of its cuts."""

    identified: Candidates
    values: tuple[NDArray[Any], ...]
    passed: tuple[Mask, ...]

    def passing(self, *, but: int | None = None) -> Mask:
        """Candidates (n,) that pass all cuts, or all but one."""
        return _all([p for i, p in enumerate(self.passed) if i != but], len(self.identified))


def examine(selection: Selection, begun: Start) -> Examined:
    """Identified candidates of one chunk and their cuts.

    What depends on the candidates alone is computed once for all selections and data sets that share it; the trigger
    and the data set then choose among its rows.
    """
    every = begun.found.once(selection.identify)
    rows = np.flatnonzero(begun.fired[every.event])
    values = tuple(every.once(cut.quantity.of)[rows] for cut in selection.cuts)
    passed = tuple(cut.passes(v) for cut, v in zip(selection.cuts, values, strict=True))
    return Examined(every.take(rows), values, passed)


def book(selection: Selection, begun: Start) -> Booked:
    """One selection of one chunk."""
    examined = examine(selection, begun)
    identified = examined.identified
    weight = begun.weights[identified.event]
    if selection.weight is not None and not identified.columns.simulated:
        weight = weight * selection.weight(identified)
    booked = {"cutflow": _cutflow(selection, begun.rows, examined.passed, weight)}
    for i, (cut, value) in enumerate(zip(selection.cuts, examined.values, strict=True)):
        others = examined.passing(but=i)
        booked[f"without {cut.quantity.name}"] = _spectrum(cut.quantity, value[others], weight[others])
    booked["lost"] = _lost(selection, identified, examined.passed, weight)
    chosen = examined.passing()
    final, left = identified.take(chosen), weight[chosen]
    return (
        booked
        | _final(selection, final, left)
        | _resolutions(selection, final, left)
        | _response(selection, final, left)
    )


def _all(masks: list[Mask], n: int) -> Mask:
    return np.logical_and.reduce(masks) if masks else np.ones(n, bool)


def _cutflow(
    selection: Selection, start: tuple[histograms.Sum, ...], passed: tuple[Mask, ...], weight: Weights
) -> hist.Hist[Any]:
    kept = np.ones(len(weight), bool)
    rows: list[histograms.Sum | Weights] = [*start, weight]
    for mask in passed:
        kept = kept & mask
        rows.append(weight[kept])
    return histograms.counts(selection.cutflow, rows, "cut")


def _spectrum(quantity: Any, values: NDArray[Any], weight: Weights) -> hist.Hist[Any]:
    histogram = histograms.spectrum(quantity)
    histograms.fill(histogram, quantity, values, weight)
    return histogram


def _final(selection: Selection, chosen: Candidates, weight: Weights) -> Booked:
    observable = selection.observable.of(chosen)
    inside = [r.mask(observable) for r in selection.regions]
    booked = {
        "regions": histograms.counts([r.name for r in selection.regions], [weight[mask] for mask in inside], "region"),
        selection.observable.name: _spectrum(selection.observable, observable, weight),
    }
    for quantity in selection.histograms:
        booked[quantity.name] = _spectrum(quantity, quantity.of(chosen), weight)
    return booked


def _lost(selection: Selection, found: Candidates, passed: tuple[Mask, ...], weight: Weights) -> hist.Hist[Any]:
    """Sums of weights in each region (and "everywhere") that a cut alone removes; the row "kept" passes all cuts."""
    failures = np.zeros(len(found), np.int64)
    for mask in passed:
        failures += ~mask
    close = failures < 2
    observable = selection.observable.of(found.take(close))
    inside = [r.mask(observable) for r in selection.regions] + [np.ones(len(observable), bool)]
    removed = [~mask[close] for mask in passed]
    sums = [[weight[close][row & region] for region in inside] for row in (failures[close] == 0, *removed)]
    rows, columns = ("kept", *(c.name for c in selection.cuts)), (*(r.name for r in selection.regions), "everywhere")
    return histograms.by_two(rows, columns, sums)


def _response(selection: Selection, chosen: Candidates, weight: Weights) -> Booked:
    quantity = selection.response
    if quantity is None or quantity.truth is None or not chosen.columns.simulated:
        return {}
    histogram = histograms.response(quantity, quantity.of(chosen), quantity.truth.of(chosen), weight)
    return {f"response {quantity.name}": histogram}


def _resolutions(selection: Selection, chosen: Candidates, weight: Weights) -> Booked:
    if not chosen.columns.simulated:
        return {}
    declared = (selection.observable, *selection.histograms, *(c.quantity for c in selection.cuts))
    known = {q.name: (q, q.truth) for q in declared if q.truth is not None}
    return {
        f"resolution {name}": histograms.residual(q, q.of(chosen), truth.of(chosen), weight)
        for name, (q, truth) in known.items()
    }
