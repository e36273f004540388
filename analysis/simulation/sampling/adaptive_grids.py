"""Importance sampling in the unit cube: a mixture of adapted grids.

Each grid is a product of one-dimensional step densities (G. P. Lepage, J. Comput. Phys. 27 (1978) 192) adapted to
one corner of phase space; a uniform component keeps every weight finite.  A point drawn from the mixture carries
1/density, so that every mean stays unbiased whatever the grids look like: a bad grid costs statistics, never
correctness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import entry, inlined

Floats = npt.NDArray[np.float64]

BINS = 48
SHAPES = ((0.8, 0.02), (0.5, 0.05), (0.35, 0.1))
"""How closely a grid follows the density: the exponent of it, and the share of a uniform density on every axis.

The first serves while a grid is trained, in the end the best is taken.  Following the density
less closely costs points in the corner and gains shorter tails of the weights.
"""


CELLS = 256
"""Cells of the look-up table that finds the bin of a point."""


class Tables(NamedTuple):
    """A mixture for kernels: its edges, the cumulative shares and shares of its grids, the bin where each cell of a
    look-up table begins, and the density of every bin.
    """

    edges: Floats
    cumulative: Floats
    shares: Floats
    table: npt.NDArray[np.int32]
    density: Floats


@dataclass(frozen=True)
class Mixture:
    """A mixture of g grids, in each of which all bins are equally probable."""

    edges: Floats
    """Edges of the bins, (g, dimensions, bins + 1)."""
    shares: Floats
    """Share of each grid, (g,)."""

    @property
    def dimensions(self) -> int:
        return self.edges.shape[1]

    @cached_property
    def tables(self) -> Tables:
        """The grids in the form kernels take them."""
        return Tables(self.edges, np.cumsum(self.shares), self.shares, *_looked_up(self.edges))

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Points (n, dimensions) and weights (n,), 1 / density."""
        points, weights = np.empty((n, self.dimensions)), np.empty(n)
        _draw(rng, self.tables, points, weights)
        return points, weights


def uniform(dimensions: int) -> Mixture:
    """Plain sampling."""
    edges = np.broadcast_to(np.linspace(0, 1, BINS + 1), (1, dimensions, BINS + 1)).copy()
    return Mixture(edges, np.ones(1))


def combined(grids: list[Floats], shares: list[float]) -> Mixture:
    """A mixture of grids with their shares; what is left to 1 is sampled uniformly.

    Raises ValueError unless the shares leave something.
    """
    rest = 1 - sum(shares)
    if not 0 < rest <= 1:
        raise ValueError(
            f"the shares of the regions of phase space add up to {sum(shares)}; leave some for plain sampling"
        )
    plain = uniform(grids[0].shape[0]).edges
    return Mixture(np.concatenate((plain, np.stack(grids))), np.array([rest, *shares]))


@entry
def _looked_up(edges: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
    """For each grid and axis the bin in which every cell of the look-up table begins, and the density of every bin."""
    table = np.empty((edges.shape[0], edges.shape[1], CELLS), np.int32)
    bins = edges.shape[2] - 1
    density = np.empty((edges.shape[0], edges.shape[1], bins))
    for g in range(edges.shape[0]):
        for k in range(edges.shape[1]):
            b = 0
            for cell in range(CELLS):
                while edges[g, k, b + 1] <= cell / CELLS:
                    b += 1
                table[g, k, cell] = b
            for b in range(bins):
                density[g, k, b] = 1 / (bins * (edges[g, k, b + 1] - edges[g, k, b]))
    return table, density


@inlined
def draw_point(rng: np.random.Generator, t: Tables, x: Floats) -> None:
    """Draw a point of the mixture into x."""
    bins, drawn, g = t.edges.shape[2] - 1, rng.random(), 0
    while g < t.shares.size - 1 and drawn >= t.cumulative[g]:
        g += 1
    for k in range(x.size):
        scaled = rng.random() * bins
        b = min(int(scaled), bins - 1)
        x[k] = t.edges[g, k, b] + (scaled - b) * (t.edges[g, k, b + 1] - t.edges[g, k, b])


@inlined
def inverse_density(t: Tables, x: Floats) -> float:
    """1 over the density of the mixture at x; its first grid is the uniform one."""
    bins, density = t.edges.shape[2] - 1, t.shares[0]
    for g in range(1, t.shares.size):
        product = t.shares[g]
        for k in range(x.size):
            b = t.table[g, k, min(int(x[k] * CELLS), CELLS - 1)]
            while b < bins - 1 and t.edges[g, k, b + 1] <= x[k]:
                b += 1
            product *= t.density[g, k, b]
        density += product
    return 1 / density


@entry
def _draw(rng: np.random.Generator, t: Tables, points: Floats, weights: Floats) -> None:
    for i in range(points.shape[0]):
        draw_point(rng, t, points[i])
        weights[i] = inverse_density(t, points[i])


def refined(edges: Floats, points: Floats, weights: Floats, shape: tuple[float, float]) -> Floats:
    """Edges (bins + 1,) of equally probable bins for weighted points on one axis, damped and smoothed."""
    content, _ = np.histogram(points, bins=edges, weights=weights)
    share = content / content.sum()
    width = np.diff(edges)
    damping, smoothing = shape
    target = (share**damping) * width ** (1 - damping)
    target = (1 - smoothing) * target / target.sum() + smoothing * width
    cumulative = np.concatenate(([0.0], np.cumsum(target)))
    new = np.interp(np.linspace(0, 1, len(edges)), cumulative / cumulative[-1], edges)
    new[0], new[-1] = 0.0, 1.0
    return np.asarray(new)


Target = Callable[[Mixture, np.random.Generator, int], tuple[Floats, Floats, Floats, Floats]]
"""Draws so many points of a mixture and returns those that have any weight (n, dimensions), 1 over their density, and
by corner (corners, n) the weight of each in its measure and the distance from it, 0 inside."""


def adapted(
    dimensions: int,
    corners: int,
    target: Target,
    rng: np.random.Generator,
    *,
    iterations: int,
    points: int,
) -> list[Floats | None]:
    """For each rare corner a grid (dimensions, bins + 1) adapted to it, or None if the corner was not found.

    All corners share the points.  While fewer than a tenth of them lie inside a corner, the nearest tenth of those with
    any weight stands for it, as in the cross-entropy method: that is how corners of probability 1e-8 are reached.  In
    the end the shape is taken that gives the most effective events.
    """
    plain = uniform(dimensions).edges[0]
    grids, found = [plain] * corners, [False] * corners
    for last in [False] * (iterations - 1) + [True]:
        # a little plain density keeps the search from closing in early
        x, inverse, values, distances = target(combined(grids, [0.9 / corners] * corners), rng, points)
        for k in range(corners):
            weight, distance = values[k] * inverse, distances[k]
            if not (weight > 0).any():
                continue
            chosen = (weight > 0) & (distance <= np.quantile(distance[weight > 0], 0.1))
            inside = np.where(distance <= 0, weight, 0.0)
            found[k] = int(np.count_nonzero(inside)) > FOUND
            shapes = [_refined_grid(grids[k], x[chosen], weight[chosen], shape) for shape in SHAPES]
            quality = [_effective(grid, x, inside, inverse) if last and found[k] else 0.0 for grid in shapes]
            grids[k] = shapes[int(np.argmax(quality))]
    return [grid if reached else None for grid, reached in zip(grids, found, strict=True)]


FOUND = 50
"""Points inside a corner below which it counts as out of reach."""


def _refined_grid(grid: Floats, x: Floats, weight: Floats, shape: tuple[float, float]) -> Floats:
    capped = np.minimum(weight, 20 * weight.mean())  # one lucky point must not shape a grid
    return np.stack([refined(edges, x[:, k], capped, shape) for k, edges in enumerate(grid)])


def _effective(grid: Floats, x: Floats, inside: Floats, inverse: Floats) -> float:
    """What the effective events per point of a grid are in proportion to, from points that were drawn with another
    density.
    """
    mine = np.ones(len(x))
    for k, edges in enumerate(grid):
        cell = np.clip(np.searchsorted(edges, x[:, k], side="right") - 1, 0, BINS - 1)
        mine /= (BINS * np.diff(edges))[cell]
    variance = (inside**2 / inverse / (0.1 + 0.9 * mine)).sum()
    return float(inside.sum() ** 2 / variance) if variance > 0 else 0.0
