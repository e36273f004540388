"""K+ -> l+ N with a heavy neutral lepton N of any mass: a two-body decay, helicity-suppressed like K+ -> l+ nu.

R. Shrock, PRD 24 (1981) 1232. N leaves the detector; `lepton_n_visible` lets it decay to pi l at the kaon's vertex, for
the on-shell lepton-number-violating chain (A. Atre et al., JHEP 05 (2009) 030).
"""

from __future__ import annotations

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import Pair

CODES = {"mu+": 73, "e+": 74}
E_NU = Mode("K+ -> e+ nu_e", 80, Pair("e+", "nu_e"), "two-body decay; the positron radiates")
VISIBLE = {("mu+", "mu+"): 75, ("e+", "e+"): 76}


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
