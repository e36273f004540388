"""Heavy neutral leptons: the helicity factor against its published maximum and a spinor calculation."""

import numpy as np
import pytest
from scipy import optimize

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import KAON
from rarekaon.analysis.decays.modes.mu_n import lepton_n, lepton_n_visible
from rarekaon.analysis.decays.weyl import HELICITIES, antiparticle_spinor, complex_dot, left_current, particle_spinor
from rarekaon.analysis.statistics.heavy_neutrino import kinematic_factor
from tests.simulation.decays.sampling import points


def spinor_width(mass, lepton, light):
    """Width of K+ -> l+ N up to a constant: sum |P . u-bar(N) gamma P_L v(l)|^2 times the two-body volume."""
    (charged, n), weight = points(lepton_n(mass, lepton).flat, 3)
    total = sum(
        np.abs(
            complex_dot(left_current(particle_spinor(n, mass, a), antiparticle_spinor(charged, light, b)), KAON + 0 * n)
        )
        ** 2
        for a in HELICITIES
        for b in HELICITIES
    )
    return float((weight * total).mean())


@pytest.mark.parametrize("mass", [50.0, 200.0, 263.0, 350.0])
@pytest.mark.parametrize(("lepton", "light"), [("mu+", MASS_MU), ("e+", MASS_E)])
def test_helicity_factor_is_the_ratio_of_widths(mass, lepton, light):
    ratio = spinor_width(mass, lepton, light) / spinor_width(0.0, lepton, light)
    assert ratio == pytest.approx(kinematic_factor(mass, light), rel=1e-6)


@pytest.mark.parametrize(("light", "at", "maximum"), [(MASS_MU, 263.0, 4.13), (MASS_E, 285.0, 138275.0)])
def test_maximum_of_the_helicity_factor(light, at, maximum):
    best = optimize.minimize_scalar(lambda m: -float(kinematic_factor(m, light)), bounds=(100, 380), method="bounded")
    assert best.x == pytest.approx(at, abs=1)
    assert -best.fun == pytest.approx(maximum, rel=1e-3)


def test_helicity_factor_vanishes_at_and_above_threshold():
    assert kinematic_factor(MASS_K - MASS_MU - 1e-9) < 1e-3
    assert kinematic_factor(MASS_K) == 0.0


def test_muon_momentum_is_that_of_two_bodies():
    p, _ = points(lepton_n(300.0).flat, 4)
    missing = MASS_K**2 + MASS_MU**2 - 2 * MASS_K * p[0, 3]
    assert missing == pytest.approx(300.0**2)


def test_visible_decay_has_a_narrow_resonance():
    p, _ = points(lepton_n_visible(300.0).flat, 6)
    total = p[1] + p[2]
    assert total[3] ** 2 - (total[:3] ** 2).sum(axis=0) == pytest.approx(300.0**2)
