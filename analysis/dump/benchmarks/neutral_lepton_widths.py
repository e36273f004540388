"""Widths of a heavy neutral lepton that mixes with one flavour, at U^2 = 1.

JHEP 11 (2018) 032 (arXiv:1805.08567) Section 3.  Masses and widths in MeV.  A Majorana particle decays to both charges,
which doubles every width.
"""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
from scipy.integrate import quad

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU, MASS_PI, MASS_PI0
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Floats

MASS_TAU = 1776.86
NEUTRAL_PSEUDOSCALARS = ((MASS_PI0, 130.2), (547.86, 81.7), (957.78, 94.7))
"""pi0, eta, eta': masses and decay constants, all MeV."""
MASS_RHO, RHO_CONSTANT = 775.26, 0.162 * GeV**2
MASS_OMEGA, OMEGA_CONSTANT = 782.66, 0.153 * GeV**2
MASS_PHI, PHI_CONSTANT = 1019.46, 0.234 * GeV**2
QUARKS_FROM = 1 * GeV
QCD_CORRECTION = 0.15
"""Of hadronic tau decays, taken for all masses."""


def triangle(a: Floats | float, b: Floats | float, c: Floats | float) -> Floats:
    """lambda(a, b, c), not below 0."""
    values: Floats = np.maximum(np.asarray(a**2 + b**2 + c**2 - 2 * (a * b + b * c + c * a), dtype=float), 0.0)
    return values


def to_pseudoscalar(lepton: float, meson: float, constant: float, mixing: float, mass: float) -> float:
    """Gamma(N -> l P) of one charge at U^2 = 1; for a neutral one with a neutrino take half of lepton = 0."""
    if lepton + meson >= mass:
        return 0.0
    x, y = (lepton / mass) ** 2, (meson / mass) ** 2
    strength = (facts().constants.fermi * constant * mixing) ** 2 * mass**3 / (16 * pi)
    return float(strength * ((1 - x) ** 2 - y * (1 + x)) * np.sqrt(triangle(1.0, x, y)))


def to_vector(lepton: float, meson: float, constant: float, mixing: float, mass: float) -> float:
    """Gamma(N -> l V) of one charge at U^2 = 1; `constant` in MeV^2."""
    if lepton + meson >= mass:
        return 0.0
    x, y = (lepton / mass) ** 2, (meson / mass) ** 2
    strength = (facts().constants.fermi * constant * mixing) ** 2 * mass**3 / (16 * pi * meson**2)
    return float(strength * ((1 - x) ** 2 + y * (1 + x) - 2 * y**2) * np.sqrt(triangle(1.0, x, y)))


def _charged_current(mass: float, lepton: float, up: float, down: float) -> float:
    """Gamma(N -> l u d) of one charge over G_F^2 m^5/(192 pi^3), without colours and mixing."""
    xl, xu, xd = lepton / mass, up / mass, down / mass
    if xl + xu + xd >= 1:
        return 0.0

    def density(s: float) -> float:
        root = sqrt(float(triangle(s, xu**2, xd**2)) * float(triangle(1.0, s, xl**2)))
        return 12 / s * (s - xu**2 - xd**2) * (1 + xl**2 - s) * root

    return float(quad(density, (xu + xd) ** 2, (1 - xl) ** 2)[0])


def _neutral_current(mass: float, fermion: float, same: bool) -> float:
    """Gamma(N -> nu f f) over G_F^2 m^5/(192 pi^3) for charged leptons; `same`: of the flavour N mixes with."""
    x = fermion / mass
    if x >= 0.5:
        return 0.0
    s, sign = facts().constants.weak_angle, 1 if same else -1
    c1, c2 = 0.25 * (1 + sign * 4 * s + 8 * s**2), 0.5 * s * (2 * s + sign)
    root = sqrt(1 - 4 * x**2)
    # x^2 (1 + root) is the denominator; the logarithm is small against its factor x^4 for light leptons
    inside = (1 - 3 * x**2 - (1 - x**2) * root) / (x**2 * (1 + root)) if x > 1e-2 else x**4
    log = np.log(max(inside, 1e-300))
    first = (1 - 14 * x**2 - 2 * x**4 - 12 * x**6) * root + 12 * x**4 * (x**4 - 1) * log
    second = x**2 * (2 + 10 * x**2 - 12 * x**4) * root + 6 * x**4 * (1 - 2 * x**2 + 2 * x**4) * log
    return float(c1 * first + 4 * c2 * second)


def other_width(own: float, mass: float) -> float:
    """Width of all but N -> pi l, both charges: neutrinos, leptons, mesons below 1 GeV and quarks above."""
    c = facts().constants
    unit = c.fermi**2 * mass**5 / (192 * pi**3)
    leptons = 1.0
    for flavour in (MASS_E, MASS_MU, MASS_TAU):
        leptons += _neutral_current(mass, flavour, flavour == own)
        if flavour != own:
            leptons += _charged_current(mass, own, 0.0, flavour)
    s = c.weak_angle
    neutral = [to_pseudoscalar(0.0, meson, constant, 1.0, mass) for meson, constant in NEUTRAL_PSEUDOSCALARS]
    neutral += [
        to_vector(0.0, MASS_RHO, RHO_CONSTANT, 1 - 2 * s, mass),
        to_vector(0.0, MASS_OMEGA, OMEGA_CONSTANT, 4 / 3 * s, mass),
        to_vector(0.0, MASS_PHI, PHI_CONSTANT, 1 - 4 / 3 * s, mass),
    ]
    mesons = sum(neutral) / 2
    mesons += to_pseudoscalar(own, MASS_K, c.f_k, c.v_us, mass) + to_vector(own, MASS_RHO, RHO_CONSTANT, c.v_ud, mass)
    if mass > QUARKS_FROM:
        pion = to_pseudoscalar(own, MASS_PI, c.f_pi, c.v_ud, mass)
        charged = 3 * _charged_current(mass, own, 0.0, 0.0) * (1 + QCD_CORRECTION) * unit
        mesons = max(mesons, charged - pion + sum(neutral) / 2)
    return 2 * (unit * leptons + mesons)


def pion_width(own: float, mass: float) -> float:
    """N -> pi- l+ and pi+ l-."""
    c = facts().constants
    return 2 * to_pseudoscalar(own, MASS_PI, c.f_pi, c.v_ud, mass)
