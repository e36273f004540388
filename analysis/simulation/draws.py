"""Random numbers that kernels draw by themselves."""

from __future__ import annotations

import numpy as np

from analysis.simulation.kernel import kernel

MOST_COUNTS = 1000
"""Where the search for a count stops: rounding may leave the sum of all probabilities below a number drawn."""


@kernel
def poisson(rng: np.random.Generator, mean: float) -> int:
    """A Poisson number of a mean of a few, by inversion: one uniform number, and as many steps as the result."""
    drawn, count = rng.random(), 0
    probability = np.exp(-mean)
    below = probability
    while drawn >= below and count < MOST_COUNTS:
        count += 1
        probability *= mean / count
        below += probability
    return count
