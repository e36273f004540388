"""Measured values of simulated candidates beside the true ones: resolutions, and responses that scans need."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.sources import AbsentBranchError
from rarekaon.analysis.processing import histograms
from rarekaon.analysis.search.declaration import Selection, Truth

Weights = NDArray[np.float64]


def response(selection: Selection, candidates: Candidates, weight: Weights | None) -> dict[str, hist.Hist[Any]]:
    """What becomes of each true value of the quantity that a selection declares it for."""
    quantity = selection.response
    if weight is None or quantity is None or quantity.truth is None or not candidates.columns.simulated:
        return {}
    if (truth := _truth_of(quantity.truth, candidates)) is None:
        return {}
    values = candidates.once(quantity.of)
    return {f"response {quantity.name}": histograms.response(quantity, values, truth, weight)}


def resolutions(selection: Selection, candidates: Candidates, weight: Weights | None) -> dict[str, hist.Hist[Any]]:
    """Differences to the true value of every quantity that has one."""
    if weight is None or not candidates.columns.simulated:
        return {}
    declared = (selection.observable, *selection.histograms, *(c.quantity for c in selection.cuts))
    known = {q.name: (q, q.truth) for q in declared if q.truth is not None}
    return {
        f"resolution {name}": histograms.residual(q, candidates.once(q.of), values, weight)
        for name, (q, truth) in known.items()
        if (values := _truth_of(truth, candidates)) is not None
    }


def _truth_of(truth: Truth, candidates: Candidates) -> NDArray[Any] | None:
    """True values (n,) of candidates; None for simulation of another program that does not have them."""
    try:
        return candidates.once(truth.of)
    except AbsentBranchError:
        return None
