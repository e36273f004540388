"""Where random numbers come from, and draws that kernels make by themselves."""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.kernels.compiled import kernel

MOST_COUNTS = 1000
"""Where the search for a count stops: rounding may leave the sum of all probabilities below a number drawn."""


def random_stream(*key: int) -> np.random.Generator:
    """The random numbers of a key of non-negative integers: those of different keys are independent of each other.

    SFC64 started from a hash of the key (`numpy.random.SeedSequence`): the fastest of NumPy's generators, four times
    as fast as a counter-based one.
    """
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))


@kernel
def poisson(rng: np.random.Generator, mean: float) -> int:
    """A Poisson number of a mean of a few, by inversion: one uniform number, and as many steps as the result."""
    drawn, count = rng.random(), 0
    if drawn < 1 - mean:  # less than exp(-mean)
        return 0
    probability = np.exp(-mean)
    below = probability
    while drawn >= below and count < MOST_COUNTS:
        count += 1
        probability *= mean / count
        below += probability
    return count
