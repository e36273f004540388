"""What calorimeter and RICH make of a charged particle, from the measured identification curves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU, MASS_PI, PION_E_OVER_P
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.transport import ELECTRON, MUON, PION
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.ground.draws import poisson

Floats = npt.NDArray[np.float64]

BETWEEN = (0.86, 0.9)
"""E/p of those that are neither; away from 0.85, so that the momentum's resolution makes no pion of them."""


@kernel
def forced_factor(bias: RareResponses, kind: int, charge: float) -> float:
    """How many times as often a particle of that unsigned PDG number decays; 0 for those that are left alone."""
    if kind == MUON:
        return bias.forced_muon_decays
    if kind != PION:
        return 0.0
    return bias.forced_negative_pions if charge < 0 and bias.forced_negative_pions > 0 else bias.forced_pion_decays


@kernel
def interpolate(x: float, xs: Floats, ys: Floats) -> float:
    """Linear interpolation, constant outside."""
    if x <= xs[0]:
        return ys[0]
    for i in range(1, xs.size):
        if x <= xs[i]:
            return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[-1]


@kernel
def log_interpolate(x: float, xs: Floats, ys: Floats) -> float:
    """Interpolation of the logarithm of y, constant outside."""
    for i in range(1, xs.size):
        if xs[i - 1] < x <= xs[i]:
            t = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] * (ys[i] / ys[i - 1]) ** t
    return ys[0] if x <= xs[0] else ys[-1]


@kernel
def happens(rng: np.random.Generator, p: float, q: float) -> tuple[bool, float]:
    """Draw something of probability p with probability max(p, q); returns whether, and the weight."""
    drawn = max(p, q)
    if rng.random() < drawn:
        return True, p / drawn
    return False, (1 - p) / (1 - drawn)


@kernel
def russian_roulette(rng: np.random.Generator, weight: float, least: float) -> float:
    """The weight of an event: one below `least` survives with the probability weight / least, and weighs `least`."""
    if weight >= least:
        return weight
    return least if rng.random() * least < weight else 0.0


@kernel
def energy_resolution(c: Constants, energy: float) -> float:
    """Relative resolution of an electromagnetic shower of `energy` (MeV)."""
    gev = energy / 1000.0
    return np.sqrt(c.lkr_stochastic**2 / gev + (c.lkr_noise / energy) ** 2 + c.lkr_constant**2)


@kernel
def electron_e_over_p(rng: np.random.Generator, c: Constants, p: float, rare: float) -> tuple[float, float]:
    """E/p of an electron of momentum p, drawn as a pion's with the probability `rare`, and the weight of the draw."""
    lost = interpolate(p, c.e_as_pi_p, c.e_as_pi)
    low, weight = happens(rng, lost, rare)
    if low:
        return PION_E_OVER_P * np.sqrt(rng.random()), weight
    between = (interpolate(p, c.e_inefficiency_p, c.e_inefficiency) - lost) / (1 - lost)
    if rng.random() < between:
        return BETWEEN[0] + (BETWEEN[1] - BETWEEN[0]) * rng.random(), weight
    sigma = energy_resolution(c, p)
    e_over_p = 1 + sigma * rng.standard_normal()
    while not 0.9 < e_over_p < 1.1:
        e_over_p = 1 + sigma * rng.standard_normal()
    return e_over_p, weight


@kernel
def photon_energy_response(rng: np.random.Generator, c: Constants, energy: float) -> float:
    """Measured over true energy of a photon in the calorimeter: its shower is an electron's, and loses energy as
    often.
    """
    drawn = rng.random()
    if drawn < interpolate(energy, c.e_as_pi_p, c.e_as_pi):
        return PION_E_OVER_P * np.sqrt(rng.random())
    if drawn < interpolate(energy, c.e_inefficiency_p, c.e_inefficiency):
        return BETWEEN[0] + (BETWEEN[1] - BETWEEN[0]) * rng.random()
    return 1 + energy_resolution(c, energy) * rng.standard_normal()


@kernel
def pion_e_over_p(
    rng: np.random.Generator, c: Constants, p: float, charge: float, bias: RareResponses
) -> tuple[float, float]:
    """E/p of a charged pion and the weight of the draw: minimum ionising, hadronic shower, or electron-like."""
    core = interpolate(p, c.lkr_pi_p, c.lkr_pi) + 0.5 * charge * c.lkr_pi_difference
    high = max(core, interpolate(p, c.pi_inefficiency_p, c.pi_inefficiency))
    like, weight = happens(rng, high, bias.pi_plus_as_electron if charge > 0 else bias.pi_minus_as_electron)
    if like:
        if rng.random() * high < core:
            return 0.9 + 0.2 * rng.random(), weight
        return BETWEEN[0] + (BETWEEN[1] - BETWEEN[0]) * rng.random(), weight
    if rng.random() < MINIMUM_IONISING_PIONS:
        return minimum_ionising(rng, c, p), weight
    return PION_E_OVER_P * 0.5 * (rng.random() + rng.random()), weight


MINIMUM_IONISING_PIONS = 0.35
"""Fraction of pions that cross the calorimeter without a hadronic interaction: 1.3 interaction lengths, assumed."""


@kernel
def ionisation(rng: np.random.Generator, c: Constants) -> float:
    """Energy (MeV) that a minimum ionising particle leaves."""
    return max(0.0, c.lkr_mip * (1 + 0.12 * rng.standard_normal()))


@kernel
def minimum_ionising(rng: np.random.Generator, c: Constants, p: float) -> float:
    """E/p of a minimum ionising particle."""
    return min(0.8, ionisation(rng, c) / p)


@kernel
def muon_e_over_p(rng: np.random.Generator, c: Constants, p: float, bias: RareResponses) -> tuple[float, float]:
    """E/p of a muon and the weight of the draw: minimum ionising, or the shower of a knocked-on electron on top.

    The electrons' energies fall as 1/T^2 above the least one that counts.
    """
    showers, weight = happens(rng, c.mu_shower, bias.muon_showers)
    if not showers:
        return minimum_ionising(rng, c, p), weight
    return min(0.8, c.mu_shower_energy / (1 - rng.random()) / p), weight


@kernel
def charged_e_over_p(
    rng: np.random.Generator, c: Constants, pdg: int, charge: float, p: float, bias: RareResponses
) -> tuple[float, float]:
    """E/p of the charged particle that reaches the calorimeter, and the weight of the draw."""
    if abs(pdg) == ELECTRON:
        return electron_e_over_p(rng, c, p, bias.positron_as_pion if charge > 0 else bias.electron_as_pion)
    if abs(pdg) == MUON:
        return muon_e_over_p(rng, c, p, bias)
    return pion_e_over_p(rng, c, p, charge, bias)


@kernel
def ring_radius(c: Constants, p: float, mass: float) -> float:
    """Cherenkov ring radius (mm), 0 below threshold."""
    squared = 2 * c.rich_refractivity - (mass / p) ** 2
    return c.rich_focal * np.sqrt(squared) if squared > 0 else 0.0


@kernel
def ring_hits(rng: np.random.Generator, c: Constants, p: float, mass: float) -> int:
    """Hits of a ring: photons follow the square of its radius."""
    saturation = (ring_radius(c, p, mass) / ring_radius(c, 1e9, MASS_E)) ** 2
    return poisson(rng, c.rich_hits * saturation)


STRONGEST_SEPARATION = 10.0
"""Difference of two ring radii, in their resolutions, beyond which a decision is not made any surer."""


@kernel
def likelihood_gap(rng: np.random.Generator, c: Constants, p: float, light: float, heavy: float) -> float:
    """How much log L prefers the right one of two masses: that of a Gaussian measurement of the ring's radius."""
    apart = (ring_radius(c, p, light) - ring_radius(c, p, heavy)) / c.rich_sigma_radius
    apart = min(apart, STRONGEST_SEPARATION)
    return abs(0.5 * apart * apart + apart * rng.standard_normal())


OVERLAP_CONFUSION = 0.15
"""Probability that the ring of a parallel track spoils the e-pi decision: assumed."""
OVERLAP_ANGLE = 4e-3
"""Angle between tracks (rad) from which on rings do not confuse, as the cut at 4 mrad of the papers has it.

In between the confusion falls linearly.  It must not end in a step: rings just inside it, measured just outside, would
be accepted, and with two pions misread they are more than all that natural misidentification gives.
"""


@kernel
def ring_confusion(angle: float) -> float:
    """Probability that the ring of a track at this angle (rad) spoils the e-pi decision."""
    return OVERLAP_CONFUSION * max(0.0, 1 - angle / OVERLAP_ANGLE)


@kernel
def rich_likelihoods(
    rng: np.random.Generator,
    c: Constants,
    pdg: int,
    p: float,
    confusion: float,
    rare: float,
    rare_muon: float,
    out: Floats,
) -> float:
    """Fill out = (log L_e, log L_mu, log L_pi, hits), relative to the best hypothesis; returns the weight.

    The e-pi decision follows the measured curves, the mu-pi likelihoods a ring radius with Gaussian error.  A wrong
    decision rests on few hits of other rings: its likelihoods differ little.  `confusion` is the probability that the
    nearest ring spoils it.  `rare` and `rare_muon` are the
    probabilities to draw a pion as an electron with, and a muon with the ring of a pion.
    """
    kind, weight = abs(pdg), 1.0
    mass = MASS_PI
    if kind == ELECTRON:
        mass = MASS_E
        electron = rng.random() > interpolate(p, c.rich_e_p, c.rich_e) + confusion
    elif kind == MUON:
        mass = MASS_MU
        electron = rng.random() < log_interpolate(p * MASS_PI / MASS_MU, c.rich_pi_p, c.rich_pi) + confusion
    else:
        electron, weight = happens(rng, log_interpolate(p, c.rich_pi_p, c.rich_pi) + confusion, rare)
    drawn = MASS_PI if kind == MUON and rare_muon > 0 and rng.random() < rare_muon else mass
    radius = ring_radius(c, p, drawn) + c.rich_sigma_radius * rng.standard_normal()
    if electron == (kind == ELECTRON):
        gap = likelihood_gap(rng, c, p, MASS_E, MASS_PI)
    else:
        gap = c.rich_fake_gap * rng.standard_exponential()
    pull_mu = (radius - ring_radius(c, p, MASS_MU)) / c.rich_sigma_radius
    # against the pion's ring, for an electron against its own
    pull = (radius - ring_radius(c, p, MASS_E if kind == ELECTRON else MASS_PI)) / c.rich_sigma_radius
    out[0], out[2] = (0.0, -gap) if electron else (-gap, 0.0)
    out[1] = 0.5 * (pull * pull - pull_mu * pull_mu)
    best = max(0.0, out[1])
    for i in range(3):
        out[i] -= best
    if kind == MUON and rare_muon > 0:
        # the density of a muon's radius over that of the mixture drawn from
        weight /= 1 - rare_muon + rare_muon * np.exp(min(-0.5 * (pull * pull - pull_mu * pull_mu), 700.0))
    out[3] = ring_hits(rng, c, p, mass)
    if electron:
        out[3] = max(out[3], 4.0)
    return weight
