"""A dark photon A' with kinetic mixing epsilon (benchmark BC1): of pi0 and eta decays, and radiated by protons."""

from __future__ import annotations

from functools import partial
from math import pi, sqrt
from typing import Literal

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI, MASS_PI0
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Floats, Flux, four_momentum, two_body
from rarekaon.analysis.dump.hadrons import MASS_ETA, MASS_P, light_mesons
from rarekaon.analysis.dump.model import Model, Production, VisibleDecay

MASS_RHO, WIDTH_RHO = 775.26, 149.1
HARDEST_PT = 1 * GeV
FRACTIONS = (0.05, 0.95)
"""Of the proton's momentum: what a radiated particle takes."""


def of_meson(kind: Literal["pi0", "eta"], mass: float, n: int, rng: np.random.Generator) -> Flux:
    """B(P -> gamma A') = 2 epsilon^2 (1 - m^2/m_P^2)^3 B(P -> gamma gamma)."""
    parent = MASS_PI0 if kind == "pi0" else MASS_ETA
    photons = 0.98823 if kind == "pi0" else facts().light_mesons.eta_to_photons
    mesons = light_mesons(kind, n, rng)
    branching = 2 * max(0.0, 1 - (mass / parent) ** 2) ** 3 * photons
    dark, _ = two_body(mesons.momentum, parent, min(mass, parent), 0.0, rng)
    return Flux(mesons.weight * branching, dark)


def radiated(mass: float, n: int, rng: np.random.Generator) -> Flux:
    """Bremsstrahlung of the proton, PLB 731 (2014) 320 (arXiv:1311.3870), without a form factor of the proton.

    The third bracket is that of arXiv:2011.05115; other codes have 1 in place of its z.
    """
    alpha, p = facts().constants.alpha, facts().setup.proton_momentum
    z = rng.uniform(*FRACTIONS, n)
    span = np.log(1e6)
    p_t2 = HARDEST_PT**2 * np.exp(-span * rng.uniform(size=n))
    h = p_t2 + (1 - z) * mass**2 + (z * MASS_P) ** 2
    splitting = (
        (1 + (1 - z) ** 2) / z
        - 2 * z * (1 - z) * ((2 * MASS_P**2 + mass**2) / h - 2 * z**2 * MASS_P**4 / h**2)
        + 2 * z * (1 - z) * (z + (1 - z) ** 2) * (MASS_P * mass / h) ** 2
        + 2 * z * (1 - z) ** 2 * mass**4 / h**2
    )
    scattering = total_cross_section(2 * MASS_P * p * (1 - z)) / total_cross_section(2 * MASS_P * p)
    density = alpha / (2 * pi) * splitting / h * scattering * p_t2
    phi = rng.uniform(0, 2 * pi, n)
    p_t = np.sqrt(p_t2)
    momentum = four_momentum(mass, p_t * np.cos(phi), p_t * np.sin(phi), z * p)
    return Flux(density * span * (FRACTIONS[1] - FRACTIONS[0]) / n, momentum)


def total_cross_section(s: Floats | float) -> Floats:
    """Proton-proton, mb, at squared energy s (MeV^2): the fit of PDG 2008 (Table 40.2)."""
    ratio = np.asarray(s) / GeV**2
    cross_section: Floats = 35.45 + 0.308 * np.log(ratio / 28.94) ** 2 + 42.53 * ratio**-0.458 - 33.34 * ratio**-0.545
    return cross_section


def lepton_width(lepton: float, mass: float) -> float:
    """alpha epsilon^2 m (1 + 2 r) (1 - 4 r)^(1/2)/3 at epsilon = 1, r = (m_l/m)^2."""
    r = (lepton / mass) ** 2
    return facts().constants.alpha * mass * (1 + 2 * r) * sqrt(max(0.0, 1 - 4 * r)) / 3


def hadron_width(mass: float) -> float:
    """To two pions: the muonic width without masses times R of the rho resonance."""
    if mass <= 2 * MASS_PI:
        return 0.0
    beta = sqrt(1 - (2 * MASS_PI / mass) ** 2)
    at_rho = sqrt(1 - (2 * MASS_PI / MASS_RHO) ** 2)
    running = WIDTH_RHO * (beta / at_rho) ** 3 * (mass / MASS_RHO)
    form_factor2 = MASS_RHO**4 / ((MASS_RHO**2 - mass**2) ** 2 + (MASS_RHO * running) ** 2)
    return facts().constants.alpha * mass / 3 * beta**3 / 4 * form_factor2


DARK_PHOTON = Model(
    name="dark_photon",
    title="dark photon to two leptons",
    coupling="epsilon",
    couplings=(1e-9, 1e-3),
    masses=(10, 20, 30, 50, 70, 100, 130, 160, 200, 215, 230, 250, 300, 350, 400, 450, 500, 550, 600, 650, 700, 740),
    production=(
        Production("pi0", partial(of_meson, "pi0"), facts().relative_errors.light_mesons),
        Production("eta", partial(of_meson, "eta"), facts().relative_errors.light_mesons),
        Production("bremsstrahlung", radiated, facts().relative_errors.bremsstrahlung),
    ),
    modes=(
        VisibleDecay(("e+", "e-"), partial(lepton_width, MASS_E)),
        VisibleDecay(("mu+", "mu-"), partial(lepton_width, MASS_MU)),
    ),
    hidden=hadron_width,
    source="PLB 731 (2014) 320; decays of mesons: Phys. Rev. D 80 (2009) 095024",
)
