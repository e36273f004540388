"""Figures of projections."""

from __future__ import annotations

from math import log

from matplotlib.figure import Figure

from rarekaon.analysis.limits.projection import Projection
from rarekaon.analysis.search.channels import search


def projection_figure(projection: Projection, confidence_level: float) -> Figure:
    """Expected limit with its one- and two-sigma bands against the number of kaon decays.

    The dotted line is what a search without background would reach.
    """
    decays = [p.kaon_decays for p in projection.points]
    low2, low1, median, high1, high2 = zip(*(p.expected_upper_limit for p in projection.points), strict=True)
    free = [-p.single_event_sensitivity * log(1 - confidence_level) for p in projection.points]
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(decays, low2, high2, color="gold", label="2 sigma")
    axes.fill_between(decays, low1, high1, color="limegreen", label="1 sigma")
    axes.plot(decays, median, color="black", label="median")
    axes.plot(decays, free, color="black", linestyle=":", label="without background")
    axes.axvline(projection.kaon_decays, color="grey", linestyle="--", label=f"now ({projection.origin})")
    title = search(projection.search, projection.dataset).title
    axes.set(
        xscale="log", yscale="log", xlabel="kaon decays in the fiducial volume (effective)",
        ylabel=f"expected upper limit at {100 * confidence_level:g}% CL", title=f"{title}, {projection.dataset}",
    )  # fmt: skip
    axes.legend(fontsize="small")
    return figure
