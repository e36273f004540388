"""The table of recast limits."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from rarekaon.analysis.recasting import Recast
from rarekaon.analysis.report.tables import number, with_error


def recast_table(results: Sequence[Recast], confidence_level: float) -> Table:
    """One row a model; the ratio is that of its acceptance to the simulated density's."""
    title = f"Upper limits at {100 * confidence_level:g}% CL for other models of the signal"
    table = Table(title=title, title_justify="left")
    for name in ("search", "model", "A signal", "ratio", "effective events", "prompt", "SES", "limit", "expected"):
        table.add_column(name, justify="left" if name in {"search", "model"} else "right")
    for r in results:
        table.add_row(
            f"{r.search}/{r.dataset}",
            r.density,
            with_error(r.acceptance, r.acceptance_error),
            f"{r.acceptance / r.acceptance_simulated:.3f}",
            f"{r.effective_events:.0f}",
            f"{100 * r.prompt:.0f}%",
            number(r.limit.single_event_sensitivity),
            "blind" if r.limit.observed is None else number(r.limit.upper_limit),
            number(r.limit.expected_upper_limit[2]),
        )
    return table
