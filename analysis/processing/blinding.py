"""Blinding, enforced where data is read.

`BlindedProcessor` stands between the events and any processor.  From every chunk of data it removes the events in the
masked box of any declared search, before the processor sees the chunk.  They reach no histogram, column or log, under
any backend.  A box opens for the runs of an unblinding record in `datasets/unblinding/`, written by `kaon unblind`
once the control regions agree with the expected background.

What counts as data is decided by the file (it has no truth branches), and which record applies by the run number of
the event: neither by a name that a user chooses.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import awkward as ak
import numpy as np
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.mapping import SimplePreloadedColumnSource
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.schema import COLLECTIONS, EVENT
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.nano_schema import KaonSchema
from rarekaon.analysis.events.sources import AbsentBranchError
from rarekaon.analysis.processing.unblinding import opened_runs
from rarekaon.analysis.search.channels import search as declared
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Region, Search, Selection

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """The masked box of one search."""

    search: str
    """Name of the search."""
    unblinded: tuple[tuple[int, int], ...] = ()
    """Runs for which it is open; all others are masked, known to the catalogue or not."""

    def masks(self, run: NDArray[Any]) -> Mask:
        return ~_runs_mask(run, self.unblinded)


@dataclass(frozen=True)
class Blinding:
    """The boxes that are masked. Every search has one; a record opens it for the runs of its data set."""

    boxes: tuple[Box, ...]
    """One a search."""

    def masked(self, columns: Columns) -> Mask:
        """Events (n_events,) inside any masked box; simulated events never are."""
        masked = np.zeros(len(columns), bool)
        if columns.simulated:
            return masked
        for box in self.boxes:
            masks = box.masks(columns.event("run"))
            if masks.any():
                masked |= masks & _may_be_in_box(box.search, columns)
        return masked

    def applies(self, columns: Columns) -> bool:
        """Whether any event of the chunk is of a run for which a box is masked."""
        return not columns.simulated and any(box.masks(columns.event("run")).any() for box in self.boxes)


def _runs_mask(run: NDArray[Any], spans: tuple[tuple[int, int], ...]) -> Mask:
    inside = np.zeros(len(run), bool)
    for first, last in spans:
        inside |= (run >= first) & (run <= last)
    return inside


def _may_be_in_box(name: str, columns: Columns) -> Mask:
    """Events (n_events,) in the box of a search: all of them, where they lack a branch that tells."""
    try:
        return _in_box(name, columns)
    except AbsentBranchError:
        return np.ones(len(columns), bool)


def _in_box(name: str, columns: Columns) -> Mask:
    """Events (n_events,) in the box of the search with the values of any of its data sets."""
    masked = np.zeros(len(columns), bool)
    for search in searches()[name]:
        for selection in search.masked_selections:
            masked[_box_candidates(selection, columns)] = True
    return masked


def _box_candidates(selection: Selection, columns: Columns) -> NDArray[np.int64]:
    """Rows of the events that may be the final state, inside the box cuts and a masked interval.

    Trigger and all other cuts are left out on purpose: the box is masked for events that come close, too.  What cannot
    be judged is inside: a quantity that is no number, and any of several ways to assign the tracks.
    """
    possible = getattr(selection.identify, "possible", selection.identify)
    c = columns.shared(selection.candidates).once(possible)
    observable = c.once(selection.observable.of)
    inside = np.logical_or.reduce([_possible(r, observable) for r in selection.masked])
    for cut in selection.box:
        held = _possible(cut.within, c.once(cut.quantity.of))
        inside &= held if held.ndim == 1 else held.all(axis=1)
    return np.asarray(c.event[inside])


def _possible(part: Region | Interval, values: NDArray[Any]) -> Mask:
    """Elementwise: not known to be outside."""
    return np.asarray(part.mask(values) | np.isnan(values))


class BlindedProcessor(ProcessorABC):
    """A processor that hands another one only what the blinding lets through."""

    def __init__(self, processor: ProcessorABC, blinding: Blinding) -> None:
        self.processor = processor
        self.blinding = blinding

    def process(self, events: Any) -> Any:
        return self.processor.process(blinded_events(events, self.blinding))

    @property
    def takes_columns(self) -> bool:
        """Whether the processor can do without NanoEvents."""
        return hasattr(self.processor, "process_columns")

    def process_columns(self, columns: Columns, sample: str) -> Any:
        """`process` for a processor that takes columns."""
        wanted = getattr(self.processor, "candidates", None)
        return self.processor.process_columns(blinded_columns(columns, self.blinding, wanted), sample)

    def postprocess(self, accumulator: Any) -> Any:
        return self.processor.postprocess(accumulator)


def blinded_columns(columns: Columns, blinding: Blinding, candidates: Container[Any] | None = None) -> Columns:
    """The columns of the events outside the masked boxes; no array of what is handed on holds anything of the others.

    The boxes of some searches need candidates that others do not: only `candidates` come along, or all of them.
    """
    masked = blinding.masked(columns)
    return columns.without(masked, candidates) if masked.any() else columns


def blinded_events(events: Any, blinding: Blinding) -> Any:
    """The events outside the masked boxes.

    Where a box could apply, the result is a new, independent array of all contract branches: cross references and
    attributes of the original would lead back to what was removed.
    """
    columns = Columns(events)
    if not blinding.applies(columns):
        return events
    kept = ~blinding.masked(columns)
    source = SimplePreloadedColumnSource(_contract_columns(events, kept), uuid4(), int(kept.sum()), "/blinded")
    factory = NanoEventsFactory.from_preloaded(source, schemaclass=KaonSchema, metadata=dict(events.metadata))
    return factory.events()


def _contract_columns(events: Any, kept: Mask) -> dict[str, ak.Array]:
    columns = {b.name: events[b.name][kept] for b in EVENT}
    for c in COLLECTIONS:
        if c.truth:
            continue
        records = events[c.name][kept]
        columns[c.counter] = ak.values_astype(ak.num(records, axis=1), np.int32)
        for field in c.fields:
            columns[c.branch(field.name)] = ak.without_parameters(ak.to_packed(records[field.name]))
    return columns


def current_blinding() -> Blinding:
    """The blinding in force: every masked box of every declared search, but for those a record has opened."""
    unblinded = opened_runs()
    return Blinding(
        tuple(
            Box(name, unblinded.get(name, ()))
            for name, group in searches().items()
            if any(s.masked_selections and not shares_box(s) for s in group)
        )
    )


def shares_box(search: Search) -> bool:
    """Whether the box of a search is that of the search it names, so that it needs none of its own.

    ValueError for a search that names another one but masks something else.
    """
    if search.box_of is None:
        return False
    other = declared(search.box_of, search.dataset)
    if other.box_of is not None or not set(search.masked_selections) <= set(other.masked_selections):
        raise ValueError(f"{search.key} cannot share the box of {other.key}: the selections that they mask differ")
    return True
