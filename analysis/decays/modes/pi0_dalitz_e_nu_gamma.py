"""K+ -> pi0 e+ nu gamma followed by pi0 -> e+ e- gamma: inner bremsstrahlung with spin.

J. Bijnens, G. Ecker and J. Gasser, NPB 396 (1993) 81, at leading order with the form factor f_+(t) of K_e3;
structure-dependent terms are below 1%. Photons above 10 MeV in the kaon frame; a simulation that adds
final-state radiation of positrons of its own counts the collinear ones twice.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E
from rarekaon.analysis.decays.mode import KAON, Floats, Mask, Mode, dot, mass2
from rarekaon.analysis.decays.modes.pi0 import dalitz, from_pi0
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import vector_form_factor
from rarekaon.analysis.decays.modes.pi_pi0_gamma import HARD
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import (
    HELICITIES,
    Complex,
    antiparticle_spinor,
    complex_dot,
    left_current,
    particle_spinor,
    polarisations,
    product,
    slashed,
)


def amplitude(photon: Floats, pi0: Floats, lepton: Floats, neutrino: Floats, gamma: Floats, spin: int) -> Complex:
    """T / (G_F V_us e f_+ / sqrt(2)) for a polarisation vector `photon`; 0 if that is the photon's momentum."""
    nu = particle_spinor(neutrino, 0.0, -1)
    electron = antiparticle_spinor(lepton, MASS_E, spin)
    weak = 2 * left_current(nu, electron)
    current, p_q = KAON + pi0, dot(lepton, gamma)
    flipped = slashed(gamma, slashed(photon, electron.left, bar=True), bar=False)
    magnetic = 2 * product(nu.left, slashed(current, flipped, bar=True))
    return np.asarray(
        complex_dot(photon, KAON + 0 * gamma) / dot(KAON, gamma) * complex_dot(weak, current - gamma)
        + complex_dot(weak, photon)
        - complex_dot(photon, lepton) / p_q * complex_dot(weak, current)
        - magnetic / (2 * p_q)
    )


def radiative(pi0: Floats, lepton: Floats, neutrino: Floats, gamma: Floats) -> Floats:
    """|M|^2 / e^2 in the units of `semileptonic.kl3`, MeV^2."""
    total = np.zeros(gamma.shape[-1])
    for photon in polarisations(gamma):
        for spin in HELICITIES:
            total += np.abs(amplitude(photon, pi0, lepton, neutrino, gamma, spin)) ** 2
    return np.asarray(total * vector_form_factor(mass2(KAON - pi0)) ** 2 / 8)


def squared_amplitude(
    neutrino: Floats, photon: Floats, plus: Floats, minus: Floats, lepton: Floats, gamma: Floats
) -> Floats:
    return radiative(photon + plus + minus, lepton, neutrino, gamma) * dalitz(photon, plus, minus)


def is_hard(*momenta: Floats) -> Mask:
    return np.asarray(momenta[-1][3] > HARD)


PI0D_E_NU_GAMMA = Mode(
    "K+ -> pi0 e+ nu_e gamma, pi0 -> e+ e- gamma",
    45,
    Pair("nu_e", Pair(from_pi0("e+ e- gamma"), Pair("e+", "gamma", "log"))),
    "NPB 396 (1993) 81 at leading order; PDG 2020 slopes",
    squared_amplitude,
    generated=is_hard,
)
