"""The integral of a density over the generated phase space, in units of that of the simulated density.

It is the denominator of every reweighted acceptance, and it is computed from phase space itself: stored events are
those with tracks, and say nothing about the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from scipy.stats import qmc

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays import mode as mode_of
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import WIDE, flatten, generate
from rarekaon.analysis.decays.phase_space import Pair as Split
from rarekaon.analysis.recasting.density import Density, Floats, Pair, Products, RecastError
from rarekaon.analysis.recasting.resonance import Resonance

SEQUENCES, POINTS = 8, 2**15
ANGLES = 2**10
"""Points for each mass of a resonance."""
NODES = 12
"""Gauss-Legendre nodes for each piece of a line shape."""
PRECISION = 0.01
"""Largest relative error of an integral that is accepted."""


@dataclass(frozen=True)
class Integral:
    """Integral of a density over that of the simulated one."""

    value: float
    """The integral."""
    error: float
    """Its error."""


def integral(decay: str, density: Density) -> Integral:
    """The integral over the part of phase space that the sample of `decay` is normalised to.

    A resonance is integrated over its mass piece by piece, with the other variables at fixed mass; other densities
    with scrambled Sobol sequences, whose spread is the error.  RecastError for a density that is negative,
    not finite, zero everywhere, or so narrow that the error is above `PRECISION`.
    """
    mode = mode_of(decay)
    if isinstance(density, Resonance) and _only_wide(mode.tree):
        found = Integral(_resonant(mode, density) / mean_density(mode), 0.0)
    else:
        found = _sampled(mode, density)
    if not found.value > 0:
        raise RecastError(f"{density.description} is zero everywhere on the phase space of {decay}")
    if found.error > PRECISION * found.value:
        raise RecastError(
            f"the integral of {density.description} is known to {found.error / found.value:.1%} only: it is too narrow "
            f"for its sampling; give it as a resonance or make it wider"
        )
    return found


def checked(density: Density, values: Floats) -> Floats:
    """The values of a density; RecastError unless all are finite and none is negative."""
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise RecastError(
            f"{density.description} is negative or not finite somewhere on the phase space; it must not be"
        )
    return values


def _quoted(mode: Mode, p: Floats) -> Floats:
    """1 (n,) in the part of phase space that is generated and the branching fraction is quoted for, 0 elsewhere."""
    inside = np.ones(p.shape[-1])
    for part in (mode.generated, mode.range):
        if part is not None:
            inside = np.where(part(*p), inside, 0.0)
    return inside


def _sampled(mode: Mode, density: Density) -> Integral:
    ratios = []
    for p, weight, simulated in _points(mode):
        values = checked(density, density.value(Products(mode.products, p)))
        ratios.append(float((weight * values).mean() / simulated))
    return Integral(float(np.mean(ratios)), float(np.std(ratios, ddof=1) / np.sqrt(len(ratios))))


def _points(mode: Mode) -> list[tuple[Floats, Floats, float]]:
    """Momenta, weights and the simulated density's integral, for each sequence."""
    return [_sequence(mode.descriptor, seed) for seed in range(SEQUENCES)]


@cache
def _sequence(decay: str, seed: int) -> tuple[Floats, Floats, float]:
    mode = mode_of(decay)
    p, weight = generate(mode.flat, qmc.Sobol(mode.flat.dimensions, seed=seed).random(POINTS))
    weight = weight * _quoted(mode, p)
    return p, weight, float((weight * mode.density(p)).mean())


def _only_wide(tree: Split) -> bool:
    """Whether no pair of a tree has the mass of a particle."""
    return all(isinstance(part, str) or (part.mass in WIDE and _only_wide(part)) for part in (tree.first, tree.second))


def _resonant(mode: Mode, resonance: Resonance) -> float:
    return sum(_around(mode, resonance, pair) for pair in resonance.pairs(mode.products))


def _around(mode: Mode, resonance: Resonance, pair: Pair) -> float:
    """Integral of one assignment: over s, of the line times the mean over everything else at that mass."""
    rest = [k for k in range(len(mode.products)) if k not in pair]
    order = (*rest, *pair)
    split = Split(_nested([mode.products[k] for k in rest]), Split(mode.products[pair[0]], mode.products[pair[1]], "X"))
    back = tuple(order.index(k) for k in range(len(order)))
    u = qmc.Sobol(flatten(split).dimensions, seed=1).random(ANGLES)

    def at(s: float) -> float:
        p, weight = generate(flatten(split, {"X": float(np.sqrt(s))}), u)
        products = Products(mode.products, np.ascontiguousarray(p[list(back)]))
        values = resonance.matrix_element(products, pair) * _quoted(mode, products.momenta)
        # a narrow pair counts its momentum relative to its mass: m dm = ds / 2
        return float((weight * checked(resonance, values)).mean()) * float(resonance.line(s)) / (2 * MASS_K)

    low = sum(particle(mode.products[k]).mass for k in pair) ** 2
    high = (MASS_K - sum(particle(mode.products[k]).mass for k in rest)) ** 2
    edges = [low, *(s for s in resonance.breaks(high - low) if low < s < high), high]
    return sum(_gauss(at, a, b) for a, b in pairwise(edges))


def _gauss(of: Callable[[float], float], low: float, high: float) -> float:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    centre, half = (low + high) / 2, (high - low) / 2
    return half * sum(float(w) * of(centre + half * float(x)) for x, w in zip(nodes, weights, strict=True))


def _nested(names: list[str]) -> str | Split:
    return names[0] if len(names) == 1 else Split(names[0], _nested(names[1:]))
