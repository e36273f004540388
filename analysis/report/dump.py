"""Tables and figures of the beam dump."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np
from matplotlib.figure import Figure

from rarekaon.analysis.dump import Contour, Model
from rarekaon.analysis.report.figures import style
from rarekaon.analysis.report.table import Cell, Column, Measured, ResultTable


def dump_table(model: Model, contours: Sequence[Contour]) -> ResultTable:
    """The contours of a model: a row for each mass, edges with the relative error of the model."""
    columns = (Column("mass", "MeV", True), *(Column(f"{c.mode}, {c.protons:.2g} protons", "", True) for c in contours))
    rows = tuple(
        (Measured(mass, digits=4), *(_edges(contour, i) for contour in contours))
        for i, mass in enumerate(contours[0].masses)
    )
    return ResultTable(
        f"dump_{model.name}", f"{model.title}: {model.coupling} at 2.3 events, from and to", columns, rows
    )


def _edges(contour: Contour, i: int) -> Cell:
    if isnan(contour.low[i]):
        return f"none ({contour.most_events[i]:.1g} events)"
    return Measured(contour.low[i]), Measured(contour.high[i])


def dump_figure(model: Model, contours: Sequence[Contour]) -> Figure:
    """Contours in the plane of mass and coupling, like Fig. 4 of the review of Excited QCD 2020.

    The shaded band is the model's error of the edges.
    """
    with style():
        figure = Figure()
        axes = figure.subplots()
        for number, contour in enumerate(contours):
            there = [i for i, low in enumerate(contour.low) if not isnan(low)]
            if not there:
                continue
            mass, low, high, low_error, high_error = (
                np.array([column[i] for i in there])
                for column in (
                    contour.masses,
                    contour.low,
                    contour.high,
                    contour.low_model_error,
                    contour.high_model_error,
                )
            )
            colour = f"C{number}"
            label = f"{contour.mode}, {contour.protons:.2g} protons"
            axes.plot(np.append(mass, mass[::-1]), np.append(low, high[::-1]), color=colour, label=label)
            for edge, error in ((low, low_error), (high, high_error)):
                axes.fill_between(
                    mass, edge * np.exp(-error), edge * np.exp(error), color=colour, alpha=0.2, linewidth=0
                )
        axes.set(
            xscale="log", yscale="log", xlabel="mass [MeV/c$^2$]", ylabel=model.coupling,
            title=f"{model.title}: 2.3 events, no background",
        )  # fmt: skip
        if axes.get_lines():
            axes.legend()
    return figure
