"""K+ -> pi+ pi0 (uniform, a two-body decay) with the decays of the pi0.

The branching fraction of K+ -> pi+ pi0 includes inner bremsstrahlung; the photon is not generated here but
above 10 MeV in `pi_pi0_gamma`.
"""

from __future__ import annotations

from rarekaon.analysis.decays.mode import Floats, Mode
from rarekaon.analysis.decays.modes.pi0 import dalitz, double_dalitz, from_pi0
from rarekaon.analysis.decays.phase_space import Pair


def with_dalitz(_pi: Floats, gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    return dalitz(gamma, plus, minus)


def with_double_dalitz(_pi: Floats, plus: Floats, minus: Floats, plus2: Floats, minus2: Floats) -> Floats:
    return double_dalitz(plus, minus, plus2, minus2)


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
PI_PI0_INVISIBLE = Mode("K+ -> pi+ pi0, pi0 -> nu nu", 65, Pair("pi+", Pair("nu", "nu", "pi0")), "two-body decays")
"""pi0 -> invisible: two neutrinos stand for whatever is not seen."""
