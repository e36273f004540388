"""K+ -> l+ nu l'+ l'-: inner bremsstrahlung, structure-dependent terms and interference, exact in all masses.

J. Bijnens, G. Ecker and J. Gasser, NPB 396 (1993) 81: T ~ J_mu (F_K L^mu - H^{mu nu} l_nu) / q^2 with the
form factors V, A of the real photon and A_2, A_4 from the electromagnetic form factor of the kaon. V, A:
KLOE, EPJ C 64 (2009) 627, taken constant; the electromagnetic form factor by vector-meson dominance with the
quark charges (its slope is 6% above the measured radius). `l_nu_ee` keeps the faster massless amplitude for
K+ -> e+ nu e+ e-, where bremsstrahlung is negligible.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU
from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, mass2
from rarekaon.analysis.decays.modes.l_nu_ee import AXIAL, F_K, GENERATED_ABOVE, VECTOR, VECTOR_MESONS
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import (
    HELICITIES,
    Complex,
    Spinor,
    antiparticle_spinor,
    complex_dot,
    epsilon,
    left_current,
    particle_spinor,
    product,
    slashed,
    vector_current,
)

QUOTED_ABOVE = 145 * MeV


@dataclass(frozen=True)
class Structure:
    """Form factors in the phase convention of the reference, in which V and A are negative."""

    vector: float = -VECTOR / (np.sqrt(2) * MASS_K)
    """V, in MeV^-1."""
    axial: float = -AXIAL / (np.sqrt(2) * MASS_K)
    """A, in MeV^-1."""
    decay_constant: float = F_K
    """F_K, in MeV."""
    poles: tuple[tuple[float, float], ...] = VECTOR_MESONS
    """(residue, mass in MeV) of the kaon's electromagnetic form factor."""

    def slope(self, q2: Floats) -> Floats:
        """(F_V^K(q^2) - 1) / q^2, in MeV^-2."""
        return np.asarray(sum(residue / (mass**2 - q2) for residue, mass in self.poles))


STANDARD = Structure()


@dataclass(frozen=True)
class Weak:
    """The leptonic side of the amplitude."""

    q: Floats
    """Momentum of the photon."""
    p: Floats
    """Momentum of the charged lepton."""
    w: Floats
    """Momentum of the neutrino."""
    mass: float
    """Of the charged lepton, in MeV."""
    neutrino: Spinor
    """Its spinor."""
    lepton: Spinor
    """Spinor of the charged lepton."""


def bremsstrahlung(photon: Complex, s: Weak) -> Complex:
    """photon . L / m_l: emission from the kaon and from the lepton."""
    scalar = product(s.neutrino.left, s.lepton.right)
    recoil = product(s.neutrino.left, slashed(s.q, slashed(photon, s.lepton.right, bar=False), bar=True))
    q2 = dot(s.q, s.q)
    kaon = complex_dot(2 * KAON - s.q, photon) / (2 * dot(KAON, s.q) - q2)
    lepton = 1 / (2 * dot(s.p, s.q) + q2)
    return np.asarray(2 * (kaon * scalar - lepton * (2 * complex_dot(s.p, photon) * scalar + recoil)))


def structure_dependent(photon: Complex, s: Weak, form: Structure) -> Complex:
    """photon_mu H^{mu nu} l_nu; the photon current is conserved."""
    weak = 2 * left_current(s.neutrino, s.lepton)
    photon_w, weak_w = complex_dot(photon, s.w), complex_dot(weak, s.w)
    photon_weak, weak_q = complex_dot(photon, weak), complex_dot(weak, s.q)
    q2, q_w = dot(s.q, s.q), dot(s.q, s.w)
    electromagnetic = 2 * form.decay_constant * form.slope(q2)
    a4 = electromagnetic / (MASS_K**2 - mass2(s.w))
    kaon = KAON + 0 * s.q
    return np.asarray(
        -1j * form.vector * epsilon(photon, weak, s.q, kaon)
        - form.axial * (q_w * photon_weak - photon_w * weak_q)
        + electromagnetic * q2 * photon_weak
        + a4 * q2 * photon_w * weak_w
    )


def helicity_amplitudes(
    neutrino: Floats, lepton: Floats, plus: Floats, minus: Floats, *, weak: float, pair: float, form: Structure
) -> Complex:
    """T / (G_F V_us e^2), shape (2, 2, 2, n) by the helicities of lepton, plus, minus.

    `weak` and `pair` are the masses (MeV) of the lepton and of the pair's.
    """
    q = plus + minus
    q2 = dot(q, q)
    nu = particle_spinor(neutrino, 0.0, -1)
    out = np.empty((2, 2, 2, np.shape(q)[-1]), dtype=complex)
    for i, g in enumerate(HELICITIES):
        side = Weak(q, lepton, KAON - q, weak, nu, antiparticle_spinor(lepton, weak, g))
        for j, h in enumerate(HELICITIES):
            for k, m in enumerate(HELICITIES):
                photon = vector_current(particle_spinor(minus, pair, m), antiparticle_spinor(plus, pair, h)) / q2
                inner = form.decay_constant * weak * bremsstrahlung(photon, side)
                out[i, j, k] = inner - structure_dependent(photon, side, form)
    return out


def squared_amplitude(
    neutrino: Floats,
    lepton: Floats,
    plus: Floats,
    minus: Floats,
    *,
    weak: float,
    pair: float,
    form: Structure = STANDARD,
) -> Floats:
    """|T|^2 / (G_F V_us e^2)^2 summed over spins, in MeV^2 / MeV^2; the two l+ of one kind are antisymmetrised."""
    amplitude = helicity_amplitudes(neutrino, lepton, plus, minus, weak=weak, pair=pair, form=form)
    if weak == pair:
        exchanged = helicity_amplitudes(neutrino, plus, lepton, minus, weak=weak, pair=pair, form=form)
        amplitude = amplitude - exchanged.swapaxes(0, 1)
    return np.asarray((np.abs(amplitude) ** 2).sum(axis=(0, 1, 2)))


REFERENCE = "NPB 396 (1993) 81; form factors of EPJ C 64 (2009) 627"
MU_NU_EE = Mode(
    "K+ -> mu+ nu_mu e+ e-",
    52,
    Pair("nu_mu", Pair("mu+", Pair("e+", "e-", "log"))),
    REFERENCE,
    partial(squared_amplitude, weak=MASS_MU, pair=MASS_E),
    range=lambda _neutrino, _muon, plus, minus: mass2(plus, minus) > QUOTED_ABOVE**2,
    generated=lambda _neutrino, _muon, plus, minus: mass2(plus, minus) > GENERATED_ABOVE**2,
)
E_NU_MUMU = Mode(
    "K+ -> e+ nu_e mu+ mu-",
    53,
    Pair("nu_e", Pair("e+", Pair("mu+", "mu-"))),
    REFERENCE,
    partial(squared_amplitude, weak=MASS_E, pair=MASS_MU),
)
MU_NU_MUMU = Mode(
    "K+ -> mu+ nu_mu mu+ mu-",
    54,
    Pair("nu_mu", Pair("mu+", Pair("mu+", "mu-"))),
    REFERENCE,
    partial(squared_amplitude, weak=MASS_MU, pair=MASS_MU),
)
