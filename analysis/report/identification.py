"""Identification curves: the probabilities that the package measures from control samples, against momentum."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.corrections.control_samples import MAPS, TagAndProbe
from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from rarekaon.analysis.report.figures import COLOURS, style

EFFICIENT = 0.5
"""Probabilities above it stand in the panel of efficiencies, the others among misidentifications."""


def identification_figure(maps: IdentificationMaps) -> Figure:
    """Every map of `kaon identification`, with its statistical error: misidentification above, efficiencies below."""
    with style():
        figure = Figure(figsize=(7.0, 7.0))
        figure.subplots_adjust(right=0.66, hspace=0.05)
        above, below = figure.subplots(2, 1, sharex=True)
        for number, measured in enumerate(MAPS):
            value, low, high = (_steps(maps, measured, shift) for shift in ("nominal", "down", "up"))
            axes = below if value.mean() > EFFICIENT else above
            colour = COLOURS[number % len(COLOURS)]
            axes.stairs(value, measured.edges, color=colour, label=measured.name, baseline=None, linewidth=1.5)
            axes.stairs(high, measured.edges, baseline=low, color=colour, fill=True, alpha=0.25)
        above.set(yscale="log", ylabel="probability")
        below.set(xlabel="momentum [GeV/c]", ylabel="efficiency")
        for axes in (above, below):
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        above.set_title("identification, measured by tag and probe", fontsize="medium", loc="left")
    return figure


def _steps(maps: IdentificationMaps, measured: TagAndProbe, shift: str) -> np.ndarray:
    """The probability in each bin of momentum."""
    edges = np.asarray(measured.edges)
    return maps.probability(measured.name, 0.5 * (edges[1:] + edges[:-1]) * GeV, shift)  # type: ignore[arg-type]
