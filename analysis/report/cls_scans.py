"""CLs against the branching fraction: of a search, of channels and of their combination."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rarekaon.analysis.report.figures import decay_label, save_figure, style
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.statistics import Background
from rarekaon.analysis.statistics.contours import FEW
from rarekaon.analysis.statistics.counting import CountingExperiment, LargeCounts
from rarekaon.analysis.statistics.many_counts import count_quantiles

Floats = NDArray[np.float64]

POINTS = 80
"""Points of a curve."""
REACH = 2.5
"""A curve ends at so many times its limit."""


def cls_figure(record: LimitRecord, confidence_level: float) -> Figure:
    """CLs of a counting search against the branching fraction: at the median background-only count, and as observed.

    Each curve crosses one minus the confidence level at its limit, which is marked.
    """
    declared = search(record.search, record.dataset)
    background = Background(record.background, record.background_error, declared.background_prior)  # type: ignore[arg-type]
    counts = {"expected, median": (count_quantiles((background,), (0.5,))[0], record.expected_upper_limit[2])}
    if record.observed is not None and record.upper_limit is not None:
        counts[f"observed, {record.observed} events"] = (record.observed, record.upper_limit)
    with style():
        figure = Figure()
        axes = figure.subplots()
        for (label, (count, limit)), line in zip(counts.items(), ("--", "-"), strict=False):
            fractions = np.linspace(0, REACH * limit, POINTS)
            axes.plot(fractions, cls_of(record, background, count, fractions), line, color="black", label=label)
            axes.plot([limit], [1 - confidence_level], "o", color="black", markersize=4)
        axes.axhline(1 - confidence_level, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(xlabel=record.quantity, ylabel="$CL_s$", yscale="log", ylim=(1e-3, 1.2), xlim=(0, None))
        axes.set_title(f"{decay_label(declared.title)}, {record.dataset}", fontsize="medium", loc="left")
        axes.legend(loc="upper right")
    return figure


def cls_of(record: LimitRecord, background: Background, count: int, fractions: Floats) -> Floats:
    """CLs of branching fractions (n,) if so many events are seen, with the record's sensitivity and its error."""
    sensitivity = record.single_event_sensitivity or 1.0
    relative = (record.single_event_sensitivity_error or 0.0) / sensitivity
    signals = fractions / sensitivity
    if count <= FEW:
        experiment = CountingExperiment(count, [background], relative)
        return np.array([experiment.cls(float(s)) for s in signals])
    many = LargeCounts([count], [background], relative)
    return np.array([float(many.cls(np.array([max(s, 1e-9)]))[0]) for s in signals])


def draw_cls_scans(path: Path, results: Mapping[str, Any]) -> Path:
    """Draw the scans of `counts_file.results_of` into a file; channels without a count have none."""
    parts = {name: part for name, part in results["channels"].items() if "cls_scan" in part}
    if len(parts) > 1 and results["combined"]:
        parts["combined"] = results["combined"]
    with style():
        figure = Figure()
        axes = figure.subplots()
        for name, part in parts.items():
            scan = part["cls_scan"]
            axes.plot(scan["branching_fraction"], scan["cls"], label=name)
        axes.axhline(1 - results["confidence_level"], color="black", linewidth=0.8, linestyle="--")
        axes.set(xlabel="branching fraction", ylabel="$CL_s$", yscale="log", ylim=(1e-3, 1.2))
        axes.legend()
        return save_figure(figure, path)
