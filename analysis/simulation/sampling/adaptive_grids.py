"""Importance sampling in the unit cube: a mixture of adapted grids.

Each grid is a product of one-dimensional step densities (G. P. Lepage, J. Comput. Phys. 27 (1978) 192) adapted to
one corner of phase space; a uniform component keeps every weight finite.  A point drawn from the mixture carries
1/density, so that every mean stays unbiased whatever the grids look like: a bad grid costs statistics, never
correctness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import entry

Floats = npt.NDArray[np.float64]

BINS = 48
SHAPES = ((0.8, 0.02), (0.5, 0.05), (0.35, 0.1))
"""How closely a grid follows the density: the exponent of it, and the share of a uniform density on every axis.

The first serves while a grid is trained, in the end the best is taken.  Following the density
less closely costs points in the corner and gains shorter tails of the weights.
"""


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

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """Points (n, dimensions) and weights (n,), 1 / density."""
        y = rng.random((n, self.dimensions + 1))
        points, weights = np.empty((n, self.dimensions)), np.empty(n)
        _draw(y, self.edges, np.cumsum(self.shares), self.shares, points, weights)
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


CELLS = 256
"""Cells of the look-up table that finds the bin of a point."""


@entry
def _first_bins(edges: Floats) -> npt.NDArray[np.int32]:
    """For each grid, axis and cell of the look-up table the bin in which the cell begins."""
    table = np.empty((edges.shape[0], edges.shape[1], CELLS), np.int32)
    for g in range(edges.shape[0]):
        for k in range(edges.shape[1]):
            b = 0
            for cell in range(CELLS):
                while edges[g, k, b + 1] <= cell / CELLS:
                    b += 1
                table[g, k, cell] = b
    return table


@entry
def _draw(y: Floats, edges: Floats, cumulative: Floats, shares: Floats, points: Floats, weights: Floats) -> None:
    grids, dimensions, bins = edges.shape[0], edges.shape[1], edges.shape[2] - 1
    table = _first_bins(edges)
    scale = np.empty((grids, dimensions, bins))
    for g in range(grids):
        for k in range(dimensions):
            for b in range(bins):
                scale[g, k, b] = 1 / (bins * (edges[g, k, b + 1] - edges[g, k, b]))
    for i in range(y.shape[0]):
        g = 0
        while g < grids - 1 and y[i, dimensions] >= cumulative[g]:
            g += 1
        for k in range(dimensions):
            scaled = y[i, k] * bins
            b = min(int(scaled), bins - 1)
            points[i, k] = edges[g, k, b] + (scaled - b) * (edges[g, k, b + 1] - edges[g, k, b])
        density = shares[0]
        for other in range(1, grids):
            product = shares[other]
            for k in range(dimensions):
                x = points[i, k]
                b = table[other, k, min(int(x * CELLS), CELLS - 1)]
                while b < bins - 1 and edges[other, k, b + 1] <= x:
                    b += 1
                product *= scale[other, k, b]
            density += product
        weights[i] = 1 / density


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


Target = Callable[[Floats], tuple[Floats, Floats]]
"""Points (n, dimensions) -> (weight of each in the wanted corner's measure, distance from the corner, 0 inside)."""


def adapted(
    dimensions: int,
    target: Target,
    rng: np.random.Generator,
    *,
    iterations: int,
    points: int,
) -> Floats | None:
    """A grid (dimensions, bins + 1) adapted to a rare corner, or None if the corner was not
    found.

    While fewer than a tenth of the points lie inside, the nearest tenth of those with any weight stands for the
    corner, as in the cross-entropy method: that is how corners of probability 1e-8 are reached.  In the end the shape
    is taken that gives the most effective events.
    """
    grid, inside_found = uniform(dimensions).edges[0], False
    for _ in range(iterations):
        x, weight, distance = _explored(grid, target, rng, points)
        if not (weight > 0).any():
            continue
        chosen = (weight > 0) & (distance <= np.quantile(distance[weight > 0], 0.1))
        inside_found = bool(((weight > 0) & (distance <= 0)).sum() > FOUND)
        refinements = [_refined_grid(grid, x[chosen], weight[chosen], shape) for shape in SHAPES]
        grid = refinements[0]
    if not inside_found:
        return None
    quality = [effective_fraction(candidate, target, rng, points) for candidate in refinements]
    return refinements[int(np.argmax(quality))]


FOUND = 50
"""Points inside a corner below which it counts as out of reach."""


def _explored(grid: Floats, target: Target, rng: np.random.Generator, points: int) -> tuple[Floats, Floats, Floats]:
    """Points of a grid, their weights and distances; a little plain density keeps the search from closing in early."""
    x, inverse = combined([grid], [0.9]).draw(rng, points)
    value, distance = target(x)
    return x, value * inverse, distance


def _refined_grid(grid: Floats, x: Floats, weight: Floats, shape: tuple[float, float]) -> Floats:
    capped = np.minimum(weight, 20 * weight.mean())  # one lucky point must not shape a grid
    return np.stack([refined(edges, x[:, k], capped, shape) for k, edges in enumerate(grid)])


def effective_fraction(grid: Floats, target: Target, rng: np.random.Generator, points: int) -> float:
    """Effective events of a corner per point of a grid."""
    _, weight, distance = _explored(grid, target, rng, points)
    inside = np.where(distance <= 0, weight, 0.0)
    return float(inside.sum() ** 2 / (inside**2).sum() / points)
