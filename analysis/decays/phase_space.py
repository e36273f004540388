"""n-body phase space as a tree of two-body splittings, mapped from the unit cube.

A decay tree says in which order the kaon is split: `Pair("nu_e", Pair("e+", "pi0"))` first splits the kaon into a
neutrino and the rest, then the rest into a positron and a pion.  Directions are given in each splitting's rest
frame on axes parallel to the laboratory's, so that "the neutrino goes backwards" is a statement about one
coordinate of the cube; the importance sampler depends on that.  Azimuths are measured from that of the first
splitting: the detectors are nearly round, and most of what a stream asks for does not change in a common rotation.

The weight of a point is the Lorentz-invariant phase-space density over the density of the map, up to a constant:
for n bodies the product of the n - 1 break-up momenta times the mass intervals (F. James, CERN 68-15).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.kernels.compiled import entry, inlined, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NARROW, FLAT, LOG, SOFT = 0, 1, 2, 3
WIDE = {"flat": FLAT, "log": LOG, "soft": SOFT}
SOFTEST = 0.001
"""Least distance (MeV) of a "soft" mass from its upper limit: an infrared cut on the photon that recoils."""


@dataclass(frozen=True)
class Pair:
    """A two-body splitting."""

    first: str | Pair
    """Name of a particle, or a further pair."""
    second: str | Pair
    """The same."""
    mass: str = "flat"
    """How the pair's mass is drawn: "flat", "log" (in its logarithm: virtual photons), "soft" (in the logarithm of
    its distance from the upper limit: recoil against a soft photon), or the name of a narrow particle."""


@dataclass(frozen=True)
class DecayTree:
    """A decay tree in the flat form that the kernel walks; slot 0 is the kaon."""

    products: tuple[str, ...]
    """Names of the products."""
    leaves: tuple[int, ...]
    """Slots of the products, in the order of `products`."""
    splittings: Ints
    """Rows (parent, first, second) of slots."""
    mass_map: Ints
    """How the mass of each slot is drawn."""
    minimum: Floats
    """Smallest mass (MeV) of each slot; the mass itself of particles and narrow pairs."""
    aligned: bool = False
    """Whether the direction of a massless first particle (a photon of a pi0) is drawn in the kaon's frame instead of
    its pair's. Its energy in the laboratory is then nearly a function of one coordinate."""

    @property
    def dimensions(self) -> int:
        """Coordinates of the unit cube: two angles a splitting and one mass a wide pair."""
        return 2 * len(self.splittings) + int(np.count_nonzero(self.mass_map))


def flatten(root: Pair, masses: dict[str, float] | None = None) -> DecayTree:
    """The flat form of a tree; `masses` (MeV) overrides those of `contract.particles`, e.g. for N and X.

    >>> flatten(Pair("nu_e", Pair("e+", "pi0"))).products
    ('nu_e', 'e+', 'pi0')
    """
    known = masses or {}
    splittings: list[tuple[int, int, int]] = []
    maps, minima, products, leaves = [NARROW], [MASS_K], [], []

    def mass_of(name: str) -> float:
        return known.get(name, particle(name).mass)

    def lowest(node: str | Pair) -> float:
        if isinstance(node, str):
            return mass_of(node)
        if node.mass not in WIDE:
            return mass_of(node.mass)
        return lowest(node.first) + lowest(node.second)

    def add(node: str | Pair) -> int:
        slot = len(maps)
        narrow = isinstance(node, str) or node.mass not in WIDE
        maps.append(NARROW if narrow else WIDE[node.mass])  # type: ignore[union-attr]
        minima.append(lowest(node))
        return slot

    def split(node: Pair, slot: int) -> None:
        children = (node.first, node.second)
        slots = (add(node.first), add(node.second))
        splittings.append((slot, *slots))
        for child, child_slot in zip(children, slots, strict=True):
            if isinstance(child, Pair):
                split(child, child_slot)
            else:
                products.append(child)
                leaves.append(child_slot)

    split(root, 0)
    return DecayTree(tuple(products), tuple(leaves), np.array(splittings), np.array(maps), np.array(minima))


@kernel
def breakup_momentum(mass: float, first: float, second: float) -> float:
    """Momentum (MeV) of two bodies of masses `first` and `second` in the rest frame of `mass`; 0 below threshold."""
    high = mass * mass - (first + second) ** 2
    low = mass * mass - (first - second) ** 2
    return np.sqrt(max(0.0, high * low)) / (2 * mass)


@kernel
def boost(p: Floats, frame: Floats, mass: float, out: Floats) -> None:
    """Boost p = (px, py, pz, E), given in the rest frame of `frame`, into the frame where `frame` is given."""
    dot = p[0] * frame[0] + p[1] * frame[1] + p[2] * frame[2]
    energy = (p[3] * frame[3] + dot) / mass
    factor = (p[3] + energy) / (frame[3] + mass)
    out[0] = p[0] + factor * frame[0]
    out[1] = p[1] + factor * frame[1]
    out[2] = p[2] + factor * frame[2]
    out[3] = energy


@kernel
def _draw_mass(u: float, kind: int, low: float, high: float) -> tuple[float, float]:
    """A mass between `low` and `high` and the width of its interval in the measure d(mass)."""
    if high <= low:
        return low, 0.0
    if kind == FLAT:
        return low + u * (high - low), high - low
    if kind == SOFT:
        span = np.log(max((high - low) / SOFTEST, 1.0))
        distance = (high - low) * np.exp(-u * span)
        return high - distance, distance * span
    span = np.log(high / low)
    mass = low * np.exp(u * span)
    return mass, mass * span


@inlined
def walk(
    u: Floats,
    splittings: Ints,
    mass_map: Ints,
    minimum: Floats,
    slots: Floats,
    masses: Floats,
    rest: Floats,
    aligned: bool,
) -> float:
    """Fill the momenta of all slots for one point of the cube; returns the phase-space weight."""
    weight, d, turned = 1.0, 0, 0.0
    for s in range(splittings.shape[0]):
        parent, first, second = splittings[s, 0], splittings[s, 1], splittings[s, 2]
        total = masses[parent]
        masses[first], masses[second] = minimum[first], minimum[second]
        for slot, other in ((first, second), (second, first)):
            if mass_map[slot] != NARROW:
                masses[slot], width = _draw_mass(u[d], mass_map[slot], minimum[slot], total - masses[other])
                weight *= width
                d += 1
        p = breakup_momentum(total, masses[first], masses[second])
        weight *= p / total * MASS_K if mass_map[parent] == NARROW else p
        cosine = 2 * u[d] - 1
        sine = np.sqrt(max(0.0, 1 - cosine * cosine))
        phi = 2 * np.pi * u[d + 1] + turned
        if s == 0:
            turned = phi
        d += 2
        rest[0], rest[1], rest[2] = p * sine * np.cos(phi), p * sine * np.sin(phi), p * cosine
        rest[3] = np.sqrt(p * p + masses[first] ** 2)
        if aligned and masses[first] == 0.0 and p > 0:
            # the direction is that in the kaon's frame: the energy follows, and the solid angle changes
            frame = slots[parent]
            along = (frame[0] * rest[0] + frame[1] * rest[1] + frame[2] * rest[2]) / p
            scale = total / (frame[3] - along)
            weight *= scale * scale
            for k in range(4):
                slots[first, k] = scale * rest[k]
        else:
            boost(rest, slots[parent], total, slots[first])
        for k in range(4):
            slots[second, k] = slots[parent, k] - slots[first, k]
    return weight


@entry
def _generate(
    u: Floats, splittings: Ints, mass_map: Ints, minimum: Floats, leaves: Ints, aligned: bool, p: Floats, w: Floats
) -> None:
    slots, rest = np.zeros((minimum.size, 4)), np.empty(4)
    masses = minimum.copy()
    for i in range(u.shape[0]):
        slots[0, 0], slots[0, 1], slots[0, 2], slots[0, 3] = 0.0, 0.0, 0.0, MASS_K
        w[i] = walk(u[i], splittings, mass_map, minimum, slots, masses, rest, aligned)
        for leaf in range(leaves.size):
            for k in range(4):
                p[leaf, k, i] = slots[leaves[leaf], k]


def generate(tree: DecayTree, u: Floats) -> tuple[Floats, Floats]:
    """Map points u, shape (n, tree.dimensions), to momenta (products, 4, n) in the kaon frame and weights (n,).

    Momenta are (px, py, pz, E) in MeV.  Raises ValueError if u has another width.
    """
    if u.ndim != 2 or u.shape[1] != tree.dimensions:
        raise ValueError(f"u has shape {u.shape}; this decay needs (n, {tree.dimensions})")
    p = np.empty((len(tree.products), 4, len(u)))
    weight = np.empty(len(u))
    _generate(u, tree.splittings, tree.mass_map, tree.minimum, np.array(tree.leaves), tree.aligned, p, weight)
    return p, weight
