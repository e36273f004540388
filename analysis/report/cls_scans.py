"""CLs against the branching fraction, of channels and of their combination."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rarekaon.analysis.report.figures import save_figure, style


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
