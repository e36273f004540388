"""A dark scalar that mixes with the Higgs boson by an angle theta (benchmark BC4), of B decays, to two muons."""

from __future__ import annotations

from functools import partial
from math import pi, sqrt

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Flux, joined, two_body
from rarekaon.analysis.dump.hadrons import MASSES, heavy_hadrons
from rarekaon.analysis.dump.model import Model, Production, VisibleDecay

HBAR = 6.582119569e-22  # MeV s
LIFETIME_B = 1.58e-12  # s, mean of B+ and B0
MASS_B = 5279.5
MASS_KAON, MASS_K_STAR, MASS_K_HEAVY = 495.6, 893.6, 1400.0
ALL_KAONS = 3.3
"""Sum of the branching fractions over theta^2, all kaon resonances, at m = 0: arXiv:1904.10447."""


def vertex() -> float:
    """C of the operator C m_b S s_L b_R at theta = 1 (1/MeV): 3 m_t^2 V_ts V_tb/(16 pi^2 v^3)."""
    c = facts().constants
    return 3 * c.top_mass**2 * c.v_ts_tb / (16 * pi**2 * c.higgs_vev**3)


def _momentum(kaon: float, mass: float) -> float:
    """lambda^(1/2) of B -> kaon S (MeV^2)."""
    return sqrt(max(0.0, (MASS_B**2 - (kaon + mass) ** 2) * (MASS_B**2 - (kaon - mass) ** 2)))


def to_kaon(mass: float) -> float:
    """B(B -> K S)/theta^2; form factor of Phys. Rev. D 71 (2005) 014015."""
    form_factor = 0.33 / (1 - mass**2 / (37.5 * GeV**2))
    strength = vertex() ** 2 * (MASS_B**2 - MASS_KAON**2) ** 2 * form_factor**2
    return strength * _momentum(MASS_KAON, mass) / (64 * pi * MASS_B**3) * LIFETIME_B / HBAR


def to_k_star(mass: float) -> float:
    """B(B -> K*(892) S)/theta^2; form factor A_0 of Phys. Rev. D 71 (2005) 014029."""
    q2 = mass**2 / GeV**2
    form_factor = 1.364 / (1 - q2 / 27.88) - 0.990 / (1 - q2 / 36.78)
    strength = vertex() ** 2 * form_factor**2 * _momentum(MASS_K_STAR, mass) ** 3
    return strength / (64 * pi * MASS_B**3) * LIFETIME_B / HBAR


def to_heavier(mass: float) -> float:
    """What is left of the sum over all kaon resonances, with the phase space of one at 1.4 GeV."""
    left = ALL_KAONS - to_kaon(0.0) - to_k_star(0.0)
    return max(0.0, left) * _momentum(MASS_K_HEAVY, mass) / _momentum(MASS_K_HEAVY, 0.0)


def of_beauty(mass: float, n: int, rng: np.random.Generator, *, heavier: bool = True) -> Flux:
    """Scalars of B+ and B0 and their antiparticles."""
    kinds = [(MASS_KAON, to_kaon), (MASS_K_STAR, to_k_star)] + [(MASS_K_HEAVY, to_heavier)] * heavier
    parts = []
    for meson in ("B+", "B0"):
        for kaon, branching in kinds:
            beauty = heavy_hadrons(meson, n // (2 * len(kinds)), rng)
            if mass + kaon < MASSES[meson]:
                scalar, _ = two_body(beauty.momentum, MASSES[meson], mass, kaon, rng)
                parts.append(Flux(beauty.weight * branching(mass), scalar))
    return joined(*parts)


def lepton_width(lepton: float, mass: float) -> float:
    """theta^2 m_l^2 m beta^3/(8 pi v^2) at theta = 1."""
    beta2 = max(0.0, 1 - (2 * lepton / mass) ** 2)
    return lepton**2 * mass * beta2 * sqrt(beta2) / (8 * pi * facts().constants.higgs_vev ** 2)


def pion_width(mass: float) -> float:
    """To pi+ pi- and pi0 pi0 at leading chiral order, Phys. Lett. B 173 (1986) 93; too small above 0.5 GeV."""
    beta = sqrt(max(0.0, 1 - (2 * MASS_PI / mass) ** 2))
    amplitude = 2 * mass**2 / 9 + 11 * MASS_PI**2 / 9
    return 3 * amplitude**2 * beta / (32 * pi * facts().constants.higgs_vev ** 2 * mass)


DARK_SCALAR = Model(
    name="dark_scalar",
    title="dark scalar to two muons",
    coupling="theta",
    couplings=(1e-6, 1.0),
    masses=(215, 220, 230, 250, 270, 300, 350, 400, 450, 500, 600, 700, 800, 900),
    production=(Production("B decays", of_beauty, facts().relative_errors.beauty),),
    modes=(VisibleDecay(("mu+", "mu-"), partial(lepton_width, MASS_MU)),),
    hidden=lambda mass: pion_width(mass) + lepton_width(MASS_E, mass),
    source="Phys. Rev. D 99 (2019) 015018 (arXiv:1809.01876) and the papers at the formulae",
)
