"""K+ -> pi+ pi0 pi0 with the cusp at the threshold of pi+ pi- -> pi0 pi0.

M = 1 + g u / 2 + h u^2 / 2 + k v^2 / 2, u = (s_3 - s_0) / m_pi^2, v = (s_2 - s_1) / m_pi^2, 3 the charged
pion; slopes of NA48/2, PLB 686 (2010) 101. Below the threshold the leading rescattering term of N. Cabibbo,
PRL 93 (2004) 121801, interferes destructively (a deficit of 16%, measured 13%); above it, it is absorbed in the
slopes.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.modes.k3pi import S0 as S0_CHARGED
from rarekaon.analysis.decays.modes.k3pi import G as G_CHARGED
from rarekaon.analysis.decays.modes.pi0 import dalitz, from_pi0
from rarekaon.analysis.decays.phase_space import Pair

G, H, K = 0.6715, -0.0270, 0.0081
S0 = (MASS_K**2 + MASS_PI**2 + 2 * MASS_PI0**2) / 3
SCATTERING = 0.2655 / 3
"""(a_0 - a_2) m_pi / 3: G. Colangelo, J. Gasser and H. Leutwyler, NPB 603 (2001) 125."""
CHARGED_TO_NEUTRAL = 1.97
"""Ratio of the amplitudes of pi+ pi+ pi- and pi+ pi0 pi0 at the centre of the Dalitz plot (PRL 93 (2004) 121801)."""


def squared_amplitude(pi: Floats, first: Floats, second: Floats) -> Floats:
    """|M|^2 from the momenta of pi+ and both pi0."""
    s3 = mass2(first, second)
    u = (s3 - S0) / MASS_PI**2
    v = (mass2(KAON - first) - mass2(KAON - second)) / MASS_PI**2
    tree = 1 + (G * u + H * u**2 + K * v**2) / 2
    # K -> pi+ pi+ pi- with one pi+ pi- pair at threshold: the other two pairs have equal masses
    mean_u = ((MASS_K**2 - MASS_PI**2) / 2 - S0_CHARGED) / MASS_PI**2
    charged = CHARGED_TO_NEUTRAL * (1 + G_CHARGED * mean_u / 2)
    below = np.sqrt(np.maximum(4 * MASS_PI**2 / s3 - 1, 0))
    return np.asarray((tree - 2 * SCATTERING * charged * below) ** 2)


def two_photons(pi: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    return squared_amplitude(pi, a + b, c + d)


def one_dalitz(pi: Floats, a: Floats, b: Floats, gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    return squared_amplitude(pi, a + b, gamma + plus + minus) * dalitz(gamma, plus, minus)


def _tree(second: str) -> Pair:
    return Pair("pi+", Pair(from_pi0("gamma gamma"), from_pi0(second)))


REFERENCE = "PLB 686 (2010) 101 slopes; cusp of PRL 93 (2004) 121801"
PI_PI0_PI0 = Mode(
    "K+ -> pi+ pi0 pi0, pi0 -> gamma gamma, pi0 -> gamma gamma",
    22,
    _tree("gamma gamma"),
    REFERENCE,
    two_photons,
)
PI_PI0_PI0D = Mode(
    "K+ -> pi+ pi0 pi0, pi0 -> gamma gamma, pi0 -> e+ e- gamma",
    23,
    _tree("e+ e- gamma"),
    REFERENCE,
    one_dalitz,
)
