"""K+ -> pi+ l+ l- against measured rates, which the form factor's parameters imply without any other input."""

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import CTAU_K, MASS_E, MASS_K, MASS_MU, MASS_PI
from rarekaon.analysis.decays.modes.pi_ll import PI_EE, PI_MUMU, form_factor, squared_amplitude
from tests.simulation.decays.sampling import points

ALPHA = 1 / 137.036
HBAR_C = 1.973269804e-10
"""MeV mm."""


def spectrum(z, mass, a, b):
    """dB/dz of JHEP 08 (1998) 004, Eq. 2.5: the amplitude in closed form, integrated over the leptons' directions."""
    r2_l, r2_pi = (mass / MASS_K) ** 2, (MASS_PI / MASS_K) ** 2
    kallen = 1 + z * z + r2_pi**2 - 2 * (z + r2_pi + z * r2_pi)
    leptons = np.sqrt(1 - 4 * r2_l / z) * (1 + 2 * r2_l / z)
    width = ALPHA**2 * MASS_K / (12 * np.pi * (4 * np.pi) ** 4) * kallen**1.5 * leptons
    return width * abs(form_factor(np.array([z]), a, b)[0]) ** 2 * CTAU_K / HBAR_C


def branching_fraction(mass, a, b, least=0.0):
    low, high = max(least, 4 * (mass / MASS_K) ** 2 * (1 + 1e-9)), (1 - MASS_PI / MASS_K) ** 2
    return integrate.quad(spectrum, low, high, args=(mass, a, b), points=[0.01], epsrel=1e-6)[0]


@pytest.mark.parametrize(
    ("mode", "mass", "least", "measured", "error"),
    [
        # PLB 677 (2009) 246: the branching fraction above z = 0.08, which is free of models
        (PI_EE, MASS_E, 0.08, 2.28e-7, 0.08e-7),
        # JHEP 11 (2022) 011: 9.15(8)e-8; the published error of a, 0.013, alone moves the rate by 4%
        (PI_MUMU, MASS_MU, 0.0, 9.15e-8, 0.37e-8),
    ],
)
def test_parameters_give_the_measured_branching_fraction(mode, mass, least, measured, error):
    a, b = (mode.amplitude.keywords[name] for name in "ab")
    assert branching_fraction(mass, a, b, least) == pytest.approx(measured, abs=error)


@pytest.mark.parametrize(("mode", "mass"), [(PI_EE, MASS_E), (PI_MUMU, MASS_MU)])
def test_amplitude_has_the_spectrum_of_the_closed_form(mode, mass):
    parameters = mode.amplitude.keywords
    p, weight = points(mode.tree, 21)
    q = p[1] + p[2]
    z = (q[3] ** 2 - (q[:3] ** 2).sum(axis=0)) / MASS_K**2
    weight = weight * squared_amplitude(p[0], p[1], p[2], **parameters)
    edge = 0.15
    above = weight[z > edge].sum() / weight.sum()
    whole = branching_fraction(mass, **parameters)
    assert above == pytest.approx(branching_fraction(mass, **parameters, least=edge) / whole, rel=0.01)
