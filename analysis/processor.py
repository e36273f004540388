"""The shared spine: events -> candidates -> selections -> regions -> histograms.

`SearchProcessor` is what runs on every chunk under every backend.  It knows nothing about any channel: it walks the
declarations of `analysis.search`.  Its output is a nested dict

    {search: {sample: {data set: {selection: {histogram: hist.Hist}}}}}

with the histograms "cutflow", "regions", the observable and the declared ones after all cuts, for every cut
"without <quantity>", its quantity with all other cuts applied, and "lost", what each cut alone costs in each region.
Simulated samples have "resolution <quantity>" in addition for quantities that declare their true value.
"""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from analysis import histograms
from analysis.catalogue import Period, conditions
from analysis.events.candidates import Candidates
from analysis.events.columns import Columns
from analysis.search import Search, Selection, searches

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
        columns = Columns(events)
        sample = events.metadata["dataset"]
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
    read = event_rows(columns, conditions().of(search.dataset))
    return {s.name: book(s, columns, read) for s in search.selections}


def event_rows(columns: Columns, periods: tuple[Period, ...]) -> Mask:
    """Events (n_events,) of a data set: all simulated ones, data by their run."""
    if columns.simulated:
        return np.ones(len(columns), bool)
    run = columns.event("run")
    inside = np.zeros(len(columns), bool)
    for period in periods:
        inside |= (run >= period.runs[0]) & (run <= period.runs[1])
    return inside


def event_weights(columns: Columns) -> Weights:
    """Weight per event (n_events,): the truth weight of simulated events, 1 for data."""
    if columns.simulated:
        return columns.event("truth_weight")
    return np.ones(len(columns))


def triggered(c: Candidates, lines: tuple[str, ...]) -> Mask:
    """Candidates (n,) of events in which any of the lines fired."""
    fired = np.zeros(len(c), bool)
    for line in lines:
        fired |= c.per_event(f"trigger_{line}").astype(bool)
    return fired


def book(selection: Selection, columns: Columns, read: Mask) -> Booked:
    """One selection of one chunk; `read` (n_events,) are the events that belong to the data set."""
    weights = event_weights(columns)
    found = columns.shared(selection.candidates)
    found = found.take(read[found.event])
    fired = found.take(triggered(found, selection.triggers))
    identified = selection.identify(fired)
    weight = weights[identified.event]
    if selection.weight is not None and not columns.simulated:
        weight = weight * selection.weight(identified)
    values = [cut.quantity.of(identified) for cut in selection.cuts]
    passed = [cut.passes(v) for cut, v in zip(selection.cuts, values, strict=True)]
    stages = [weights[read], weights[found.event], weights[fired.event], weight]
    booked = {"cutflow": _cutflow(selection, stages, passed, weight)}
    for i, (cut, value) in enumerate(zip(selection.cuts, values, strict=True)):
        others = _all([p for j, p in enumerate(passed) if j != i], len(identified))
        booked[f"without {cut.quantity.name}"] = _spectrum(cut.quantity, value[others], weight[others])
    booked["lost"] = _lost(selection, identified, passed, weight)
    chosen = _all(passed, len(identified))
    final, left = identified.take(chosen), weight[chosen]
    return booked | _final(selection, final, left) | _resolutions(selection, final, left)


def _all(masks: list[Mask], n: int) -> Mask:
    return np.logical_and.reduce(masks) if masks else np.ones(n, bool)


def _cutflow(selection: Selection, stages: list[Weights], passed: list[Mask], weight: Weights) -> hist.Hist[Any]:
    kept = np.ones(len(weight), bool)
    rows = list(stages)
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


def _lost(selection: Selection, found: Candidates, passed: list[Mask], weight: Weights) -> hist.Hist[Any]:
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


def _resolutions(selection: Selection, chosen: Candidates, weight: Weights) -> Booked:
    if not chosen.columns.simulated:
        return {}
    declared = (selection.observable, *selection.histograms, *(c.quantity for c in selection.cuts))
    known = {q.name: (q, q.truth) for q in declared if q.truth is not None}
    return {
        f"resolution {name}": histograms.residual(q, q.of(chosen), truth.of(chosen), weight)
        for name, (q, truth) in known.items()
    }
