"""A selection applied one cut after another, without what the processor shares and books."""

from __future__ import annotations

from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.processing.processor import triggered
from rarekaon.analysis.search.declaration import Selection


def selected(selection: Selection, columns: Columns) -> Candidates:
    """The candidates that fired a trigger of the selection, are identified and pass all of its cuts."""
    c = columns.shared(selection.candidates)
    c = selection.identify(c.take(triggered(selection.triggers)(columns)[c.event]))
    for cut in selection.cuts:
        c = c.take(cut.passes(cut.quantity.of(c)))
    return c
