"""What a decay mode declares, and the invariants that amplitudes are written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import BY_PDG, MASS_K, particle
from rarekaon.analysis.decays.phase_space import DecayTree, Pair, flatten

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

KAON = np.array([[0.0], [0.0], [0.0], [MASS_K]])
"""The kaon's momentum in its rest frame, shape (4, 1): it broadcasts against momenta of shape (4, n)."""


@dataclass(frozen=True)
class Mode:
    """One decay mode of the kaon."""

    descriptor: str
    """As in the papers; a chain is written with commas."""
    code: int
    """Number that files carry: it never changes."""
    tree: Pair
    """How phase space is generated; the amplitude takes the products in its order."""
    reference: str
    """Where the amplitude is from."""
    amplitude: Callable[..., Floats] | None = None
    """Squared amplitude up to a constant, of momenta (px, py, pz, E) in MeV in the kaon frame, each (4, n); None:
    uniform phase space."""
    range: Callable[..., Mask] | None = None
    """Part of phase space that the branching fraction is quoted for; None: all of it."""
    generated: Callable[..., Mask] | None = None
    """Part of phase space that is generated; None: all of it."""
    radiative: bool = True
    """Whether electrons radiate."""
    polarised: bool = False
    """Whether the muon is polarised as beside a neutrino alone: in its rest frame its spin points along the neutrino's
    momentum."""
    masses: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Masses (MeV), by name, of particles whose mass the search sets: N and X."""

    @cached_property
    def flat(self) -> DecayTree:
        return flatten(self.tree, dict(self.masses))

    @cached_property
    def aligned(self) -> DecayTree:
        """The same tree with massless particles drawn in the kaon's frame, for grids."""
        return replace(self.flat, aligned=True)

    @property
    def products(self) -> tuple[str, ...]:
        return self.flat.products

    @cached_property
    def pdg(self) -> npt.NDArray[np.int64]:
        return np.array([particle(name).pdg for name in self.products])

    @property
    def charges(self) -> npt.NDArray[np.int64]:
        return np.array([BY_PDG[int(code)].charge for code in self.pdg])

    def density(self, p: Floats) -> Floats:
        """Squared amplitude (n,) at momenta of shape (products, 4, n), 0 outside the generated part."""
        value = np.ones(p.shape[-1]) if self.amplitude is None else self.amplitude(*p)
        return value if self.generated is None else np.where(self.generated(*p), value, 0.0)


def dot(p: Any, q: Any) -> Any:
    """Lorentz product of (px, py, pz, E), real or complex, metric (-, -, -, +), in MeV2."""
    return p[3] * q[3] - p[0] * q[0] - p[1] * q[1] - p[2] * q[2]


def mass2(*momenta: Floats) -> Floats:
    """Squared invariant mass (MeV2) of the sum of momenta."""
    total = sum(momenta[1:], start=momenta[0])
    return np.asarray(dot(total, total))


def triple(a: Floats, b: Floats, c: Floats) -> Floats:
    """Spatial triple product a . (b x c), in MeV3."""
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def kallen(a: Floats | float, b: Floats | float, c: Floats | float) -> Floats:
    """The triangle function lambda(a, b, c)."""
    return np.asarray(a * a + b * b + c * c - 2 * (a * b + b * c + c * a))
