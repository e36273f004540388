"""Decays that violate lepton number or flavour: uniform phase space, as the published limits assume.

K+ -> pi- pi0 e+ e+ (CERN-EP-2022-018), K+ -> mu- nu e+ e+ (arXiv:2211.04818), K+ -> pi mu e (PRL 127 (2021)
131802).
"""

from analysis.simulation.decays.mode import Mode
from analysis.simulation.phase_space import Pair

PI_PI0_EE_LNV = Mode(
    "K+ -> pi- pi0 e+ e+, pi0 -> gamma gamma",
    13,
    Pair(Pair("pi-", Pair("gamma", "gamma", "pi0")), Pair("e+", "e+")),
    "uniform phase space: CERN-EP-2022-018 Section 5",
    radiative=False,
)
MU_NU_EE_LNV = Mode(
    "K+ -> mu- nu e+ e+",
    14,
    Pair("nu", Pair("mu-", Pair("e+", "e+"))),
    "uniform phase space: arXiv:2211.04818 Section 5",
    radiative=False,
)
FLAVOUR = "uniform phase space: PRL 127 (2021) 131802"
PI_MU_E_LNV = Mode("K+ -> pi- mu+ e+", 15, Pair("pi-", Pair("mu+", "e+")), FLAVOUR, radiative=False)
PI_MU_E_LFV = Mode("K+ -> pi+ mu- e+", 16, Pair("pi+", Pair("mu-", "e+")), FLAVOUR, radiative=False)
PI_E_MU_LFV = Mode("K+ -> pi+ mu+ e-", 17, Pair("pi+", Pair("mu+", "e-")), FLAVOUR, radiative=False)
