"""K+ -> mu+ nu gamma and the split of K+ -> mu+ nu (gamma) into soft and hard photons.

Density in x = 2 E_gamma / m_K, y = 2 E_mu / m_K of J. Bijnens, G. Ecker and J. Gasser, NPB 396 (1993) 81:
inner bremsstrahlung, structure-dependent terms and interference. F_V(x) = 0.0885 (1 + 0.38 (1 - x)), F_A =
0.0365: KLOE, EPJ C 64 (2009) 627; they are sqrt(2) m_K times |V|, |A| of the reference, whose V and A are
negative.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from rarekaon.analysis.contract.particles import ALPHA, MASS_K, MASS_MU
from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.decays.mode import KAON, Floats, Mask, Mode, dot
from rarekaon.analysis.decays.modes.l_nu_ee import F_K
from rarekaon.analysis.decays.phase_space import SOFTEST, Pair

F_A, F_V0, F_V_SLOPE = 0.0365, 0.0885, 0.38
R = (MASS_MU / MASS_K) ** 2
HARD = 10 * MeV
"""Photons above this energy in the kaon frame are hard: `MU_NU_GAMMA` generates them."""
SOFT = 0.05 * MeV
"""Photons below this energy stand for none at all in `MU_NU`: in the laboratory they
have less than 16 MeV, below every threshold, and they move the missing mass by nothing."""


def bremsstrahlung(x: Floats, y: Floats) -> Floats:
    """f_IB(x, y)."""
    p_q = x + y - 1 - R
    return np.asarray((1 - y + R) / (x**2 * p_q) * (x**2 + 2 * (1 - x) * (1 - R) - 2 * x * R * (1 - R) / p_q))


def density(x: Floats, y: Floats) -> Floats:
    """d Gamma / dx dy in units of Gamma(mu nu) alpha / (2 pi (1 - R)^2)."""
    p_q = x + y - 1 - R
    plus, minus = F_V0 * (1 + F_V_SLOPE * (1 - x)) + F_A, F_V0 * (1 + F_V_SLOPE * (1 - x)) - F_A
    scale = MASS_K / (np.sqrt(2) * 2 * F_K)
    sd_plus = p_q * ((x + y - 1) * (1 - x) - R)
    sd_minus = (1 - y + R) * ((1 - x) * (1 - y) + R)
    factor = (1 - y + R) / (x * p_q)
    int_plus = factor * ((1 - x) * (1 - x - y) + R)
    int_minus = factor * (x**2 - (1 - x) * (1 - x - y) - R)
    structure = scale**2 / R * (plus**2 * sd_plus + minus**2 * sd_minus)
    return np.asarray(bremsstrahlung(x, y) + structure - 2 * scale * (plus * int_plus + minus * int_minus))


@cache
def fraction(low: float, high: float = MASS_K) -> float:
    """Gamma(mu nu gamma) / Gamma(mu nu) for photon energies (MeV) between two limits, by Gauss-Legendre quadrature.

    >>> fraction(1.0) > fraction(10.0) > 0.005
    True
    """
    top = (MASS_K**2 - MASS_MU**2) / (2 * MASS_K)
    nodes, weights = np.polynomial.legendre.leggauss(48)
    low, high = np.log(low), np.log(min(high, top * (1 - 1e-9)))
    x = 2 * np.exp(low + (high - low) * (nodes + 1) / 2)[:, None] / MASS_K
    # p_q = x + y - 1 - R runs from R x / (1 - x) to x; its logarithm flattens the collinear peak
    span = np.log((1 - x) / R)
    p_q = x * np.exp(-span * (nodes + 1) / 2)
    values = density(x, 1 + R - x + p_q) * x * p_q * span / 2 * (high - low) / 2
    return float(ALPHA / (2 * np.pi * (1 - R) ** 2) * weights @ values @ weights)


def _variables(gamma: Floats, muon: Floats) -> tuple[Floats, Floats]:
    return 2 * dot(KAON, gamma) / MASS_K**2, 2 * dot(KAON, muon) / MASS_K**2


def squared_amplitude(gamma: Floats, muon: Floats, _neutrino: Floats) -> Floats:
    """Proportional to the density, since x and y are flat in phase space."""
    return density(*_variables(gamma, muon))


def unresolved() -> float:
    """c for which c / x^2 between `SOFTEST` and `SOFT` holds all decays without a photon above `SOFT`."""
    low, high = 2 * SOFTEST / MASS_K, 2 * SOFT / MASS_K
    # y has the range x - R x / (1 - x)
    volume = (1 - R) * np.log(high / low) + R * np.log((1 - high) / (1 - low))
    return float((1 - fraction(SOFT)) / (ALPHA / (2 * np.pi * (1 - R) ** 2) * volume))


def inclusive(gamma: Floats, muon: Floats, _neutrino: Floats) -> Floats:
    """The same above `SOFT`; the photons below stand for all other decays and have no preferred direction."""
    x, y = _variables(gamma, muon)
    return np.asarray(np.where(gamma[3] < SOFT, unresolved() / x**2, density(x, y)))


def is_hard(gamma: Floats, _muon: Floats, _neutrino: Floats) -> Mask:
    return np.asarray(gamma[3] > HARD)


REFERENCE = "NPB 396 (1993) 81; form factors of EPJ C 64 (2009) 627"
TREE = Pair("gamma", Pair("mu+", "nu_mu", "soft"))
MU_NU = Mode("K+ -> mu+ nu_mu", 71, TREE, REFERENCE, inclusive, polarised=True)
"""Inclusive of photons, as its branching fraction is: every decay carries one, mostly below `SOFT`."""
MU_NU_GAMMA = Mode("K+ -> mu+ nu_mu gamma", 72, TREE, REFERENCE, squared_amplitude, generated=is_hard)
"""Photons above `HARD` only: a part of what `MU_NU` holds, for samples of the radiative tail."""
MU_NU_BORN = Mode("K+ -> mu+ nu_mu", 70, Pair("mu+", "nu_mu"), "two-body decays")
"""Without photons, for comparisons; not in the list of modes."""
