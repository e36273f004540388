"""The table of recast limits."""

from __future__ import annotations

from collections.abc import Sequence

from rarekaon.analysis.recasting import Recast
from rarekaon.analysis.report.table import Column, Measured, ResultTable


def recast_table(results: Sequence[Recast], confidence_level: float) -> ResultTable:
    """One row a model; the ratio is that of its acceptance to the simulated density's."""
    names = ("A signal", "ratio", "effective events", "prompt", "SES", "limit", "expected")
    columns = (Column("search"), Column("data set"), Column("model"),
               *(Column(name, "%" if name == "prompt" else "", True) for name in names))  # fmt: skip
    rows = tuple(
        (
            r.search,
            r.dataset,
            r.density,
            Measured(r.acceptance, r.acceptance_error),
            Measured(r.acceptance / r.acceptance_simulated),
            round(r.effective_events),
            round(100 * r.prompt),
            Measured(r.limit.single_event_sensitivity),
            "blind" if r.limit.observed is None else Measured(r.limit.upper_limit),
            Measured(r.limit.expected_upper_limit[2]),
        )
        for r in results
    )
    title = f"Upper limits at {100 * confidence_level:g}% CL for other models of the signal"
    return ResultTable("recasts", title, columns, rows, joined=3)
