"""K+ -> pi+ pi- e+ nu: the intensity of Pais and Treiman (PR 168 (1968) 1858) in the variables of Cabibbo and
Maksymowicz.

Form factors relative to f_s(0) as measured by NA48/2, EPJ C 70 (2010) 635 and PLB 715 (2012) 105; S-wave phase
shift of Colangelo, Gasser and Leutwyler, NPB 603 (2001) 125.  The electron mass is neglected in the intensity.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, dot, kallen, mass2, triple
from rarekaon.analysis.decays.phase_space import Pair

FS1, FS2, FE, FP = 0.152, -0.073, 0.068, -0.048
GP, GP1, HP = 0.868, 0.089, -0.398
A00 = 0.220


def s_wave_phase(s_pi: Floats) -> Floats:
    """delta_0^0(s) in rad by the parametrisation of the reference (leading terms)."""
    q2 = np.maximum(s_pi / (4 * MASS_PI**2) - 1, 0)
    beta = np.sqrt(np.maximum(1 - 4 * MASS_PI**2 / s_pi, 0))
    pole = (4 - 36.77) / (s_pi / MASS_PI**2 - 36.77)
    return np.asarray(np.arctan(beta * pole * (A00 + 0.268 * q2 - 0.0139 * q2**2 - 0.00139 * q2**3)))


def angles(plus: Floats, minus: Floats, electron: Floats, neutrino: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """cos(theta_pi), cos(theta_e), sin(phi), cos(phi) of Cabibbo and Maksymowicz from invariants.

    theta_pi: pi+ in the dipion frame to the dipion's direction; theta_e: e+ in the dilepton frame to the
    dilepton's; phi: from the dipion to the dilepton plane.
    """
    dipion, dilepton = plus + minus, electron + neutrino
    s_pi, s_e = mass2(dipion), mass2(dilepton)
    x = np.sqrt(np.maximum(kallen(MASS_K**2, s_pi, s_e), 1e-9)) / 2
    beta = np.sqrt(np.maximum(1 - 4 * MASS_PI**2 / s_pi, 1e-12))
    cos_pi = np.clip(dot(dilepton, plus - minus) / (x * beta), -1, 1)
    cos_e = np.clip(dot(dipion, electron - neutrino) / x, -1, 1)
    axis = dipion[:3] / np.sqrt((dipion[:3] ** 2).sum(axis=0))
    across_pi = plus[:3] - axis * (plus[:3] * axis).sum(axis=0)
    across_e = electron[:3] - axis * (electron[:3] * axis).sum(axis=0)
    norm = np.sqrt((across_pi**2).sum(axis=0) * (across_e**2).sum(axis=0))
    safe = np.maximum(norm, 1e-12)
    cos_phi = (across_pi * across_e).sum(axis=0) / safe
    sin_phi = -triple(axis, across_pi, across_e) / safe
    return cos_pi, cos_e, sin_phi, cos_phi


def squared_amplitude(neutrino: Floats, electron: Floats, plus: Floats, minus: Floats) -> Floats:
    """J_5 of Pais and Treiman with F_s, F_p, G_p, H_p."""
    s_pi, s_e = mass2(plus, minus), mass2(electron, neutrino)
    cos_pi, cos_e, sin_phi, cos_phi = angles(plus, minus, electron, neutrino)
    sin_pi, sin_e = np.sqrt(1 - cos_pi**2), np.sqrt(1 - cos_e**2)
    x = np.sqrt(np.maximum(kallen(MASS_K**2, s_pi, s_e), 0)) / 2
    beta = np.sqrt(np.maximum(1 - 4 * MASS_PI**2 / s_pi, 0))
    q2 = s_pi / (4 * MASS_PI**2) - 1
    phase = np.exp(1j * s_wave_phase(s_pi))
    f = (1 + FS1 * q2 + FS2 * q2**2 + FE * s_e / (4 * MASS_PI**2)) * phase + FP * cos_pi
    g = GP + GP1 * q2
    kaon_dilepton = (MASS_K**2 - s_pi - s_e) / 2
    f1 = x * f + beta * kaon_dilepton * cos_pi * g
    f2 = beta * np.sqrt(s_pi * s_e) * g
    f3 = beta * x * np.sqrt(s_pi * s_e) * HP / MASS_K**2
    i1 = (np.abs(f1) ** 2 + 1.5 * (f2**2 + f3**2) * sin_pi**2) / 4
    i2 = -(np.abs(f1) ** 2 - 0.5 * (f2**2 + f3**2) * sin_pi**2) / 4
    i3 = -(f2**2 - f3**2) * sin_pi**2 / 4
    i4, i5 = f1.real * f2 * sin_pi / 2, -f1.real * f3 * sin_pi
    i6 = -f2 * f3 * sin_pi**2
    i7, i8 = f1.imag * f2 * sin_pi, -f1.imag * f3 * sin_pi / 2
    return np.asarray(
        i1
        + i2 * (2 * cos_e**2 - 1)
        + i3 * sin_e**2 * (cos_phi**2 - sin_phi**2)
        + i4 * 2 * sin_e * cos_e * cos_phi
        + i5 * sin_e * cos_phi
        + i6 * cos_e
        + i7 * sin_e * sin_phi
        + i8 * 2 * sin_e * cos_e * sin_phi
    ) / dot(KAON, KAON)


KE4 = Mode(
    "K+ -> pi+ pi- e+ nu_e",
    31,
    Pair("nu_e", Pair("e+", Pair("pi+", "pi-"))),
    "PR 168 (1968) 1858; form factors of EPJ C 70 (2010) 635",
    squared_amplitude,
)
