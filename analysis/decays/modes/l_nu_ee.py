"""K+ -> e+ nu e+ e-: structure-dependent amplitude of Bijnens, Ecker and Gasser, NPB 396 (1993) 81.

The vector and axial form factors V = 0.0885 and A = 0.0365 (KLOE, EPJ C 64 (2009) 627) are taken constant, the
third one follows from the electromagnetic form factor of the kaon by vector-meson dominance.  Approximation: inner
bremsstrahlung, suppressed by m_e / m_K, and the electron's mass are left out.  The two positrons are
antisymmetrised exactly, in massless helicity amplitudes.  The branching fraction is quoted for both electron pairs
above 150 MeV, and the weights are normalised there: the amplitude of `l_nu_ll` gives 2.3e-8, measured are 2.48(20)e-8.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.decays.mode import KAON, Floats, Mask, Mode, dot, mass2
from rarekaon.analysis.decays.phase_space import Pair

Complex = npt.NDArray[np.complex128]

VECTOR, AXIAL = 0.0885, 0.0365
F_K = 113.0 * MeV
VECTOR_MESONS = ((1 / 2, 775.26 * MeV), (1 / 6, 782.66 * MeV), (1 / 3, 1019.46 * MeV))
"""Share of rho, omega and phi in the charge of the kaon, and their masses."""
QUOTED_ABOVE = 150 * MeV
GENERATED_ABOVE = np.sqrt(1e-3) * MASS_K


def spinor(p: Floats) -> tuple[Complex, Complex]:
    """Left-handed two-component spinor of a massless momentum, in MeV^1/2."""
    magnitude = np.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)
    plus = np.sqrt(np.maximum(magnitude + p[2], 1e-12))
    return -(p[0] - 1j * p[1]) / plus, plus + 0j


def current(a: Floats, b: Floats) -> tuple[Complex, Complex, Complex, Complex]:
    """Left-handed vector current of massless a and b: chi+(a) sigma-bar^mu chi(b), as (x, y, z, t)."""
    (a1, a2), (b1, b2) = spinor(a), spinor(b)
    a1, a2 = a1.conj(), a2.conj()
    return -(a1 * b2 + a2 * b1), 1j * (a1 * b2 - a2 * b1), -(a1 * b1 - a2 * b2), a1 * b1 + a2 * b2


def levi_civita(a: Complex, b: Complex, c: Floats, d: Floats) -> Complex:
    """epsilon_{mu nu rho sigma} a^mu b^nu c^rho d^sigma (epsilon_xyzt = 1)."""

    def minor(i: int, j: int, k: int) -> Complex:
        return (
            a[i] * (b[j] * c[k] - b[k] * c[j]) - a[j] * (b[i] * c[k] - b[k] * c[i]) + a[k] * (b[i] * c[j] - b[j] * c[i])
        )

    return d[3] * minor(0, 1, 2) - d[2] * minor(0, 1, 3) + d[1] * minor(0, 2, 3) - d[0] * minor(1, 2, 3)


def structure(photon: Complex, q: Floats, lepton: Floats, neutrino: Floats) -> Complex:
    """Hadronic tensor between a photon current (or polarisation) of momentum q and the weak current."""
    weak = np.stack(current(neutrino, lepton))
    w = KAON - q
    axial = dot(q, w) * dot(photon, weak) - dot(w, photon) * dot(q, weak)
    q2 = dot(q, q)
    slope = sum(share / (mass**2 - q2) for share, mass in VECTOR_MESONS)
    electromagnetic = np.sqrt(8) * MASS_K * F_K * slope * q2 * dot(photon, weak)
    return np.asarray(1j * VECTOR * levi_civita(photon, weak, q, KAON + 0 * q) + AXIAL * axial + electromagnetic)


def squared_amplitude(neutrino: Floats, first: Floats, second: Floats, minus: Floats) -> Floats:
    """Sum over helicities; `first` and `second` are the positrons."""

    def helicity(weak: Floats, pair: Floats, *, left: bool) -> Complex:
        photon = np.stack(current(minus, pair) if left else current(pair, minus))
        q = pair + minus
        return structure(photon, q, weak, neutrino) / dot(q, q)

    same = helicity(first, second, left=True) - helicity(second, first, left=True)
    direct, crossed = helicity(first, second, left=False), helicity(second, first, left=False)
    return np.asarray((np.abs(same) ** 2 + np.abs(direct) ** 2 + np.abs(crossed) ** 2) / MASS_K**2)


def above(threshold: float, first: Floats, second: Floats, minus: Floats) -> Mask:
    """Both electron-positron masses above a threshold (MeV)."""
    return np.asarray((mass2(first, minus) > threshold**2) & (mass2(second, minus) > threshold**2))


def ordered(first: Floats, second: Floats, minus: Floats) -> Mask:
    """The part that is generated: `second` is the positron of the lighter pair, which is above `GENERATED_ABOVE`.

    The positrons are identical, so this is half of phase space and all of the physics; the propagator's pole is
    then in one variable only.
    """
    lighter = mass2(second, minus)
    return np.asarray((lighter < mass2(first, minus)) & (lighter > GENERATED_ABOVE**2))


E_NU_EE = Mode(
    "K+ -> e+ nu_e e+ e-",
    51,
    Pair("nu_e", Pair("e+", Pair("e+", "e-", "log"))),
    "NPB 396 (1993) 81, structure-dependent terms; form factors of EPJ C 64 (2009) 627",
    squared_amplitude,
    range=lambda _neutrino, first, second, minus: above(QUOTED_ABOVE, first, second, minus),
    generated=lambda _neutrino, first, second, minus: ordered(first, second, minus),
)
