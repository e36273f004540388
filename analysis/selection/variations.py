"""Events one standard deviation up or down in what is not known better.

A `ShapeSystematic` takes any function of the columns: other weights are `columns.replaced("truth_weight", ...)`, other
measurements of tracks `columns.varied("Track", ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rarekaon.analysis.events.columns import Columns

Vary = Callable[[Columns], Columns]


@cache
def track_momenta(factor: float) -> Vary:
    """All track momenta times a factor."""

    def varied(columns: Columns) -> Columns:
        momentum = columns.flat("Track", "momentum")
        return columns.varied("Track", "momentum", (momentum * factor).astype(momentum.dtype))

    return varied
