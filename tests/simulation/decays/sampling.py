"""Phase space with its absolute normalisation, for comparisons with published rates."""

import numpy as np
from scipy.stats import qmc

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import DecayTree, Pair, flatten, generate

E2 = 4 * np.pi / 137.036
"""Squared electric charge."""


def points(tree: DecayTree | Pair, log2: int = 14, seed: int = 5):
    """Momenta and weights whose mean is the volume of phase space: d^3p / (2 E (2 pi)^3) each, (2 pi)^4 delta."""
    flat = tree if isinstance(tree, DecayTree) else flatten(tree)
    p, weight = generate(flat, qmc.Sobol(flat.dimensions, seed=seed).random_base2(log2))
    n = len(flat.products)
    return p, weight / (MASS_K * (4 * np.pi) ** (n - 1) * np.pi ** (n - 2))


def sampled(mode: Mode, log2: int = 14):
    """Momenta and weights with the density of a mode, up to a constant."""
    p, weight = points(mode.flat, log2)
    return p, weight * mode.density(p)


def width(weights) -> float:
    """Width (MeV) from phase-space weights times squared amplitudes."""
    return float(weights.mean() / (2 * MASS_K))


def width_mu_nu(decay_constant: float) -> float:
    """Gamma(K+ -> mu+ nu) / (G_F V_us)^2 for F_K (MeV) in the convention F_pi = 92 MeV."""
    r = (MASS_MU / MASS_K) ** 2
    return decay_constant**2 * MASS_K * MASS_MU**2 * (1 - r) ** 2 / (4 * np.pi)


def cosine(a, b):
    """Cosine of the angle between two momenta."""
    return (a[:3] * b[:3]).sum(axis=0) / np.sqrt((a[:3] ** 2).sum(axis=0) * (b[:3] ** 2).sum(axis=0))


def boosted(p, frame):
    """p in the rest frame of `frame`, by the textbook formula."""
    mass = np.sqrt(frame[3] ** 2 - (frame[:3] ** 2).sum(axis=0))
    beta, gamma = frame[:3] / frame[3], frame[3] / mass
    along = (beta * p[:3]).sum(axis=0)
    b2 = (beta**2).sum(axis=0)
    space = p[:3] + ((gamma - 1) / b2 * along - gamma * p[3]) * beta
    return np.concatenate((space, [gamma * (p[3] - along)]))
