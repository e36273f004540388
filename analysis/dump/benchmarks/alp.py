"""An axion-like particle with a coupling g to two photons, made by photons in the field of copper nuclei.

L = -(g/4) a F F~, benchmark BC9; production as in JHEP 02 (2016) 018 (arXiv:1512.03069): by photons of neutral mesons
and by the field of the protons themselves.
"""

from __future__ import annotations

from math import pi

import numpy as np

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Floats, Flux, four_momentum, joined, two_body
from rarekaon.analysis.dump.hadrons import MASS_ETA, MASS_P, light_mesons
from rarekaon.analysis.dump.model import TO_THE_CALORIMETER, Model, Production, VisibleDecay

HBAR_C_FM = 197.3269804  # MeV fm
BARN = 389.379372  # (hbar c)^2 in barn MeV^2
SKIN = 0.9  # fm, Helm form factor
FIRST_ZERO = 4.493
LEAST_PHOTON = 5 * GeV
LARGEST_Q2 = 4 * GeV**2


def _radius() -> float:
    """The radius (fm) of the Helm form factor of copper, Astropart. Phys. 6 (1996) 87."""
    third = facts().copper.nucleons ** (1 / 3)
    return float(np.sqrt((1.23 * third - 0.6) ** 2 + 7 / 3 * (pi * 0.52) ** 2 - 5 * SKIN**2))


def helm(q: Floats) -> Floats:
    """Form factor of copper at momentum transfer q (MeV), up to its first zero."""
    x = np.maximum(q * _radius() / HBAR_C_FM, 1e-4)
    bessel = np.sin(x) / x**2 - np.cos(x) / x
    return np.where(x < FIRST_ZERO, 3 * bessel / x * np.exp(-((q * SKIN / HBAR_C_FM) ** 2) / 2), 0.0)


def converted(photons: Flux, mass: float, rng: np.random.Generator) -> Flux:
    """ALPs of photons that meet a nucleus: weights are photons times the cross-section in barn at g = 1/MeV.

    d sigma/d q_T^2 = (alpha g^2 Z^2/8) q_T^2 F^2(t)/t^2; the ALP takes the energy, its direction turns by q_T.
    """
    n, energy = len(photons.weight), photons.momentum[:, 0]
    highest = FIRST_ZERO / _radius() * HBAR_C_FM
    along = mass**2 / (2 * energy)
    # Even in the logarithm: the peak sits where the transverse momentum transfer is the longitudinal one
    span = np.log(highest / (1e-2 * along))
    q_t = 1e-2 * along * np.exp(span * rng.uniform(size=n))
    t = q_t**2 + along**2
    couplings = facts().constants.alpha * facts().copper.protons ** 2 / 8
    cross_section = couplings * q_t**4 * helm(np.sqrt(t)) ** 2 / t**2 * 2 * span * BARN
    p, phi = np.sqrt(np.maximum(energy**2 - mass**2, 0.0)), rng.uniform(0, 2 * pi, n)
    three = photons.momentum[:, 1:] * (p / energy)[:, None] + np.stack(
        [q_t * np.cos(phi), q_t * np.sin(phi), 0 * phi], 1
    )
    allowed = (energy > max(LEAST_PHOTON, 2 * mass)) & (span > 0)
    return Flux(np.where(allowed, photons.weight * cross_section, 0.0), four_momentum(mass, *three.T))


def meson_photons(n: int, rng: np.random.Generator) -> Flux:
    """Photons of pi0 and eta a proton: one of both photons of each decay, counted twice."""
    parts = []
    for kind, mass, size in (("pi0", MASS_PI0, n - n // 4), ("eta", MASS_ETA, n // 4)):
        mesons = light_mesons("pi0" if kind == "pi0" else "eta", size, rng)
        photon, _ = two_body(mesons.momentum, mass, 0.0, 0.0, rng)
        branching = 1.0 if kind == "pi0" else facts().light_mesons.eta_to_photons
        parts.append(Flux(2 * branching * mesons.weight, photon))
    return joined(*parts)


def secondary(mass: float, n: int, rng: np.random.Generator) -> Flux:
    """Every photon meets nuclei until it is absorbed."""
    made = converted(meson_photons(n, rng), mass, rng)
    return made.scaled(1 / facts().copper.photon_absorption)


def proton_photons(n: int, rng: np.random.Generator) -> Flux:
    """Equivalent photons of a proton, Phys. Rept. 15 (1975) 181 (Eq. D.7): even in the logarithms of x and Q^2."""
    e = float(np.hypot(facts().setup.proton_momentum, MASS_P))
    least, most = LEAST_PHOTON / e, 0.95
    x = least * (most / least) ** rng.uniform(size=n)
    q2_min = (MASS_P * x) ** 2 / (1 - x)
    span = np.log(np.maximum(LARGEST_Q2 / q2_min, 1.0))
    q2 = q2_min * np.exp(span * rng.uniform(size=n))
    electric = (1 + q2 / (0.71 * GeV**2)) ** -4
    magnetic = 7.78 * electric
    d = (4 * MASS_P**2 * electric + q2 * magnetic) / (4 * MASS_P**2 + q2)
    density = facts().constants.alpha / pi * ((1 - x) * (1 - q2_min / q2) * d + x**2 / 2 * magnetic)
    p_t, phi = np.sqrt((1 - x) * np.maximum(q2 - q2_min, 0.0)), rng.uniform(0, 2 * pi, n)
    momentum = four_momentum(0.0, p_t * np.cos(phi), p_t * np.sin(phi), x * e)
    return Flux(density * span * np.log(most / least) / n, momentum)


def primary(mass: float, n: int, rng: np.random.Generator) -> Flux:
    """Protons pass nuclei until they interact."""
    known = facts()
    absorbing = known.cross_sections.proton_proton * known.copper.nucleons**known.cross_sections.nuclear_power
    return converted(proton_photons(n, rng), mass, rng).scaled(1 / absorbing)


def width(mass: float) -> float:
    """g^2 m^3/(64 pi) at g = 1/MeV."""
    return mass**3 / (64 * pi)


ALP = Model(
    name="alp",
    title="axion-like particle to two photons",
    coupling="g_agammagamma (1/GeV)",
    couplings=(1e-8, 1e-1),
    unit=1 / GeV,
    masses=(10, 15, 20, 30, 50, 70, 100, 130, 160, 200, 250, 300, 350, 400, 450, 500, 550, 600, 650, 700),
    production=(
        Production("photons of mesons", secondary, facts().relative_errors.primakoff_secondary),
        Production("photons of protons", primary, facts().relative_errors.primakoff_primary),
    ),
    modes=(VisibleDecay(("gamma", "gamma"), width, least=2.5 * GeV, volume=TO_THE_CALORIMETER),),
    source="JHEP 02 (2016) 018",
)
