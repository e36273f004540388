"""The table of a stability check, and its figures: one for each end of each varied cut, and one of the periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rarekaon.analysis.report.figures import axis_label, decay_label, save_figure, style
from rarekaon.analysis.report.table import Column, Measured, ResultTable
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Quantity
from rarekaon.analysis.stability import Stability, StabilityPoint
from rarekaon.analysis.stability.variation import edge, quantities

PANELS = ("N_K", "signal acceptance", "SES", "limit")


def draw_stability(result: Stability, directory: Path) -> list[Path]:
    """Write all figures of a check into a directory; returns the files."""
    paths = []
    groups = groupby(sorted(result.points, key=_group), key=_group)
    for (quantity, end), points in groups:
        name = "_".join(filter(None, ("stability", result.search, result.dataset, quantity, end)))
        paths.append(save_figure(stability_figure(result, tuple(points)), directory / f"{name}.png"))
    return paths


def _group(point: StabilityPoint) -> tuple[str, str]:
    """The figure a point belongs to; periods stand in one."""
    return (point.quantity, point.end if point.value is not None else "")


def stability_table(result: Stability) -> ResultTable:
    """One row a variation, the nominal one first; the value of a cut is in its display unit."""
    declared = quantities(search(result.search, result.dataset))
    names = ("N_K", "A signal", "SES", "background", "expected limit", "limit")
    columns = (Column("varied"), *(Column(name, "", True) for name in names), Column("change of N_K", "σ", True))
    rows = tuple(
        (
            shown(p, declared), Measured(p.kaon_decays, p.kaon_decays_stat), Measured(p.acceptance_signal),
            Measured(p.single_event_sensitivity), Measured(p.background), Measured(p.expected_upper_limit),
            Measured(p.upper_limit), Measured(p.kaon_decays_pull, digits=2),
        )
        for p in (result.nominal, *result.points)
    )  # fmt: skip
    title = f"{result.search} {result.dataset} with cuts and data varied"
    note = "The change of N_K is in its own error, which is smaller than that of N_K: most candidates are in both."
    return ResultTable(f"stability_{result.search}_{result.dataset}", title, columns, rows, note)


def shown(point: StabilityPoint, declared: Mapping[str, Quantity]) -> str:
    """What was varied, in words, with the unit that the cut is written in."""
    if point.value is None:
        return f"{point.quantity} {point.end}".strip()
    quantity = declared[point.quantity]
    return f"{quantity.title}, {point.end} end at {point.value / quantity.unit:g} {quantity.unit_name}".strip()


def stability_figure(result: Stability, points: Sequence[StabilityPoint]) -> Figure:
    """N_K, signal acceptance, sensitivity and limit against the value of a cut, or by period.

    Relative to the nominal ones, but for periods, which have their own share of the kaon decays.  Limits at the
    observed count are open circles, and are missing while the box is masked.
    """
    with style():
        figure = Figure(figsize=(7, 9))
        figure.subplots_adjust(left=0.16, bottom=0.07, top=0.95)
        axes = figure.subplots(len(PANELS), 1, sharex=True)
        cut = points[0].value is not None
        places, nominal = _cut_places(result, points, axes) if cut else (list(range(len(points))), None)
        unit = result.nominal if nominal is not None else None
        series = (
            ("kaon_decays", "kaon_decays_stat"), ("acceptance_signal", None), ("single_event_sensitivity", None),
            ("expected_upper_limit", None),
        )  # fmt: skip
        for axis, title, (name, error) in zip(axes, PANELS, series, strict=True):
            scale = getattr(unit, name) if unit else 1.0
            errors = [getattr(p, error) / scale for p in points] if error else None
            axis.errorbar(places, [getattr(p, name) / scale for p in points], yerr=errors, fmt="o", color="black")
            axis.set_ylabel(f"{title} / nominal" if unit else title)
            if unit:
                axis.axhline(1.0, color="grey", linestyle=":")
        seen = [(x, p.upper_limit) for x, p in zip(places, points, strict=True) if p.upper_limit is not None]
        scale = unit.expected_upper_limit if unit else 1.0
        axes[-1].plot(
            [x for x, _ in seen], [y / scale for _, y in seen], "o", markersize=12, fillstyle="none", color="red"
        )
        if not cut:
            axes[-1].set_xticks(places, [p.end for p in points])
        title = decay_label(search(result.search, result.dataset).title)
        axes[0].set_title(f"{title}, {result.dataset}", fontsize="medium", loc="left")
        figure.align_ylabels()
    return figure


def _cut_places(result: Stability, points: Sequence[StabilityPoint], axes: Any) -> tuple[list[float], float]:
    """Values of the cut in its display unit, and the nominal one, which is drawn."""
    declared = search(result.search, result.dataset)
    quantity = quantities(declared)[points[0].quantity]
    nominal = edge(declared, quantity.name, points[0].end) / quantity.unit  # type: ignore[arg-type]
    for axis in axes:
        axis.axvline(nominal, color="grey", linestyle="--")
    axes[-1].set_xlabel(f"{points[0].end} end of the cut on {axis_label(quantity.label)}")
    return [float(p.value or 0.0) / quantity.unit for p in points], nominal
