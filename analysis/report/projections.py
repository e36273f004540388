"""Tables and figures of projections."""

from __future__ import annotations

from math import log

from matplotlib.figure import Figure

from rarekaon.analysis.limits.projection import Projection
from rarekaon.analysis.report.figures import decay_label, style
from rarekaon.analysis.report.table import Column, Measured, ResultTable
from rarekaon.analysis.search.channels import search


def projection_table(projection: Projection, confidence_level: float) -> ResultTable:
    """One row a number of kaon decays: background, sensitivity, expected limit with its one-sigma band."""
    columns = (Column("N_K", "", True), Column("background", "", True), Column("SES", "", True),
               Column("expected limit", "", True), Column("-1σ", "", True), Column("+1σ", "", True))  # fmt: skip
    rows = tuple(
        (Measured(p.kaon_decays), Measured(p.background, p.background_error), Measured(p.single_event_sensitivity),
         *(Measured(p.expected_upper_limit[i]) for i in (2, 1, 3)))
        for p in projection.points
    )  # fmt: skip
    place = f"{projection.search} {projection.dataset}"
    title = f"{place}: limits at {100 * confidence_level:g}% CL against kaon decays"
    note = f"Now: {projection.kaon_decays:.3g} ({projection.origin})."
    return ResultTable(f"projection_{projection.search}_{projection.dataset}", title, columns, rows, note)


def projection_figure(projection: Projection, confidence_level: float) -> Figure:
    """Expected limit with its one- and two-sigma bands against the number of kaon decays.

    The dotted line is what a search without background would reach.
    """
    decays = [p.kaon_decays for p in projection.points]
    low2, low1, median, high1, high2 = zip(*(p.expected_upper_limit for p in projection.points), strict=True)
    free = [-p.single_event_sensitivity * log(1 - confidence_level) for p in projection.points]
    with style():
        figure = Figure()
        axes = figure.subplots()
        axes.fill_between(decays, low2, high2, color="#f0e442", linewidth=0, label="expected, 95%")
        axes.fill_between(decays, low1, high1, color="#56b4e9", linewidth=0, label="expected, 68%")
        axes.plot(decays, median, color="black", linestyle="--", label="expected, median")
        axes.plot(decays, free, color="black", linestyle=":", label="without background")
        axes.axvline(projection.kaon_decays, color="0.5", linewidth=0.8, label=f"now ({projection.origin})")
        axes.set(
            xscale="log", yscale="log", xlabel="kaon decays in the fiducial volume (effective)",
            ylabel=f"upper limit at {100 * confidence_level:g}% CL",
        )  # fmt: skip
        axes.margins(x=0)
        title = decay_label(search(projection.search, projection.dataset).title)
        axes.set_title(f"{title}, {projection.dataset}", fontsize="medium", loc="left")
        axes.legend(loc="upper right")
    return figure
