"""Candidates of selections with the quantities of their cuts, one row each: for whoever wants to plot them otherwise.

The rows are those that a run counts: identified candidates of events that fired the trigger and belong to the data set,
with the same weights, before the cuts.  `failed` counts the cuts that a candidate does not pass.  Masked events are not
handed to a processor and stand in no table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.processing.processor import apply_cuts, trigger_stage
from rarekaon.analysis.search.channels import check_names, searches
from rarekaon.analysis.search.declaration import Quantity, Search, Selection

Table = dict[str, NDArray[Any]]
"""Columns (n,) or (n, k) by name."""
Tables = dict[tuple[str, str, str, str], list[Table]]
"""Parts of tables by search, sample, data set and selection."""


class CandidateTables(ProcessorABC):
    """Makes the tables of all selections of the named searches; KeyError for an unknown one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        check_names(names)
        self.names = names

    @property
    def candidates(self) -> frozenset[Callable[[Any], Candidates]]:
        """What finds the candidates of its selections."""
        every = (selections(search) for name in self.names for search in searches()[name])
        return frozenset(s.candidates for some in every for s in some)

    def process(self, events: Any) -> Tables:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> Tables:
        """`process` for columns that do not come from NanoEvents."""
        return {
            (name, sample, search.dataset, selection.name): [candidate_table(selection, search.dataset, columns)]
            for name in self.names
            for search in searches()[name]
            if sample in search.sample_names
            for selection in search.selections_of(sample)
        }

    def postprocess(self, accumulator: Tables) -> Tables:
        return accumulator


def selections(search: Search) -> tuple[Selection, ...]:
    """All selections of a search, those of the samples that it is compared with included."""
    return (*search.selections, *(r.selection for r in search.references))


def quantities(selection: Selection) -> dict[str, Quantity]:
    """The quantities of a selection by name: of its cuts, its observable and its other histograms."""
    every = (*(cut.quantity for cut in selection.cuts), selection.observable, *selection.histograms)
    return {q.name: q for q in every}


def candidate_table(selection: Selection, dataset: str, columns: Columns) -> Table:
    """The identified candidates of a selection in one chunk: run, burst, event, weight, number of cuts that fail, and
    the quantities in their display units."""
    applied = apply_cuts(selection, trigger_stage(selection, dataset, columns))
    found = applied.identified
    table: Table = {name: columns.event(name)[found.event] for name in ("run", "burst", "event")}
    table["weight"] = np.ones(len(found)) if applied.weight is None else np.asarray(applied.weight, np.float64)
    table["failed"] = applied.failures
    known = {cut.quantity.name: values for cut, values in zip(applied.cuts, applied.values, strict=True)}
    for name, quantity in quantities(selection).items():
        values = known[name] if name in known else found.once(quantity.of)
        table[name] = np.asarray(values) / quantity.unit
    return table
