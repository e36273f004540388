"""K+ -> l nu l' l' against the rates published by Bijnens, Ecker and Gasser and against independent amplitudes."""

from math import pi

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import KAON, mass2
from rarekaon.analysis.decays.modes import l_nu_ee
from rarekaon.analysis.decays.modes.l_nu_ee import F_K
from rarekaon.analysis.decays.modes.l_nu_ll import (
    E_NU_MUMU,
    MU_NU_EE,
    MU_NU_MUMU,
    STANDARD,
    Structure,
    Weak,
    bremsstrahlung,
    squared_amplitude,
    structure_dependent,
)
from rarekaon.analysis.decays.modes.mu_nu_gamma import F_A, F_V0, density
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import HELICITIES, antiparticle_spinor, particle_spinor, polarisations
from tests.simulation.decays.sampling import E2, points, width, width_mu_nu

FPI = 93.2
LOWEST_ORDER = Structure(
    vector=-1 / (8 * pi**2 * FPI),
    axial=-4 * (6.9e-3 - 5.5e-3) / FPI,
    decay_constant=1.22 * FPI,
    poles=((2 * 6.9e-3 / FPI**2 * 1e12, 1e6),),
)
"""Form factors of the reference at O(p^4): L_9 = 6.9e-3, L_10 = -5.5e-3; one far pole is a linear form factor."""
BREMSSTRAHLUNG = Structure(0.0, 0.0, F_K, ())


def branching_fraction(m, form, above=0.0):
    # far from the photon's pole a flat mass is the better map
    tree = m.flat if above == 0 else Pair(m.tree.first, Pair(m.tree.second.first, Pair("e+", "e-")))
    p, weight = points(tree, 15)
    keywords = {**m.amplitude.keywords, "form": form}
    squared = squared_amplitude(*p, **keywords) * (mass2(p[2], p[3]) > above**2) * E2**2
    identical = 2 if m is MU_NU_MUMU else 1
    return 0.6356 * width(weight * squared) / width_mu_nu(form.decay_constant) / identical


@pytest.mark.parametrize(
    ("m", "above", "published"), [(MU_NU_EE, 0.0, 2.49e-5), (MU_NU_EE, 140.0, 4.98e-8), (MU_NU_MUMU, 0.0, 3.79e-9)]
)
def test_rates_of_bremsstrahlung_alone(m, above, published):
    assert branching_fraction(m, BREMSSTRAHLUNG, above) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize(
    ("m", "above", "published"), [(MU_NU_EE, 140.0, 8.51e-8), (E_NU_MUMU, 0.0, 1.12e-8), (MU_NU_MUMU, 0.0, 1.35e-8)]
)
def test_rates_with_form_factors(m, above, published):
    """The reference has a loop in the electromagnetic form factor, here it is linear: the rates are 5-17% lower."""
    assert branching_fraction(m, LOWEST_ORDER, above) == pytest.approx(published, rel=0.18)


def test_measured_rates():
    """PDG: 7.06(31)e-8 above 145 MeV; 1.7(5)e-8."""
    assert branching_fraction(MU_NU_EE, STANDARD, 145.0) == pytest.approx(7.06e-8, rel=0.1)
    assert branching_fraction(E_NU_MUMU, STANDARD) == pytest.approx(1.7e-8, abs=2 * 0.5e-8)


def test_massless_amplitude_of_e_nu_ee_is_the_limit():
    """Up to a constant, bremsstrahlung and corrections in the electron's mass, which are 2% of pairs of 100 MeV."""
    p, _ = points(Pair("nu_e", Pair("e+", Pair("e+", "e-"))), 9)
    chosen = (mass2(p[1], p[3]) > 120**2) & (mass2(p[2], p[3]) > 120**2)
    p = p[:, :, chosen]
    ratio = squared_amplitude(*p, weak=MASS_E, pair=MASS_E) / l_nu_ee.squared_amplitude(*p)
    assert np.quantile(ratio, [0.01, 0.99]) == pytest.approx(np.median(ratio), rel=0.01)


def test_real_photon_has_the_published_density():
    """With a photon's polarisation for the pair's current, |T|^2 is the density of K+ -> mu+ nu gamma in x and y."""
    (nu, muon, q), _ = points(Pair("nu_mu", Pair("mu+", "gamma")), 8)
    x, y = 2 * q[3] / MASS_K, 2 * muon[3] / MASS_K
    vector = -F_V0 * (1 + 0.38 * (1 - x)) / (np.sqrt(2) * MASS_K)
    form = Structure(vector, -F_A / (np.sqrt(2) * MASS_K), F_K, ())
    total = 0.0
    for photon in polarisations(q):
        for h in HELICITIES:
            side = Weak(q, muon, KAON - q, MASS_MU, particle_spinor(nu, 0.0, -1), antiparticle_spinor(muon, MASS_MU, h))
            inner = F_K * MASS_MU * bremsstrahlung(photon + 0j, side)
            total = total + np.abs(inner - structure_dependent(photon + 0j, side, form)) ** 2
    ratio = total / density(x, y)
    assert ratio == pytest.approx(ratio[0], rel=1e-6)


def test_photon_current_along_its_momentum_does_not_couple():
    """Gauge invariance of both parts."""
    (nu, muon, plus, minus), _ = points(MU_NU_EE.flat, 7)
    q = plus + minus
    for h in HELICITIES:
        side = Weak(q, muon, KAON - q, MASS_MU, particle_spinor(nu, 0.0, -1), antiparticle_spinor(muon, MASS_MU, h))
        scale = np.abs(bremsstrahlung(muon + 0j, side)).max()
        assert np.abs(bremsstrahlung(q + 0j, side)).max() < 1e-9 * scale
        magnetic = Structure(STANDARD.vector, STANDARD.axial, 0.0, ())
        scale = np.abs(structure_dependent(muon + 0j, side, magnetic)).max()
        assert np.abs(structure_dependent(q + 0j, side, magnetic)).max() < 1e-9 * scale
