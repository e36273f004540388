"""The tables on the terminal: limits, and each search's regions beside the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from rarekaon.analysis.limits.backgrounds import BackgroundRow, Row
from rarekaon.analysis.limits.from_publications import Comparison
from rarekaon.analysis.limits.ratios import ControlRow
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.declaration import Selection


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, or a dash.

    >>> number(5.2531e-11), number(None), number(0.0432)
    ('5.25e-11', '-', '0.0432')
    """
    return "-" if value is None else f"{value:.{digits}g}"


def with_error(value: float | None, error: float | None) -> str:
    return "-" if value is None else number(value) if not error else f"{number(value)} ± {number(error, 2)}"


def limits_table(records: Sequence[LimitRecord], confidence_level: float) -> Table:
    """One row a limit; the ratio is that of the limit at the published count to the published limit."""
    table = Table(title=f"Upper limits at {100 * confidence_level:g}% CL", title_justify="left")
    for name in (
        "search", "data set", "origin", "N_K", "A normalisation", "A signal", "SES", "background", "observed", "limit",
        "at published count", "expected [-1, +1 sigma]", "published", "ratio",
    ):  # fmt: skip
        table.add_column(name, justify="left" if name in {"search", "data set", "origin"} else "right")
    for r in records:
        table.add_row(*_limit_cells(r))
    return table


def _limit_cells(r: LimitRecord) -> tuple[str, ...]:
    ratio = None
    if r.upper_limit_at_published_count is not None and r.published_upper_limit:
        ratio = r.upper_limit_at_published_count / r.published_upper_limit
    low, median, high = r.expected_upper_limit[1:4]
    mass = r.parameter.get("mass")
    return (
        r.search if mass is None else f"{r.search}, {mass:g} MeV",
        r.dataset,
        r.origin,
        with_error(r.kaon_decays, r.kaon_decays_error),
        number(r.acceptance_normalisation),
        number(r.acceptance_signal),
        with_error(r.single_event_sensitivity, r.single_event_sensitivity_error),
        with_error(r.background, r.background_error),
        "blind" if r.observed is None else str(r.observed),
        number(r.upper_limit),
        number(r.upper_limit_at_published_count),
        f"{number(median)} [{number(low)}, {number(high)}]",
        number(r.published_upper_limit, 2),
        number(ratio),
    )


def background_tables(rows: Sequence[Row]) -> list[Table]:
    """One table a search and data set: modes in rows, regions in columns, the published cell in brackets."""
    tables = []
    for search, dataset in dict.fromkeys((r.search, r.dataset) for r in rows):
        own = [r for r in rows if (r.search, r.dataset) == (search, dataset)]
        regions = list(dict.fromkeys(r.region for r in own))
        table = Table(title=rf"{search} {dataset}: expected background \[published]", title_justify="left")
        table.add_column("mode")
        for region in regions:
            table.add_column(region, justify="right")
        for mode in sorted(dict.fromkeys(r.mode for r in own), key=lambda m: m == "total"):
            cells = {r.region: r for r in own if r.mode == mode}
            table.add_row(mode, *(_background_cell(cells.get(region)) for region in regions))
        totals = {r.region: r for r in own if r.mode == "total"}
        table.add_row("data", *("masked" if totals[r].observed is None else str(totals[r].observed) for r in regions))
        tables.append(table)
    return tables


def _background_cell(row: Row | None) -> str:
    if row is None:
        return ""
    published = "" if row.published is None else f" [{with_error(row.published, row.published_error)}]"
    ours = with_error(row.expected, row.error) if isinstance(row, BackgroundRow) else "-"
    return ours + published.replace("[", r"\[")


def controls_table(rows: Sequence[ControlRow]) -> Table:
    """Control selections: data, expected events, their ratio, the published count, and the fit of the ratio.

    The fitted line's value in the middle of the spectrum is not data over expected events where they differ in shape.
    """
    table = Table(title="Control selections", title_justify="left")
    for name in ("search", "data set", "selection"):
        table.add_column(name)
    for name in (
        "data",
        "expected",
        "data / expected",
        "published",
        "fitted ratio",
        "slope per 100 MeV",
        "largest deviation",
    ):
        table.add_column(name, justify="right")
    for r in rows:
        ratio = number(r.observed / r.expected, 3) if r.expected > 0 else ""
        counts = (str(r.observed), with_error(r.expected, r.stat), ratio, number(r.published, 4))
        fit = (with_error(r.ratio, r.ratio_error), with_error(r.slope, r.slope_error), number(r.deviation, 2))
        table.add_row(r.search, r.dataset, r.selection, *counts, *fit)
    return table


def cutflow_table(booked: SearchHistograms, selection: Selection) -> Table:
    """Events after each cut: simulated samples as a fraction of the decays in the fiducial volume, data as counts."""
    search = booked.search
    table = Table(title=f"{search.key}: {selection.name} ({selection.decay})", title_justify="left")
    table.add_column("cut")
    for sample in search.samples.all:
        table.add_column(sample, justify="right")
    flows = {sample: _cutflow(booked, sample, selection) for sample in search.samples.all}
    for row, cut in enumerate(selection.cutflow):
        table.add_row(cut, *(flow[row] for flow in flows.values()))
    return table


def _cutflow(booked: SearchHistograms, sample: str, selection: Selection) -> list[str]:
    counts: Any = booked.histogram(sample, selection, "cutflow").values()
    exposure = booked.exposure(sample)
    return [number(c / exposure.weight_in_fv) if exposure.simulated else f"{c:.0f}" for c in counts]


def comparison_table(rows: Sequence[Comparison], missing: Sequence[tuple[str, str, str]]) -> Table:
    """Every published N_K, SES and limit beside the one recomputed from the published inputs; what cannot be, below."""
    table = Table(title="Published numbers and what their published inputs give", title_justify="left")
    for name in ("search", "data set", "quantity", "published", "recomputed", "all digits", "note"):
        table.add_column(name, justify="right" if name in {"published", "recomputed"} else "left")
    for row in rows:
        agrees = "yes" if row.agrees else "no"
        numbers = (number(row.published, row.digits), number(row.recomputed, row.digits + 1))
        table.add_row(row.search, row.dataset, row.quantity, *numbers, agrees, row.note)
    for search, dataset, reason in missing:
        table.add_row(search, dataset, "upper limit", "-", "-", "-", reason)
    return table
