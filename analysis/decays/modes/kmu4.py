"""K+ -> pi+ pi- mu+ nu: the form factors of K_e4 and the third axial one, contracted exactly in the muon's mass.

Hadronic current of J. Bijnens, G. Colangelo and J. Gasser, NPB 427 (1994) 427: axial F, G, R and vector H, F,
G, H as in `ke4`; R at leading order in chiral perturbation theory, relative to f_s(0).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, kallen, mass2
from rarekaon.analysis.decays.modes.ke4 import FE, FP, FS1, FS2, GP, GP1, HP, s_wave_phase
from rarekaon.analysis.decays.modes.semileptonic import lepton_tensor
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import dual

Complex = npt.NDArray[np.complex128]


def dipion_cosine(plus: Floats, minus: Floats) -> Floats:
    """Cosine of the angle of pi+ to the dipion's direction in the dipion frame: L . Q = beta X cos(theta)."""
    dilepton, s_pi = KAON - plus - minus, mass2(plus, minus)
    beta_x = np.sqrt(np.maximum((1 - 4 * MASS_PI**2 / s_pi) * kallen(MASS_K**2, s_pi, mass2(dilepton)), 1e-12) / 4)
    return np.asarray(np.clip(dot(dilepton, plus - minus) / beta_x, -1, 1))


def form_factors(s_pi: Floats, s_l: Floats, cos_pi: Floats) -> tuple[Complex, Floats]:
    """F (S-wave phase included) and G relative to f_s(0); the P-wave phase is taken as 0."""
    q2 = s_pi / (4 * MASS_PI**2) - 1
    s_wave = 1 + FS1 * q2 + FS2 * q2**2 + FE * s_l / (4 * MASS_PI**2)
    return s_wave * np.exp(1j * s_wave_phase(s_pi)) + FP * cos_pi, GP + GP1 * q2


def third_form_factor(plus: Floats, minus: Floats, s_l: Floats) -> Floats:
    """R / f_s(0) = ((s_pi + nu) / (s_l - m_K^2) + 1) / 2, nu = (P - p_+)^2 - (P - p_-)^2: the kaon pole."""
    nu = mass2(KAON - plus) - mass2(KAON - minus)
    return np.asarray(((mass2(plus, minus) + nu) / (s_l - MASS_K**2) + 1) / 2)


def hadronic_current(plus: Floats, minus: Floats, muon: Floats, neutrino: Floats) -> Complex:
    """F P + G Q + R L and the vector part, (4, n) in MeV."""
    dipion, q, dilepton = plus + minus, plus - minus, muon + neutrino
    s_l = mass2(dilepton)
    f, g = form_factors(mass2(dipion), s_l, dipion_cosine(plus, minus))
    axial = f * dipion + g * q + third_form_factor(plus, minus, s_l) * dilepton
    return np.asarray(axial - 1j * HP / MASS_K**2 * dual(dilepton, dipion, q))


def squared_amplitude(neutrino: Floats, muon: Floats, plus: Floats, minus: Floats) -> Floats:
    return lepton_tensor(hadronic_current(plus, minus, muon, neutrino), neutrino, muon)


KMU4 = Mode(
    "K+ -> pi+ pi- mu+ nu_mu",
    32,
    Pair("nu_mu", Pair("mu+", Pair("pi+", "pi-"))),
    "NPB 427 (1994) 427; form factors of EPJ C 70 (2010) 635, R of leading order",
    squared_amplitude,
)
