"""The mean of a mode's density over its phase space, which weights are divided by."""

from __future__ import annotations

from functools import cache

from scipy.stats import qmc

from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import generate

POINTS, PART = 2**18, 2**12
PRECISION = 2e-4
"""Relative change at which the mean is good enough: that of branching fractions is a hundred times worse."""


@cache
def mean_density(mode: Mode) -> float:
    """Mean of amplitude times phase-space weight over the unit cube, where the branching fraction is quoted.

    A scrambled Sobol sequence with a fixed seed, in parts that stay in the processor's cache.  It is doubled until
    neither of the last two doublings has changed the mean by more than `PRECISION`, or there are `POINTS`.
    """
    sequence, total, done, means = qmc.Sobol(mode.flat.dimensions, seed=1), 0.0, 0, [0.0, 0.0, 0.0]
    while done < POINTS:
        p, weight = generate(mode.flat, sequence.random(PART))
        value = weight * mode.density(p)
        total += float(value.sum() if mode.range is None else value[mode.range(*p)].sum())
        done += PART
        if done & (done - 1) == 0:
            means = [*means[1:], total / done]
            if abs(means[2] - means[1]) + abs(means[1] - means[0]) < PRECISION * means[2]:
                break
    return total / done
