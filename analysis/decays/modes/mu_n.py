"""K+ -> l+ N with a heavy neutral lepton N of any mass: a two-body decay, helicity-suppressed like K+ -> l+ nu.

R. Shrock, PRD 24 (1981) 1232. N leaves the detector unless `survival` is applied; `lepton_n_visible` lets it
decay to pi l at the kaon's vertex, for the on-shell lepton-number-violating chain (A. Atre et al., JHEP 05
(2009) 030).
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays.mode import Floats, Mode, kallen
from rarekaon.analysis.decays.phase_space import Pair

CODES = {"mu+": 73, "e+": 74}
VISIBLE = {("mu+", "mu+"): 75, ("e+", "e+"): 76}


def rho(mass: float, lepton: str = "mu+") -> float:
    """B(K+ -> l+ N) / (B(K+ -> l+ nu) |U|^2), N of that mass (MeV); 0 above threshold.

    >>> round(rho(0.0), 12)
    1.0
    """
    light = particle(lepton).mass
    if mass + light >= MASS_K:
        return 0.0
    x, y = (light / MASS_K) ** 2, (mass / MASS_K) ** 2
    return float((x + y - (x - y) ** 2) / (x * (1 - x) ** 2) * np.sqrt(kallen(1.0, x, y)))


def survival(momentum: Floats, mass: float, ctau: float, length: Floats | float) -> Floats:
    """Probability that N of that momentum (MeV), mass (MeV) and c tau (mm) flies further than `length` (mm)."""
    return np.asarray(np.exp(-np.asarray(length) * mass / (np.asarray(momentum) * ctau)))


def lepton_n(mass: float, lepton: str = "mu+") -> Mode:
    """K+ -> l+ N; ValueError for a mass (MeV) outside 0 to threshold."""
    _check(mass, 0.0, MASS_K - particle(lepton).mass)
    return Mode(f"K+ -> {lepton} N", CODES[lepton], Pair(lepton, "N"), "PRD 24 (1981) 1232", masses={"N": mass})


def lepton_n_visible(mass: float, lepton: str = "mu+") -> Mode:
    """K+ -> l+ N, N -> pi- l+ at the vertex; ValueError for a mass (MeV) that does not allow both."""
    light = particle(lepton).mass
    _check(mass, particle("pi-").mass + light, MASS_K - light)
    return Mode(
        f"K+ -> {lepton} N, N -> pi- {lepton}",
        VISIBLE[lepton, lepton],
        Pair(lepton, Pair("pi-", lepton, "N")),
        "JHEP 05 (2009) 030: two-body decays, isotropic",
        masses={"N": mass},
    )


def _check(mass: float, low: float, high: float) -> None:
    if not low <= mass < high:
        raise ValueError(f"a mass of N of {mass} MeV is not possible; give one between {low} and {high}")
