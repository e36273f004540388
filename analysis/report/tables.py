"""The tables of a run: limits and what they rest on, each search's regions beside the published ones, cutflows.

Numbers of a part of the exposure stand beside published counts scaled to it; published limits, which do not scale, are
left out there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rarekaon.analysis.limits.backgrounds import BackgroundRow, Row
from rarekaon.analysis.limits.from_publications import Comparison
from rarekaon.analysis.limits.ratios import ControlRow
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.declaration import Selection

WHOLE = 0.95
"""From this share of the exposure on nothing is scaled."""
Shares = Mapping[tuple[str, str], float]
"""By search and data set the part of the exposure that the data are of."""


def shares(records: Sequence[LimitRecord]) -> dict[tuple[str, str], float]:
    """The part of the exposure behind the limits from events, where it is not all of it."""
    found = {(r.search, r.dataset): float(r.details.get("exposure", 1.0)) for r in records if r.origin == "events"}
    return {key: share for key, share in found.items() if share < WHOLE}


def part_of_exposure(share: float) -> str:
    """In words.

    >>> part_of_exposure(0.0999), part_of_exposure(0.62)
    ('1/10 of the exposure', '62% of the exposure')
    """
    inverse = 1 / share
    is_simple = abs(inverse - round(inverse)) < 0.05 * inverse and inverse > 1.5
    return f"{f'1/{round(inverse)}' if is_simple else f'{share:.0%}'} of the exposure"


def _note(found: Shares, what: str) -> str:
    parts = sorted({part_of_exposure(share) for share in found.values()})
    return f"Data of {', '.join(parts)}: {what}." if parts else ""


def _with_left_out(note: str, records: Sequence[LimitRecord]) -> str:
    """A note with what is left out of the data behind some limits."""
    said = dict.fromkeys(text for r in records for text in r.details.get("left_out", ()))
    return " ".join([*([note] if note else []), *(f"{text}." for text in said)])


def sensitivities_table(records: Sequence[LimitRecord]) -> ResultTable:
    """One row a limit: kaon decays, acceptances, single-event sensitivity."""
    columns = (*_hypothesis(), Column("N_K", "", True), Column("A norm.", "", True), Column("A signal", "", True),
               Column("SES", "", True))  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            *_named(r),
            Measured(r.kaon_decays, r.kaon_decays_error),
            Measured(r.acceptance_normalisation),
            Measured(r.acceptance_signal),
            Measured(r.single_event_sensitivity, r.single_event_sensitivity_error),
        )
        for r in _together(records)
    ]
    title = "Kaon decays, acceptances and single-event sensitivities"
    note = _with_left_out(_note(shares(records), "N_K and SES are those of this part"), records)
    return ResultTable("sensitivities", title, columns, tuple(rows), note, joined=3)


def limits_table(records: Sequence[LimitRecord], confidence_level: float) -> ResultTable:
    """One row a limit; the ratio is that of the limit at the published count to the published limit."""
    columns = (
        *_hypothesis(), Column("background", "", True), Column("data", "", True), Column("limit", "", True),
        Column("at published count", "", True), Column("expected, ±1σ", "", True), Column("published, ratio", "", True),
    )  # fmt: skip
    parts = shares(records)
    rows = tuple(
        _limit_cells(r, comparable=r.origin != "events" or (r.search, r.dataset) not in parts)
        for r in _together(records)
    )
    title = f"Upper limits at {100 * confidence_level:g}% CL"
    note = _note(parts, "limits from events are not compared with the published ones, which have all of it")
    note = _with_left_out(note, records)
    return ResultTable("limits", title, columns, rows, note, joined=3)


def _together(records: Sequence[LimitRecord]) -> list[LimitRecord]:
    """What belongs to one search and data set in a row."""
    places = list(dict.fromkeys((r.search, r.dataset) for r in records))
    return sorted(records, key=lambda r: places.index((r.search, r.dataset)))


def _hypothesis() -> tuple[Column, ...]:
    return Column("search"), Column("data set"), Column("from")


def _named(r: LimitRecord) -> tuple[str, str, str]:
    mass = r.parameter.get("mass")
    return r.search if mass is None else f"{r.search}, {mass:g} MeV", r.dataset, r.origin


def _limit_cells(r: LimitRecord, comparable: bool) -> tuple[Cell, ...]:
    ratio = None
    if comparable and r.upper_limit_at_published_count is not None and r.published_upper_limit:
        ratio = r.upper_limit_at_published_count / r.published_upper_limit
    low, median, high = r.expected_upper_limit[1:4]
    return (
        *_named(r),
        Measured(r.background, r.background_error),
        "blind" if r.observed is None else r.observed,
        Measured(r.upper_limit),
        Measured(r.upper_limit_at_published_count if comparable else None),
        (Measured(median), Measured(low), Measured(high)),
        "-" if ratio is None else (Measured(r.published_upper_limit, digits=2), Measured(ratio)),
    )


def background_tables(rows: Sequence[Row], found: Shares | None = None) -> list[ResultTable]:
    """One table a search and data set: modes in rows, regions in columns, the published cell below in brackets.

    Where no event is left to estimate a mode with, the upper limit at 68% CL stands, which is no part of the total.
    """
    tables = []
    for search, dataset in dict.fromkeys((r.search, r.dataset) for r in rows):
        own = [r for r in rows if (r.search, r.dataset) == (search, dataset)]
        share = (found or {}).get((search, dataset), 1.0)
        regions = list(dict.fromkeys(r.region for r in own))
        body: list[tuple[Cell, ...]] = []
        for mode in sorted(dict.fromkeys(r.mode for r in own), key=lambda m: m == "total"):
            cells = {r.region: r for r in own if r.mode == mode}
            body.append((mode, *(_background_cell(cells.get(region), share) for region in regions)))
        totals = {r.region: r for r in own if r.mode == "total"}
        counts = [totals[region].observed if region in totals else None for region in regions]
        body.append(("data", *("masked" if n is None else n for n in counts)))
        columns = (Column("mode"), *(Column(region, "", True) for region in regions))
        title = f"{search} {dataset}: expected background [published]"
        note = _note({(search, dataset): share}, "published numbers are scaled to it") if share < WHOLE else ""
        tables.append(ResultTable(f"background_{search}_{dataset}", title, columns, tuple(body), note))
    return tables


def _background_cell(row: Row | None, share: float) -> Cell:
    if row is None:
        return ""
    ours: str | Measured = "-"
    if isinstance(row, BackgroundRow):
        limit = row.expected == 0 and row.stat > 0
        ours = Measured(row.stat, below=True, digits=2) if limit else Measured(row.expected, row.error)
    if row.published is None:
        return ours
    error = row.published_error * share if row.published_error else None
    return ours, f"[{Measured(row.published * share, error)}]"


def open_boxes_table(boxes: Sequence[Mapping[str, Any]]) -> ResultTable:
    """Who opened which box, when and with what agreement and power of its controls; what was changed since."""
    columns = (*map(Column, ("search", "data set", "opened by", "on")), Column("p", "", True),
               Column("controls", "events", True), Column("since"))  # fmt: skip
    return ResultTable("open_boxes", "Open boxes", columns, tuple(map(_box_cells, boxes)), joined=2)


def _box_cells(box: Mapping[str, Any]) -> tuple[Cell, ...]:
    told = [what if " " in what else f"other {what}" for what in box["differs"]]
    if not box["open"]:
        told = ["masked again", *box["changed"]]
    if box.get("despite"):
        told.append(f"opened despite little power: {box['despite']}")
    who = (box["search"], box["dataset"], box["who"], box["when"])
    return (*who, Measured(box["p_value"]), Measured(box.get("expected_in_controls")), "; ".join(told))


def controls_table(rows: Sequence[ControlRow], found: Shares | None = None) -> ResultTable:
    """Control selections: data, expected events, their ratio, the published count, and the fit of the ratio.

    The fitted line's value in the middle of the spectrum is not data over expected events where they differ in shape.
    """
    names = ("data", "expected", "data / expected", "published", "ratio fitted", "slope", "largest deviation")
    units = {"slope": "1/(100 MeV)", "largest deviation": "σ"}
    columns = (Column("search"), Column("data set"), Column("selection"),
               *(Column(name, units.get(name, ""), True) for name in names))  # fmt: skip
    body = tuple(_control_cells(r, (found or {}).get((r.search, r.dataset), 1.0)) for r in rows)
    note = _note(found or {}, "published counts are scaled to it")
    return ResultTable("controls", "Control selections", columns, body, note, joined=3)


def _control_cells(r: ControlRow, share: float) -> tuple[Cell, ...]:
    return (
        r.search, r.dataset, r.selection, r.observed, Measured(r.expected, r.stat),
        Measured(r.observed / r.expected if r.expected > 0 else None),
        Measured(None if r.published is None else r.published * share, digits=4),
        Measured(r.ratio, r.ratio_error), Measured(r.slope, r.slope_error), Measured(r.deviation, digits=2),
    )  # fmt: skip


def cutflow_tables(booked: SearchHistograms) -> list[ResultTable]:
    """Events after each cut: simulated samples as a fraction of the decays in the fiducial volume, data as counts."""
    return [_cutflow_table(booked, selection) for selection in booked.search.selections]


def _cutflow_table(booked: SearchHistograms, selection: Selection) -> ResultTable:
    search = booked.search
    columns = (Column("cut"), *(Column(sample, "", True) for sample in search.samples.all))
    flows = [cutflow_cells(booked, sample, selection) for sample in search.samples.all]
    rows = tuple((cut, *(flow[row] for flow in flows)) for row, cut in enumerate(selection.cutflow))
    title = f"{search.key}: {selection.name} ({selection.decay})"
    note = "Simulation: fraction of the decays in the fiducial volume; data: events."
    return ResultTable(f"cutflow_{search.name}_{search.dataset}_{selection.name}", title, columns, rows, note)


def cutflow_cells(booked: SearchHistograms, sample: str, selection: Selection) -> list[Cell]:
    """A sample's column of the cutflow: fractions of its decays in the fiducial volume, or events of data."""
    counts: Any = booked.histogram(sample, selection, "cutflow").values()
    exposure = booked.exposure(sample)
    if not exposure.simulated:
        return [round(float(c)) for c in counts]
    return [Measured(float(c) / exposure.weight_in_fv) for c in counts]


def comparison_table(rows: Sequence[Comparison], missing: Sequence[tuple[str, str, str]]) -> ResultTable:
    """Every published N_K, SES and limit beside the one recomputed from the published inputs; what cannot be, below."""
    columns = (Column("search"), Column("data set"), Column("quantity"), Column("published", "", True),
               Column("recomputed", "", True), Column("all digits"), Column("note"))  # fmt: skip
    body: list[tuple[Cell, ...]] = [
        (
            row.search, row.dataset, row.quantity, Measured(row.published, digits=row.digits),
            Measured(row.recomputed, digits=row.digits + 1), "yes" if row.agrees else "no", row.note,
        )
        for row in rows
    ]  # fmt: skip
    body += [(search, dataset, "upper limit", "-", "-", "-", reason) for search, dataset, reason in missing]
    title = "Published numbers and what their published inputs give"
    return ResultTable("comparison", title, columns, tuple(body), joined=2)
