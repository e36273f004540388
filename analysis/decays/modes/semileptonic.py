"""K+ -> pi0 l+ nu and the contraction of a hadronic current with the V-A lepton tensor.

Form factors f_+(t) with the quadratic slopes of the PDG, f_-(t) = xi f_+(t). L.-M. Chounet, J.-M. Gaillard
and M. K. Gaillard, Phys. Rept. 4 (1972) 199.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.modes.pi0 import dalitz, from_pi0
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import vector_form_factor
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import Complex, complex_dot, epsilon

XI = -0.14
"""f_- / f_+ of K_mu3 (PDG, from the slopes of f_0 and f_+)."""
SOURCE = "Phys. Rept. 4 (1972) 199; PDG 2020 slopes"


def lepton_tensor(current: Complex | Floats, neutrino: Floats, lepton: Floats) -> Floats:
    """|h_mu u-bar(nu) gamma^mu (1 - gamma5) v(l+)|^2 / 8 summed over spins, h a hadronic current (4, n)."""
    conjugate = np.conj(current)
    value = 2 * (complex_dot(current, neutrino) * complex_dot(conjugate, lepton)).real
    value = value - complex_dot(current, conjugate).real * dot(neutrino, lepton)
    if np.iscomplexobj(current):
        value = value - (1j * epsilon(np.asarray(current), conjugate, neutrino, lepton)).real
    return np.asarray(value)


def hadronic_current(pi0: Floats, lepton: Floats, neutrino: Floats) -> Floats:
    """f_+ (P + p) + f_- (P - p), in MeV."""
    f_plus = vector_form_factor(mass2(lepton, neutrino))
    return np.asarray(f_plus * (KAON + pi0 + XI * (KAON - pi0)))


def kl3(pi0: Floats, lepton: Floats, neutrino: Floats) -> Floats:
    """Squared amplitude of K_l3, in MeV^4."""
    return lepton_tensor(hadronic_current(pi0, lepton, neutrino), neutrino, lepton)


def two_photons(neutrino: Floats, lepton: Floats, first: Floats, second: Floats) -> Floats:
    return kl3(first + second, lepton, neutrino)


def with_dalitz(neutrino: Floats, lepton: Floats, gamma: Floats, plus: Floats, minus: Floats) -> Floats:
    return kl3(gamma + plus + minus, lepton, neutrino) * dalitz(gamma, plus, minus)


def _mode(lepton: str, code: int, pi0: str) -> Mode:
    flavour = lepton.removesuffix("+")
    return Mode(
        f"K+ -> pi0 {lepton} nu_{flavour}, pi0 -> {pi0}",
        code,
        Pair(f"nu_{flavour}", Pair(lepton, from_pi0(pi0))),
        SOURCE,
        with_dalitz if "e+" in pi0 else two_photons,
    )


PI0_E_NU = _mode("e+", 42, "gamma gamma")
PI0_MU_NU = _mode("mu+", 43, "gamma gamma")
PI0D_MU_NU = _mode("mu+", 44, "e+ e- gamma")
