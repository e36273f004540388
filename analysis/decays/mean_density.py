"""The mean of a mode's density over its phase space, which weights are divided by."""

from __future__ import annotations

from functools import cache

from scipy.stats import qmc

from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import generate

POINTS, PART = 2**18, 2**12


@cache
def mean_density(mode: Mode) -> float:
    """Mean of amplitude times phase-space weight over the unit cube, where the branching fraction is quoted.

    A scrambled Sobol sequence with a fixed seed, in parts that stay in the processor's cache.
    """
    sequence, total = qmc.Sobol(mode.flat.dimensions, seed=1), 0.0
    for _ in range(POINTS // PART):
        p, weight = generate(mode.flat, sequence.random(PART))
        value = weight * mode.density(p)
        total += float(value.sum() if mode.range is None else value[mode.range(*p)].sum())
    return total / POINTS
