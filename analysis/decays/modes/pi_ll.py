"""K+ -> pi+ l+ l-: one-photon exchange with the form factor W(z), z = m_ll^2 / m_K^2.

D'Ambrosio, Ecker, Isidori and Portoles, JHEP 08 (1998) 004: W(z) = G_F m_K^2 (a + b z) + W_pipi(z), the second term
being the pion loop. The parameters a and b for electrons are those of NA48/2, PLB 677 (2009) 246, which the
acceptances of PLB 797 (2019) 134794 assume (its Section 4). For muons they are those of NA62, JHEP 11 (2022) 011.
The values assumed in the paper give the same acceptance for muons to 0.1%.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.phase_space import Pair

R_PI2 = (MASS_PI / MASS_K) ** 2
R_V2 = (770.0 / MASS_K) ** 2
FERMI_MK2 = 1.16637e-5 * (MASS_K / 1000) ** 2
ALPHA_PLUS, BETA_PLUS = -20.6e-8, -2.8e-8
Z0 = 1 / 3 + R_PI2


def _loop(x: Floats) -> npt.NDArray[np.complex128]:
    """G(x), x = m_ll^2 / m_pi^2: real below the two-pion threshold x = 4, complex above."""
    safe = np.maximum(x, 1e-12)
    below = np.sqrt(np.maximum(4 / safe - 1, 0)) * np.arcsin(np.sqrt(np.minimum(safe, 4)) / 2)
    root = np.sqrt(np.maximum(1 - 4 / np.maximum(safe, 4), 0))
    above = -0.5 * root * (np.log((1 - root) / (1 + root)) + 1j * np.pi)
    return np.where(safe < 4, below, above)


def form_factor(z: Floats, a: float, b: float) -> npt.NDArray[np.complex128]:
    """W(z) of the reference, dimensionless."""
    chi = 4 / 9 - 4 * R_PI2 / (3 * z) - (1 - 4 * R_PI2 / z) * _loop(z / R_PI2) / 3
    pions = (ALPHA_PLUS + BETA_PLUS * (z - Z0) / R_PI2) / R_PI2 * (1 + z / R_V2) * chi
    return np.asarray(FERMI_MK2 * (a + b * z) + pions)


def squared_amplitude(pi: Floats, plus: Floats, minus: Floats, *, a: float, b: float) -> Floats:
    """|W|^2 times the contraction of (P + p)^mu with the lepton tensor."""
    sum_p = KAON + pi
    q2 = mass2(plus, minus)
    tensor = 2 * dot(sum_p, plus) * dot(sum_p, minus) - dot(sum_p, sum_p) * q2 / 2
    return np.asarray(np.abs(form_factor(q2 / MASS_K**2, a, b)) ** 2 * tensor / MASS_K**4)


PI_EE = Mode(
    "K+ -> pi+ e+ e-",
    1,
    Pair("pi+", Pair("e+", "e-")),
    "JHEP 08 (1998) 004; a, b of PLB 677 (2009) 246",
    partial(squared_amplitude, a=-0.578, b=-0.779),
)
PI_MUMU = Mode(
    "K+ -> pi+ mu+ mu-",
    2,
    Pair("pi+", Pair("mu+", "mu-")),
    "JHEP 08 (1998) 004; a, b of JHEP 11 (2022) 011",
    partial(squared_amplitude, a=-0.575, b=-0.722),
)
