"""The particles of the kaon sector and decay descriptors such as "K+ -> pi- e+ e+".

Masses and lifetimes are the Particle Data Group's as carried by the `particle` package (a test compares them);
they stand here as plain constants because compiled kernels need them and importing the table takes time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rarekaon.analysis.contract.units import MeV, mm

MASS_K = 493.677 * MeV
MASS_PI = 139.57039 * MeV
MASS_PI0 = 134.9768 * MeV
MASS_MU = 105.6583755 * MeV
MASS_E = 0.51099895 * MeV

CTAU_K = 3711.2466 * mm
CTAU_PI = 7804.421 * mm
CTAU_MU = 658638.39 * mm

ALPHA = 1 / 137.036
"""Fine-structure constant."""
PION_E_OVER_P = 0.85
"""E/p below which a track is a pion candidate (PLB 797 (2019) 134794 Section 2)."""


@dataclass(frozen=True)
class Particle:
    """A particle and what it is made of."""

    name: str
    """As decay descriptors have it, e.g. "pi+"."""
    pdg: int
    """PDG Monte Carlo number."""
    mass: float
    """In MeV."""
    charge: int
    """In units of e."""
    lepton_numbers: tuple[int, int] = (0, 0)
    """Electron and muon number."""


def _pair(name: str, anti: str, pdg: int, mass: float, charge: int, leptons: tuple[int, int]) -> list[Particle]:
    return [
        Particle(name, pdg, mass, charge, leptons),
        Particle(anti, -pdg, mass, -charge, (-leptons[0], -leptons[1])),
    ]


PARTICLES = {
    p.name: p
    for p in (
        *_pair("K+", "K-", 321, MASS_K, 1, (0, 0)),
        *_pair("pi+", "pi-", 211, MASS_PI, 1, (0, 0)),
        Particle("pi0", 111, MASS_PI0, 0),
        Particle("gamma", 22, 0.0, 0),
        *_pair("e-", "e+", 11, MASS_E, -1, (1, 0)),
        *_pair("mu-", "mu+", 13, MASS_MU, -1, (0, 1)),
        *_pair("nu_e", "anti_nu_e", 12, 0.0, 0, (1, 0)),
        *_pair("nu_mu", "anti_nu_mu", 14, 0.0, 0, (0, 1)),
        Particle("nu", 9900012, 0.0, 0),
        Particle("N", 9900014, 0.0, 0),
        Particle("X", 9900025, 0.0, 0),
    )
}
"""By name; `nu` is a neutrino of unstated flavour, `N` a heavy neutral lepton and `X` an invisible boson whose
masses the search sets."""

BY_PDG = {p.pdg: p for p in PARTICLES.values()}


def particle(name: str) -> Particle:
    """The particle of that name; ValueError lists the known ones.

    >>> particle("pi-").charge
    -1
    """
    if name not in PARTICLES:
        raise ValueError(f"unknown particle {name!r}; known: {', '.join(PARTICLES)}")
    return PARTICLES[name]


@dataclass(frozen=True)
class Decay:
    """A decay, written as in the papers.

    >>> d = Decay("K+ -> pi- e+ e+")
    >>> [p.name for p in d.products], d.charge_conserved
    (['pi-', 'e+', 'e+'], True)
    """

    descriptor: str
    """One particle on the left, its products on the right: "K+ -> pi- e+ e+" in this order."""

    def __post_init__(self) -> None:
        if not (self.parent.name and self.products):
            raise ValueError(f"{self.descriptor!r} is not a decay; write it like 'K+ -> pi- e+ e+'")

    @cached_property
    def _sides(self) -> tuple[str, str]:
        left, arrow, right = self.descriptor.partition("->")
        if not arrow:
            raise ValueError(f"{self.descriptor!r} has no '->'; write a decay like 'K+ -> pi- e+ e+'")
        return left.strip(), right.strip()

    @cached_property
    def parent(self) -> Particle:
        return particle(self._sides[0])

    @cached_property
    def products(self) -> tuple[Particle, ...]:
        return tuple(particle(name) for name in self._sides[1].split())

    @property
    def charge_conserved(self) -> bool:
        return self.parent.charge == sum(p.charge for p in self.products)
