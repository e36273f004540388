"""Weighted particles a proton on target, and decays in flight, on arrays of shape (n,) and (n, 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Flux:
    """`weight` (n,): particles a proton; `momentum` (n, 4): energy, p_x, p_y, p_z in MeV."""

    weight: Floats
    momentum: Floats

    def __post_init__(self) -> None:
        n = len(self.weight)
        if self.weight.shape != (n,) or self.momentum.shape != (n, 4):
            shapes = f"{self.weight.shape} and {self.momentum.shape}"
            raise ValueError(f"a flux has weights of shape (n,) and momenta of shape (n, 4), not {shapes}")
        if not (np.isfinite(self.weight).all() and np.isfinite(self.momentum).all() and (self.weight >= 0).all()):
            raise ValueError("a flux has finite weights, none below zero, and finite momenta")

    @property
    def total(self) -> float:
        """Particles a proton.

        >>> Flux(np.array([0.5, 0.25]), np.ones((2, 4))).total
        0.75
        """
        return float(self.weight.sum())

    def scaled(self, factor: float | Floats) -> Flux:
        return Flux(self.weight * factor, self.momentum)


def joined(*parts: Flux) -> Flux:
    """All particles of several fluxes."""
    return Flux(
        np.concatenate([np.zeros(0), *(p.weight for p in parts)]),
        np.concatenate([np.zeros((0, 4)), *(p.momentum for p in parts)]),
    )


def four_momentum(mass: float | Floats, p_x: Floats, p_y: Floats, p_z: Floats) -> Floats:
    """(n, 4) from the mass and the three components."""
    return np.stack([np.sqrt(mass**2 + p_x**2 + p_y**2 + p_z**2), p_x, p_y, p_z], axis=1)


def directions(n: int, rng: np.random.Generator) -> Floats:
    """Isotropic unit vectors, shape (n, 3)."""
    cosine, phi = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)


def boosted(momentum: Floats, along: Floats) -> Floats:
    """Four-momenta (n, 4) from the rest frame of `along` (n, 4) into the frame where `along` is given."""
    energy, three = along[:, :1], along[:, 1:]
    mass = np.sqrt(np.maximum(energy**2 - (three**2).sum(axis=1, keepdims=True), 1e-12))
    projection = (momentum[:, 1:] * three).sum(axis=1, keepdims=True)
    new_energy = (energy * momentum[:, :1] + projection) / mass
    factor = (projection / (energy + mass) + momentum[:, :1]) / mass
    return np.concatenate([new_energy, momentum[:, 1:] + factor * three], axis=1)


def breakup_momentum(parent: float | Floats, first: float | Floats, second: float | Floats) -> Floats:
    """Momentum of the products of a two-body decay in the parent's frame (MeV); 0 where it is impossible."""
    inside = (parent**2 - (first + second) ** 2) * (parent**2 - (first - second) ** 2)
    momentum: Floats = np.sqrt(np.maximum(inside, 0.0)) / (2 * np.asarray(parent))
    return momentum


def two_body(
    parents: Floats, parent: float | Floats, first: float | Floats, second: float | Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Momenta (n, 4) of the two products of isotropic decays of `parents` (n, 4).

    The masses of parent and products in MeV, scalars or of shape (n,).
    """
    p = breakup_momentum(parent, first, second) * np.ones(len(parents))
    three = directions(len(parents), rng) * p[:, None]
    one = boosted(four_momentum(first, *three.T), parents)
    other = boosted(four_momentum(second, *(-three).T), parents)
    return one, other
