"""Masses and momenta of identified candidates; float64 throughout, MeV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.kernels.compiled import compiled

Float = NDArray[np.float64]


@compiled
def _dot(a: Float, b: Float) -> Float:
    products = np.empty(len(a))
    for n in range(len(a)):
        products[n] = a[n, 0] * b[n, 0] + a[n, 1] * b[n, 1] + a[n, 2] * b[n, 2]
    return products


def dot(a: Float, b: Float) -> Float:
    """Scalar products of three-vectors (..., 3), shape (...,): NumPy is slow in sums of three."""
    products: Float = _dot(a.reshape(-1, 3), b.reshape(-1, 3))
    return products.reshape(a.shape[:-1])


def modulus(a: Float) -> Float:
    """Lengths of three-vectors (..., 3), shape (...,)."""
    return np.asarray(np.sqrt(dot(a, a)))


def energies(c: Candidates) -> Float:
    """Energies of the particles under their mass hypotheses, shape (n, particles)."""
    return np.asarray(np.sqrt(dot(c.momentum, c.momentum) + np.square(c.masses)))


def invariant_mass(c: Candidates, slots: tuple[int, ...] | None = None) -> Float:
    """Invariant mass of the particles in `slots` (None: of all), shape (n,)."""
    index = list(range(len(c.masses)) if slots is None else slots)
    energy = energies(c)[:, index].sum(axis=1)
    momentum = c.momentum[:, index].sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(energy**2 - dot(momentum, momentum), 0.0)))


def beam_direction(c: Candidates) -> Float:
    """Unit vector along the monitored mean beam, shape (n, 3)."""
    sx, sy = c.per_event("beam_slope_x"), c.per_event("beam_slope_y")
    norm = np.sqrt(1 + sx**2 + sy**2)
    return np.stack([sx / norm, sy / norm, 1 / norm], axis=-1)


def total_momentum(c: Candidates) -> Float:
    """Modulus of the total momentum, shape (n,)."""
    return modulus(c.momentum.sum(axis=1))


def transverse_momentum(c: Candidates) -> Float:
    """Total momentum transverse to the beam axis, shape (n,)."""
    total = c.momentum.sum(axis=1)
    return modulus(np.cross(total, beam_direction(c)))


def missing_mass_squared(c: Candidates) -> Float:
    """(P_K - sum of the tracks)^2 with the mean beam momentum, shape (n,), MeV2 (arXiv:2211.04818 Section 2)."""
    beam = c.per_event("beam_momentum")
    momentum = beam[:, None] * beam_direction(c) - c.momentum.sum(axis=1)
    energy = np.sqrt(beam**2 + MASS_K**2) - energies(c).sum(axis=1)
    return np.asarray(energy**2 - dot(momentum, momentum))
