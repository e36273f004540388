"""Where the time of each channel goes, as a stack of bars in units of reading its columns with uproot."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rarekaon.analysis.results.records import write_bytes


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the figure (PNG) of the rows that say their stages; none where there are none."""
    profiled = [row for row in rows if "stages" in row]
    if not profiled:
        return
    figure = Figure(figsize=(8, 0.8 + 0.7 * len(profiled)), layout="constrained")
    axes = figure.subplots()
    names = [row["name"] for row in profiled]
    left = [0.0] * len(profiled)
    for stage in profiled[0]["stages"]:
        widths = [row["stages"][stage] / row["read_seconds"] for row in profiled]
        axes.barh(names, widths, left=left, label=stage)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    rest = [max(0.0, row["ratio"] - total) for row, total in zip(profiled, left, strict=True)]
    axes.barh(names, rest, left=left, label="opening, adding up", color="lightgrey")
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xlabel("user CPU over that of reading the same columns with uproot (line: 1)")
    axes.legend(fontsize="small", ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    write_bytes(path, buffer.getvalue())
