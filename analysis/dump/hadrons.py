"""Hadrons that 400 GeV protons make in the absorber: spectra a proton on target.

Light mesons from the parametrisation of production on beryllium, EPJ C 20 (2001) 13; charm and beauty from fits of
x_F and p_T.  Only first interactions are counted; every proton interacts.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Literal

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.dump.facts import HeavyHadrons, Invariant, facts
from rarekaon.analysis.dump.flux import Floats, Flux, boosted, four_momentum

MASS_P = 938.27208816
MASS_ETA = 547.862
MASSES = {"D+": 1869.66, "D0": 1864.84, "Ds": 1968.35, "B+": 5279.34, "B0": 5279.65}
LEAST_RAPIDITY = 2.0  # a pion of 0.5 GeV: nothing softer is seen
HARDEST_PT = 4 * GeV
PT_SCALE = 0.25 * GeV
BACKWARD = -0.2


def centre_of_mass() -> tuple[float, float]:
    """Energy (MeV) and rapidity of the proton-nucleon system."""
    p = facts().setup.proton_momentum
    e = sqrt(p**2 + MASS_P**2)
    return sqrt(2 * MASS_P**2 + 2 * MASS_P * e), float(np.arctanh(p / (e + MASS_P)))


def _invariant(shape: Invariant, x: Floats, p_t: Floats) -> Floats:
    """E d3sigma/dp3 of positive mesons in mb/GeV2."""
    inside = np.clip(x, 1e-6, 1.0)
    q = p_t / GeV
    a, b = shape.a / inside**shape.gamma, shape.a**2 / (2 * inside**shape.delta)
    longitudinal = (1 - inside) ** shape.power * (1 + shape.slope * inside) * inside**-shape.rise
    return np.where(x < 1, shape.normalisation * longitudinal * (1 + a * q + b * q**2) * np.exp(-a * q), 0.0)


def light_mesons(kind: Literal["pi0", "eta", "K+", "K-"], n: int, rng: np.random.Generator) -> Flux:
    """`n` mesons, uniform in rapidity.

    pi0 are half of pi+ and pi-; eta have the spectrum of pi0 at the same rapidity and transverse momentum.
    """
    mesons = facts().light_mesons
    mass = {"pi0": MASS_PI0, "eta": MASS_ETA, "K+": MASS_K, "K-": MASS_K}[kind]
    energy, rapidity = centre_of_mass()
    highest = rapidity + np.arccosh(energy / (2 * mass))
    y = rng.uniform(LEAST_RAPIDITY, highest, n)
    p_t = rng.gamma(2.0, PT_SCALE, n)
    proposed = p_t / PT_SCALE**2 * np.exp(-p_t / PT_SCALE) / (highest - LEAST_RAPIDITY)
    m_t = np.sqrt(mass**2 + p_t**2)
    # The largest energy of a meson recoiling against two nucleons
    x = m_t * np.cosh(y - rapidity) / ((energy**2 + mass**2 - 4 * MASS_P**2) / (2 * energy))
    shape = mesons.kaon if kind in {"K+", "K-"} else mesons.pion
    rising = 1 - np.minimum(x, 1 - 1e-9) if kind in {"K+", "K-"} else 1 + x
    ratio = shape.ratio * rising**shape.ratio_power
    share = {"pi0": 0.5 * (1 + 1 / ratio), "eta": 0.5 * (1 + 1 / ratio), "K+": np.ones(n), "K-": 1 / ratio}[kind]
    invariant = share * _invariant(shape, x, p_t) * 1e-3 / GeV**2  # barn/MeV2
    yields = invariant * 2 * pi * p_t / proposed / mesons.interacting / n
    if kind == "eta":
        yields = yields * mesons.eta_per_pi0
    phi = rng.uniform(0, 2 * pi, n)
    momentum = four_momentum(mass, p_t * np.cos(phi), p_t * np.sin(phi), m_t * np.sinh(y))
    return Flux(np.where(p_t < HARDEST_PT, yields, 0.0), momentum)


def heavy_hadrons(kind: str, n: int, rng: np.random.Generator) -> Flux:
    """`n` charm or beauty hadrons and their antiparticles; KeyError for a `kind` without a fraction."""
    known = facts()
    charm = kind in known.charm_hadrons.fractions
    shape: HeavyHadrons = known.charm_hadrons if charm else known.beauty_hadrons
    cross_section = known.cross_sections.charm if charm else known.cross_sections.beauty
    # Per interacting nucleon; hard processes see every nucleon, the total cross-section does not
    nuclear = known.copper.nucleons ** (known.cross_sections.hard_nuclear_power - 1)
    quarks = 2 * cross_section / known.cross_sections.proton_proton * nuclear
    mass = MASSES[kind]
    energy, rapidity = centre_of_mass()
    # Denser where most are; those that fly further back than BACKWARD in the centre of mass are never seen
    reach = 1 - BACKWARD
    x = 1 - reach * rng.uniform(size=n) ** (1 / 3)
    proposed = 3 * (1 - x) ** 2 / reach**3
    p_t = np.sqrt(rng.exponential(1 / shape.transverse, n)) * GeV
    density = 0.5 * (shape.longitudinal + 1) * (1 - np.abs(x)) ** shape.longitudinal
    phi = rng.uniform(0, 2 * pi, n)
    there = four_momentum(mass, p_t * np.cos(phi), p_t * np.sin(phi), x * energy / 2)
    system = np.broadcast_to([np.cosh(rapidity), 0.0, 0.0, np.sinh(rapidity)], (n, 4))
    return Flux(quarks * shape.fractions[kind] * density / proposed / n, boosted(there, system))


def kaons_before_absorption(kind: Literal["K+", "K-"], n: int, rng: np.random.Generator, lifetime: float) -> Flux:
    """Kaons that decay before they interact: the yield times interaction length over decay length; c tau in mm."""
    kaons = light_mesons(kind, n, rng)
    p = np.sqrt((kaons.momentum[:, 1:] ** 2).sum(axis=1))
    return kaons.scaled(facts().copper.interaction_length * MASS_K / (p * lifetime))
