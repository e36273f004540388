"""K_mu4 against the intensity of Pais and Treiman with the terms in the muon's mass."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU, MASS_PI
from rarekaon.analysis.decays.mode import kallen, mass2, triple
from rarekaon.analysis.decays.modes.ke4 import HP
from rarekaon.analysis.decays.modes.kmu4 import (
    KMU4,
    dipion_cosine,
    form_factors,
    squared_amplitude,
    third_form_factor,
)
from rarekaon.analysis.decays.phase_space import Pair
from tests.simulation.decays.sampling import boosted, cosine, points


def intensity(neutrino, lepton, plus, minus, mass):
    """(1 - z) J_5, J. Bijnens, G. Colangelo and J. Gasser, NPB 427 (1994) 427, with angles from explicit boosts."""
    dipion, dilepton = plus + minus, lepton + neutrino
    cos_pi, cos_l = cosine(boosted(plus, dipion), dipion), cosine(boosted(lepton, dilepton), dilepton)
    axis = dipion[:3] / np.sqrt((dipion[:3] ** 2).sum(axis=0))
    a, b = (v[:3] - axis * (v[:3] * axis).sum(axis=0) for v in (plus, lepton))
    norm = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    # the reference's sense: sin(phi) = (a x axis) . b
    phi = np.arctan2(-triple(axis, a, b) / norm, (a * b).sum(axis=0) / norm)
    s_pi, s_l = mass2(dipion), mass2(dilepton)
    f, g = form_factors(s_pi, s_l, cos_pi)
    x, beta = np.sqrt(kallen(MASS_K**2, s_pi, s_l)) / 2, np.sqrt(1 - 4 * MASS_PI**2 / s_pi)
    product, z = (MASS_K**2 - s_pi - s_l) / 2, mass**2 / s_l
    f1 = x * f + beta * product * cos_pi * g
    f2, f3 = beta * np.sqrt(s_pi * s_l) * g, beta * x * np.sqrt(s_pi * s_l) * HP / MASS_K**2
    f4 = -(product * f + s_l * third_form_factor(plus, minus, s_l) + beta * x * cos_pi * g)
    sin2, sin_pi = 1 - cos_pi**2, np.sqrt(1 - cos_pi**2)
    one, two, three, four = (np.abs(v) ** 2 for v in (f1, f2, f3, f4))
    i = [
        ((1 + z) * one + (3 + z) / 2 * (two + three) * sin2 + 2 * z * four) / 4,
        -(1 - z) / 4 * (one - (two + three) / 2 * sin2),
        -(1 - z) / 4 * (two - three) * sin2,
        (1 - z) / 2 * (f1.conj() * f2).real * sin_pi,
        -((f1.conj() * f3).real + z * (f4.conj() * f2).real) * sin_pi,
        -((f2 * f3) * sin2 - z * (f1.conj() * f4).real),
        -((f1.conj() * f2).imag + z * (f4.conj() * f3).imag) * sin_pi,
        (1 - z) / 2 * (f1.conj() * f3).imag * sin_pi,
    ]
    theta = np.arccos(cos_l)
    angular = [
        1, np.cos(2 * theta), np.sin(theta) ** 2 * np.cos(2 * phi), np.sin(2 * theta) * np.cos(phi),
        np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi), np.sin(2 * theta) * np.sin(phi),
    ]  # fmt: skip
    return (1 - z) * sum(a * b for a, b in zip(i, angular, strict=True))


@pytest.mark.parametrize(("lepton", "mass"), [("mu+", MASS_MU), ("e+", MASS_E)])
def test_amplitude_is_the_intensity(lepton, mass):
    p, _ = points(Pair("nu", Pair(lepton, Pair("pi+", "pi-"))), 10)
    ratio = squared_amplitude(*p) / intensity(*p, mass)
    assert ratio == pytest.approx(1, rel=1e-5)


def test_angle_of_the_pion_is_that_of_an_explicit_boost():
    p, _ = points(KMU4.flat, 8)
    plus, minus = p[2], p[3]
    assert dipion_cosine(plus, minus) == pytest.approx(cosine(boosted(plus, plus + minus), plus + minus), abs=1e-6)


def test_third_form_factor_makes_the_axial_current_transverse_without_masses():
    """In the chiral limit F = G = 1 and m = M = 0: F P.L + G Q.L + R s_l = 0, so R = (2 s_l - 2u + ...) / (2 s_l)."""
    p, _ = points(Pair("nu", Pair("mu+", Pair("pi+", "pi-"))), 6)
    _, _, plus, minus = p
    # at s_l = m_K^2 the pole's residue is the amplitude of K+ pi+ scattering, zero for (P - p_-)^2 = m_K^2 + m_pi^2
    s_l = mass2(p[0], p[1])
    residue = (third_form_factor(plus, minus, s_l) * 2 - 1) * (s_l - MASS_K**2)
    kaon_minus = MASS_K**2 + MASS_PI**2 - 2 * MASS_K * minus[3]
    assert residue == pytest.approx(MASS_K**2 + 2 * MASS_PI**2 + s_l - 2 * kaon_minus, rel=1e-6)


def test_ratio_of_the_rates():
    """Theory: 4.5e-6 over 4.25e-5 (J. Bijnens, G. Colangelo and J. Gasser), here with NA48/2's form factors."""
    rates = []
    for lepton in ("mu+", "e+"):
        p, weight = points(Pair("nu", Pair(lepton, Pair("pi+", "pi-"))), 14)
        rates.append((weight * squared_amplitude(*p)).mean())
    assert rates[0] / rates[1] == pytest.approx(4.5e-6 / 4.25e-5, rel=0.15)
