"""What a model of a feebly interacting particle declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.dump.flux import Flux

Volume = tuple[float, float]
FIDUCIAL_VOLUME: Volume = (105 * m, 180 * m)
TO_THE_CALORIMETER: Volume = (105 * m, 241 * m)
"""Photons need no spectrometer: they may come from decays between its chambers as well."""

SEEN = {11, 13, 22, 211, 321}
"""What the detectors see of a decay, by the size of its PDG code: e, mu, gamma, pi, K."""


@dataclass(frozen=True)
class Production:
    """A way of production: `particles(mass, n, rng)` gives `n` of them a proton on target at coupling 1.

    `relative_error` is that of the yield, from what the calculation leaves out.
    """

    name: str
    particles: Callable[[float, int, np.random.Generator], Flux]
    relative_error: float


@dataclass(frozen=True)
class VisibleDecay:
    """A visible decay into two particles, e.g. ("mu+", "mu-").

    `width(mass)` in MeV at coupling 1.  A decay counts between the two `volume` positions (mm) when both products have
    more than `least` (MeV) and meet the detectors that identify them.
    """

    products: tuple[str, str]
    width: Callable[[float], float]
    least: float = 5 * GeV
    volume: Volume = FIDUCIAL_VOLUME
    efficiency: float = 1.0

    def __post_init__(self) -> None:
        first, second = (particle(name) for name in self.products)
        if first.charge + second.charge != 0 or not {abs(first.pdg), abs(second.pdg)} <= SEEN:
            raise ValueError(f"mode {self.name}: give two photons or two charged particles of opposite charge")
        if not self.volume[0] < self.volume[1]:
            raise ValueError(f"mode {self.name}: the volume {self.volume} must ascend")

    @property
    def name(self) -> str:
        return " ".join(self.products)


@dataclass(frozen=True)
class Model:
    """A particle, made and decaying in proportion to coupling^power.

    `masses` in MeV; `coupling` is its name, `unit` that of the axis in units of the package (1/GeV is 1e-3 1/MeV),
    `couplings` the range that is scanned, in that unit; `hidden(mass)` the width (MeV) at coupling 1 of the decays that
    are not among the visible `modes`.

    >>> from rarekaon.analysis.dump.benchmarks import MODELS
    >>> MODELS["dark_photon"].power, [m.name for m in MODELS["dark_photon"].modes]
    (2, ['e+ e-', 'mu+ mu-'])
    """

    name: str
    title: str
    coupling: str
    couplings: tuple[float, float]
    masses: tuple[float, ...]
    production: tuple[Production, ...]
    modes: tuple[VisibleDecay, ...]
    hidden: Callable[[float], float] = lambda mass: 0.0
    power: int = 2
    unit: float = 1.0
    source: str = ""

    def __post_init__(self) -> None:
        low, high = self.couplings
        if not 0 < low < high:
            raise ValueError(f"model {self.name}: couplings {self.couplings} must ascend from above zero")
        if not (self.masses and min(self.masses) > 0):
            raise ValueError(f"model {self.name}: give masses above zero, in MeV")
        if not (self.production and self.modes):
            raise ValueError(f"model {self.name}: give at least one production and one visible decay")

    def width(self, mass: float) -> float:
        """The total width (MeV) at coupling 1."""
        return self.hidden(mass) + sum(mode.width(mass) for mode in self.modes)

    @property
    def signatures(self) -> dict[str, tuple[VisibleDecay, ...]]:
        """What contours are drawn for: each visible mode, and all of them together."""
        each: dict[str, tuple[VisibleDecay, ...]] = {mode.name: (mode,) for mode in self.modes}
        return each if len(each) == 1 else each | {"all visible": self.modes}
