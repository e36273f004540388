"""A selection applied one cut after another, without what the processor shares and books."""

from __future__ import annotations

from analysis.events.candidates import Candidates
from analysis.events.columns import Columns
from analysis.processor import triggered
from analysis.search import Selection


def selected(selection: Selection, columns: Columns) -> Candidates:
    """The candidates that fired a trigger of the selection, are identified and pass all of its cuts."""
    c = columns.shared(selection.candidates)
    c = selection.identify(c.take(triggered(selection.triggers)(columns)[c.event]))
    for cut in selection.cuts:
        c = c.take(cut.passes(cut.quantity.of(c)))
    return c
