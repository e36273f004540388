"""Decays are drawn and looked at one by one: those that point past the detectors are dropped before anything else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays import Mode
from rarekaon.analysis.decays.phase_space import DecayTree, walk
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.ground.beam import Spread, decay_z, draw_kaon, product_to_laboratory
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.sampling.adaptive_grids import Tables, draw_point, inverse_density
from rarekaon.analysis.simulation.streams.true_products import lines_seen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class DrawnDecays(NamedTuple):
    """Room for n decays that are looked at: momenta in the kaon's frame and the laboratory (products, 4, n), kaon and
    vertex (3, n), weight and row of the running conditions (n,), where they lie in the unit cube (n, dimensions) and 1
    over the density there (n,).
    """

    rest: Floats
    decays: Decays
    points: Floats
    inverse: Floats


class TreeForKernel(NamedTuple):
    """A decay tree for the kernel, with room for the momenta and masses of its slots and for the bins of a point."""

    splittings: Ints
    mass_map: Ints
    minimum: Floats
    leaves: Ints
    aligned: bool
    slots: Floats
    masses: Floats
    scratch: Floats
    bins: Ints


def for_kernel(tree: DecayTree) -> TreeForKernel:
    """A tree with fresh room."""
    slots = np.zeros((tree.minimum.size, 4))
    leaves, bins = np.array(tree.leaves), np.empty(tree.dimensions + 1, np.int64)
    return TreeForKernel(
        tree.splittings,
        tree.mass_map,
        tree.minimum,
        leaves,
        tree.aligned,
        slots,
        tree.minimum.copy(),
        np.empty(4),
        bins,
    )


def room(mode: Mode, n: int) -> DrawnDecays:
    """Room for n decays of a mode."""
    products, dimensions = len(mode.pdg), mode.flat.dimensions + 1
    momenta, rest = np.empty((products, 4, n)), np.empty((products, 4, n))
    row, run, burst = (np.empty(n, np.int64) for _ in range(3))
    decays = Decays(
        mode.pdg, mode.charges, momenta, np.empty((products, n)), np.empty((3, n)), np.empty((3, n)), np.empty(n),
        row, run, burst, mode.radiative, mode.polarised,
    )  # fmt: skip
    return DrawnDecays(rest, decays, np.empty((n, dimensions)), np.empty(n))


@kernel
def propose(
    rng: np.random.Generator,
    c: Constants,
    spread: Spread,
    beam: Floats,
    periods: Floats,
    mixture: Tables,
    part: tuple[float, float],
    tree: TreeForKernel,
    sieve: tuple[int, float],
    n: int,
    out: DrawnDecays,
) -> int:
    """Draw n decays of a mixture and put those that are looked at into `out`; returns how many.

    `sieve`: of decays of which fewer charged products point at the detectors than the first only the part that the
    second says is looked at.  Their weights are those of phase space and of that.  `periods` are the cumulative
    probabilities of the running conditions, whose `beam` has a row each.
    """
    d, slots, kept, last = out.decays, tree.slots, 0, out.points.shape[1] - 1
    for _ in range(n):
        x = out.points[kept]
        draw_point(rng, mixture, x)
        row, drawn = 0, rng.random()
        while row < periods.size - 1 and drawn >= periods[row]:
            row += 1
        draw_kaon(rng, spread, beam[row], decay_z(x[last], part[0], part[1]), kept, d.kaon, d.vertex)
        slots[0, 0], slots[0, 1], slots[0, 2], slots[0, 3] = 0.0, 0.0, 0.0, MASS_K
        weight = walk(x, tree.splittings, tree.mass_map, tree.minimum, slots, tree.masses, tree.scratch, tree.aligned)
        for k in range(tree.leaves.size):
            for j in range(4):
                out.rest[k, j, kept] = slots[tree.leaves[k], j]
            product_to_laboratory(out.rest, k, kept, d.kaon, kept, d.momenta)
        if lines_seen(c, d, kept) < sieve[0]:
            if rng.random() >= sieve[1]:
                continue
            weight /= sieve[1]
        d.weight[kept], d.conditions[kept] = weight, row
        out.inverse[kept] = inverse_density(mixture, x, tree.bins)
        kept += 1
    return kept
