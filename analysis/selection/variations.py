"""Events one standard deviation up or down in what is not known better.

A `ShapeSystematic` takes any function of the columns: other weights are `columns.replaced("truth_weight", ...)`, other
measurements of tracks `columns.varied("Track", ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.true_particles import true_momenta
from rarekaon.analysis.search.declaration import ShapeSystematic

Vary = Callable[[Columns], Columns]

MOMENTUM_SCALE = 0.001
"""Our choice: the kaon's mass from K+ -> pi+ pi+ pi- is published to a tenth of this and better."""
MOMENTUM_RESOLUTION = 0.06
"""Our choice: simulated masses are 2% to 6% narrower than published (datasets/detector.yaml)."""
ACCIDENTAL_ACTIVITY = 0.1
"""Our choice: the growth of the beam's intensity over the years, which no paper publishes, is larger."""
VETOES = ("Cluster", "Chod", "RichHit", "Lav", "Irc", "Sac", "Chanti")
"""Collections that candidates are vetoed with."""


@cache
def track_momenta(factor: float) -> Vary:
    """All track momenta times a factor."""

    def varied(columns: Columns) -> Columns:
        momentum = columns.flat("Track", "momentum")
        return columns.varied("Track", "momentum", (momentum * factor).astype(momentum.dtype))

    return varied


@cache
def momentum_resolution(factor: float) -> Vary:
    """Differences of measured and true track momenta times a factor; accidental tracks stay as they are."""

    def varied(columns: Columns) -> Columns:
        momentum = columns.flat("Track", "momentum")
        true = columns.shared(true_momenta)
        smeared = np.where(np.isnan(true), momentum, true + factor * (momentum - true))
        return columns.varied("Track", "momentum", smeared.astype(momentum.dtype))

    return varied


@cache
def accidental_activity(factor: float) -> Vary:
    """So many times as many accidental signals in every window around the trigger.

    Their times are even: distances from the trigger are divided by the factor, which leaves signals of the decay, some
    ns away at most, where they are.
    """

    def varied(columns: Columns) -> Columns:
        for name in VETOES:
            counts = np.diff(columns.offsets(name))
            trigger, time = np.repeat(columns.event("trigger_time"), counts), columns.flat(name, "time")
            columns = columns.varied(name, "time", (trigger + (time - trigger) / factor).astype(time.dtype))
        return columns

    return varied


def detector_systematics(*samples: str) -> tuple[ShapeSystematic, ...]:
    """What all simulated samples share: scale and resolution of momenta, and accidental activity."""
    sources = (
        ("momentum scale", track_momenta, MOMENTUM_SCALE),
        ("momentum resolution", momentum_resolution, MOMENTUM_RESOLUTION),
        ("accidental activity", accidental_activity, ACCIDENTAL_ACTIVITY),
    )
    return tuple(ShapeSystematic(name, vary(1 + size), vary(1 - size), samples) for name, vary, size in sources)
