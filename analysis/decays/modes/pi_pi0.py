"""K+ -> pi+ pi0 (uniform, a two-body decay) with the decays of the pi0.

The branching fraction of K+ -> pi+ pi0 includes inner bremsstrahlung; the photon is not generated here but
above 10 MeV in `pi_pi0_gamma`.
"""

from __future__ import annotations

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.decays.mode import Floats, Mode, mass2
from rarekaon.analysis.decays.modes.pi0 import dalitz, double_dalitz, from_pi0
from rarekaon.analysis.decays.phase_space import Pair


def with_dalitz(_pi: Floats, gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    return dalitz(gamma, plus, minus)


def with_double_dalitz(_pi: Floats, plus: Floats, minus: Floats, plus2: Floats, minus2: Floats) -> Floats:
    return double_dalitz(plus, minus, plus2, minus2)


def with_neutrinos(_pi: Floats, _gamma: Floats, *neutrinos: Floats) -> Floats:
    """pi0 -> gamma Z*, Z* -> nu nu: a Dalitz decay whose propagator is a constant, q^2 (1 - q^2/m_pi0^2)^2."""
    squared = mass2(*neutrinos)
    return squared * (1 - squared / MASS_PI0**2) ** 2


PI_PI0 = Mode("K+ -> pi+ pi0, pi0 -> gamma gamma", 61, Pair("pi+", from_pi0("gamma gamma")), "two-body decays")
PI_PI0D = Mode(
    "K+ -> pi+ pi0, pi0 -> e+ e- gamma",
    62,
    Pair("pi+", from_pi0("e+ e- gamma")),
    "PR 98 (1955) 1355, PLB 768 (2017) 38",
    with_dalitz,
)
PI_PI0DD = Mode(
    "K+ -> pi+ pi0, pi0 -> e+ e- e+ e-",
    63,
    Pair("pi+", from_pi0("e+ e- e+ e-")),
    "PR 98 (1955) 1355, PRD 8 (1973) 2051",
    with_double_dalitz,
)
PI_PI0EE = Mode("K+ -> pi+ pi0, pi0 -> e+ e-", 64, Pair("pi+", from_pi0("e+ e-")), "two-body decays")
PI_PI0_INVISIBLE = Mode("K+ -> pi+ pi0, pi0 -> nu nu", 68, Pair("pi+", Pair("nu", "nu", "pi0")), "two-body decays")
"""pi0 -> invisible: two neutrinos stand for whatever is not seen."""
PI_PI0_GAMMA_NU_NU = Mode(
    "K+ -> pi+ pi0, pi0 -> gamma nu nu",
    69,
    Pair("pi+", Pair("gamma", Pair("nu", "nu"), "pi0")),
    "PR 98 (1955) 1355 with a constant propagator",
    with_neutrinos,
)
