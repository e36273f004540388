"""Figures without a display, written as files that do not depend on when they are made."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from rarekaon.analysis.results.records import write_bytes


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, atomically, and close it."""
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
    write_bytes(path, stream.getvalue())
    return path
