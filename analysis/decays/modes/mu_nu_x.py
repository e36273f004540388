"""K+ -> mu+ nu X, X an invisible scalar or vector of any mass coupled to the muon.

G. Krnjaic, G. Marques-Tavares, D. Redigolo and K. Tobioka, PRL 124 (2020) 041802 (arXiv:1902.07715); the
search is for masses above 10 MeV.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.decays.mode import Floats, Mode, mass2
from rarekaon.analysis.decays.phase_space import Pair

LOWEST = 10 * MeV
M2, K2 = MASS_MU**2, MASS_K**2


def scalar(neutrino: Floats, x: Floats, muon: Floats, *, mass: float) -> Floats:
    """Squared amplitude for a scalar; a = m(nu X)^2, b = m(mu X)^2 of the reference, MeV2."""
    a, b, x2 = mass2(neutrino, x), mass2(muon, x), mass**2
    direct = -b * (a * (b - M2) + (b + M2) ** 2 - b * x2)
    return np.asarray((direct + K2 * ((b + M2) ** 2 - M2 * x2)) / (b - M2) ** 2)


def vector(neutrino: Floats, x: Floats, muon: Floats, *, mass: float) -> Floats:
    """Squared amplitude for a vector, dimensionless."""
    a, b, x2 = mass2(neutrino, x), mass2(muon, x), mass**2
    return np.asarray(
        2
        - x2 / a**2 * (K2 - M2)
        + (b - 2 * K2 + M2) / a
        + (M2 - K2) * (x2 + 2 * M2) / (b - M2) ** 2
        + (a - 2 * K2 + 2 * M2) / (b - M2)
        + 2 * (x2 * M2 + (K2 - M2) ** 2) / (a * (b - M2))
    )


AMPLITUDES = {"scalar": (77, scalar, "flat"), "vector": (78, vector, "log")}


def mu_nu_x(mass: float, kind: str = "scalar") -> Mode:
    """K+ -> mu+ nu X of that mass (MeV), X "scalar" or "vector"; ValueError for a mass outside 10 MeV to threshold."""
    if not LOWEST <= mass < MASS_K - MASS_MU:
        raise ValueError(f"a mass of X of {mass} MeV is not possible; give one from {LOWEST} to {MASS_K - MASS_MU}")
    code, amplitude, mass_map = AMPLITUDES[kind]
    return Mode(
        f"K+ -> mu+ nu X, {kind} X",
        code,
        Pair(Pair("nu", "X", mass_map), "mu+"),
        "arXiv:1902.07715",
        partial(amplitude, mass=mass),
        masses={"X": mass},
    )
