"""Importance sampling in the unit cube: a mixture of adapted grids.

Each grid is a product of one-dimensional step densities (G. P. Lepage, J. Comput. Phys. 27 (1978) 192) adapted to
one corner of phase space, times what an axis has to do with one other: the tree of pairs with the largest mutual
information (C. K. Chow and C. N. Liu, IEEE Trans. Inf. Theory 14 (1968) 462). A uniform component keeps every weight
finite.  A point drawn from the mixture carries 1/density, so that every mean stays unbiased whatever the grids look
like: a bad grid costs statistics, never correctness.
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
Ints = npt.NDArray[np.int64]

BINS = 48
GROUPS, PARTS = 8, 16
"""Groups of bins of an axis that others depend on, and parts of bins of an axis that depends on another."""
LEAST_INFORMATION = 0.01
"""Mutual information (nat) of two axes, above what chance gives, from which on one of them depends on the other."""
INDEPENDENT = 0.05
"""Share of what an axis that depends on another has in any case."""
SHAPES = ((0.8, 0.02), (0.5, 0.05), (0.35, 0.1))
"""How closely a grid follows the density: the exponent of it, and the share of a uniform density on every axis.

The first serves while a grid is trained, in the end the best is taken.  Following the density
less closely costs points in the corner and gains shorter tails of the weights.
"""


CELLS = 256
"""Cells of the look-up table that finds the bin of a point."""
INSIDE = 1 - 2.0**-50
"""The largest place in a part: a rounded division must not lead into the next one."""


class Grid(NamedTuple):
    """A density in the unit cube: bins of every axis, and shares of their parts that may depend on another axis."""

    edges: Floats
    """Edges of the bins of every axis, (dimensions, bins + 1). Without dependence all bins are equally probable."""
    order: Ints
    """Axes in the order they are drawn in, (dimensions,)."""
    parent: Ints
    """The axis that each depends on, which is drawn before it; -1: none. (dimensions,)."""
    given: Floats
    """Shares of the parts of an axis for each group of bins of the one it depends on, (dimensions, groups, parts)."""


def independent(edges: Floats) -> Grid:
    """The product of the axes alone."""
    dimensions = len(edges)
    given = np.full((dimensions, GROUPS, PARTS), 1 / PARTS)
    return Grid(edges, np.arange(dimensions), np.full(dimensions, -1), given)


class Tables(NamedTuple):
    """A mixture for kernels: its edges, the cumulative shares and shares of its grids, the bin where each cell of a
    look-up table begins, the density of every bin, and the order, parents and shares of parts of `Grid`.
    """

    edges: Floats
    cumulative: Floats
    shares: Floats
    table: npt.NDArray[np.int32]
    density: Floats
    order: Ints
    parent: Ints
    given: Floats


@dataclass(frozen=True)
class Mixture:
    """A mixture of g grids."""

    grids: tuple[Grid, ...]
    """The grids; the first one is uniform."""
    shares: Floats
    """Share of each grid, (g,)."""

    @property
    def dimensions(self) -> int:
        return len(self.grids[0].edges)

    @cached_property
    def tables(self) -> Tables:
        """The grids in the form kernels take them."""
        edges, *dependence = (np.stack(field) for field in zip(*self.grids, strict=True))
        return Tables(edges, np.cumsum(self.shares), self.shares, *_looked_up(edges), *dependence)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Points (n, dimensions) and weights (n,), 1 / density."""
        points, weights = np.empty((n, self.dimensions)), np.empty(n)
        _draw(rng, self.tables, points, weights)
        return points, weights


def uniform(dimensions: int) -> Mixture:
    """Plain sampling."""
    edges = np.tile(np.linspace(0, 1, BINS + 1), (dimensions, 1))
    return Mixture((independent(edges),), np.ones(1))


def combined(grids: list[Grid], shares: list[float]) -> Mixture:
    """A mixture of grids with their shares; what is left to 1 is sampled uniformly.

    Raises ValueError unless the shares leave something.
    """
    rest = 1 - sum(shares)
    if not 0 < rest <= 1:
        raise ValueError(
            f"the shares of the regions of phase space add up to {sum(shares)}; leave some for plain sampling"
        )
    return Mixture((*uniform(len(grids[0].edges)).grids, *grids), np.array([rest, *shares]))


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
    for k in t.order[g]:
        x[k] = rng.random()
        if t.parent[g, k] >= 0:
            shares = t.given[g, k, min(int(x[t.parent[g, k]] * GROUPS), GROUPS - 1)]
            part = 0
            while part < PARTS - 1 and x[k] >= shares[part]:
                x[k] -= shares[part]
                part += 1
            x[k] = (part + min(x[k] / shares[part], INSIDE)) / PARTS
    for k in range(x.size):
        scaled = x[k] * bins
        b = min(int(scaled), bins - 1)
        x[k] = t.edges[g, k, b] + (scaled - b) * (t.edges[g, k, b + 1] - t.edges[g, k, b])


@inlined
def inverse_density(t: Tables, x: Floats, at: Ints) -> float:
    """1 over the density of the mixture at x; its first grid is the uniform one. `at` (dimensions,) is scratch."""
    bins, density = t.edges.shape[2] - 1, t.shares[0]
    for g in range(1, t.shares.size):
        product = t.shares[g]
        for k in range(x.size):
            b = t.table[g, k, min(int(x[k] * CELLS), CELLS - 1)]
            while b < bins - 1 and t.edges[g, k, b + 1] <= x[k]:
                b += 1
            product *= t.density[g, k, b]
            at[k] = b
        for k in range(x.size):
            if t.parent[g, k] >= 0:
                group, part = at[t.parent[g, k]] * GROUPS // bins, at[k] * PARTS // bins
                product *= PARTS * t.given[g, k, group, part]
        density += product
    return 1 / density


@entry
def _draw(rng: np.random.Generator, t: Tables, points: Floats, weights: Floats) -> None:
    at = np.empty(points.shape[1], np.int64)
    for i in range(points.shape[0]):
        draw_point(rng, t, points[i])
        weights[i] = inverse_density(t, points[i], at)


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
    start: list[Grid] | None = None,
    related: bool = False,
) -> list[Grid | None]:
    """For each rare corner a grid adapted to it, or None if the corner was not found.

    All corners share the points.  While fewer than a tenth of them lie inside a corner, the nearest tenth of those with
    any weight stands for it, as in the cross-entropy method: that is how corners of probability 1e-8 are reached.  In
    the end the shape is taken that gives the most effective events.  `start` are grids to begin with.  With
    `related` the axes may depend on each other.
    """
    grids, found = list(start or uniform(dimensions).grids * corners), [False] * corners
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
            shapes = SHAPES if last and found[k] else SHAPES[:1]
            refined_grids = [_refined_grid(grids[k], x[chosen], weight[chosen], shape, related) for shape in shapes]
            quality = [_effective(grid, x, inside, inverse) if last else 0.0 for grid in refined_grids]
            grids[k] = refined_grids[int(np.argmax(quality))]
    return [grid if reached else None for grid, reached in zip(grids, found, strict=True)]


FOUND = 50
"""Points inside a corner below which it counts as out of reach."""


def _refined_grid(grid: Grid, x: Floats, weight: Floats, shape: tuple[float, float], related: bool) -> Grid:
    capped = np.minimum(weight, 20 * weight.mean())  # one lucky point must not shape a grid
    edges = np.stack([refined(edges, x[:, k], capped, shape) for k, edges in enumerate(grid.edges)])
    return dependent(edges, x, capped) if related else independent(edges)


def _bins(edges: Floats, x: Floats) -> Ints:
    """The bin of every point (n, dimensions) on every axis."""
    columns = [np.searchsorted(axis[1:-1], x[:, k], side="right") for k, axis in enumerate(edges)]
    return np.stack(columns, axis=1)


def dependent(edges: Floats, x: Floats, weight: Floats) -> Grid:
    """A grid with these edges and with the dependences between axes of weighted points (n, dimensions)."""
    at, weight, dimensions = _bins(edges, x), weight / weight.sum(), len(edges)
    chance = (GROUPS - 1) * (PARTS - 1) / 2 * (weight**2).sum()
    counts = np.zeros((dimensions, dimensions, GROUPS, PARTS))
    _count(at * GROUPS // BINS, at * PARTS // BINS, weight, counts)
    product = counts.sum(axis=3, keepdims=True) * counts.sum(axis=2, keepdims=True)
    information = (counts * np.log(np.where(counts > 0, counts / np.maximum(product, 1e-300), 1))).sum(axis=(2, 3))
    information -= chance
    # the tree of the largest sum: from one axis on, always the pair with the largest information
    information = (information + information.T) / 2
    order, given = [int(information.max(axis=0).argmax())], np.full((dimensions, GROUPS, PARTS), 1 / PARTS)
    parent = np.full(dimensions, -1)
    while len(order) < dimensions:
        rest = [k for k in range(dimensions) if k not in order]
        pairs = information[np.ix_(order, rest)]
        known, new = np.unravel_index(int(pairs.argmax()), pairs.shape)
        axis = rest[new]
        if pairs[known, new] > LEAST_INFORMATION + chance / 2:  # three standard deviations of chance
            parent[axis] = order[known]
            given[axis] = _shares(counts[order[known], axis], chance)
        order.append(axis)
    return Grid(edges, np.array(order), parent, given)


@entry
def _count(group: Ints, part: Ints, weight: Floats, counts: Floats) -> None:
    """Add up weights (n,) by group of one axis and part of the other, (dimensions, dimensions, groups, parts)."""
    for i in range(weight.size):
        for one in range(counts.shape[0]):
            for other in range(counts.shape[0]):
                if one != other:
                    counts[one, other, group[i, one], part[i, other]] += weight[i]


def _shares(counts: Floats, chance: float) -> Floats:
    """Shares of parts for each group; few points in a group count less than all of them."""
    smooth = counts + chance / GROUPS * counts.sum(axis=0)
    smooth /= smooth.sum(axis=1, keepdims=True)
    return np.asarray((1 - INDEPENDENT) * smooth + INDEPENDENT / PARTS)


def _effective(grid: Grid, x: Floats, inside: Floats, inverse: Floats) -> float:
    """What the effective events per point of a grid are in proportion to, from points that were drawn with another
    density.
    """
    at, mine = _bins(grid.edges, x), np.ones(len(x))
    for k, edges in enumerate(grid.edges):
        mine /= (BINS * np.diff(edges))[at[:, k]]
        if grid.parent[k] >= 0:
            group, part = at[:, grid.parent[k]] * GROUPS // BINS, at[:, k] * PARTS // BINS
            mine *= PARTS * grid.given[k, group, part]
    variance = (inside**2 / inverse / (0.1 + 0.9 * mine)).sum()
    return float(inside.sum() ** 2 / variance) if variance > 0 else 0.0
