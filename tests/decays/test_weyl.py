"""Two-component spinors: completeness, current conservation, and polarisation vectors."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_MU
from rarekaon.analysis.decays.mode import dot
from rarekaon.analysis.decays.modes.semileptonic import lepton_tensor
from rarekaon.analysis.decays.phase_space import Pair
from rarekaon.analysis.decays.weyl import (
    HELICITIES,
    antiparticle_spinor,
    complex_dot,
    dual,
    epsilon,
    left_current,
    particle_spinor,
    polarisations,
    slashed,
    vector_current,
)
from tests.simulation.decays.sampling import points


@pytest.fixture(scope="module")
def momenta():
    p, _ = points(Pair("nu_mu", Pair("gamma", Pair("mu+", "mu-"))), 6)
    return p


def test_spinors_solve_the_dirac_equation(momenta):
    for make, sign in ((particle_spinor, 1), (antiparticle_spinor, -1)):
        for h in HELICITIES:
            s = make(momenta[2], MASS_MU, h)
            left = slashed(momenta[2], s.right, bar=False)
            right = slashed(momenta[2], s.left, bar=True)
            assert np.abs(left - sign * MASS_MU * s.left).max() < 1e-9
            assert np.abs(right - sign * MASS_MU * s.right).max() < 1e-9


def test_spin_sum_is_the_trace(momenta):
    """sum |h . u-bar gamma v|^2 = 8 (h k)(h k') - 4 h^2 (k k' + m^2) for a real vector h."""
    h = np.array([0.3, -1.2, 0.7, 2.0])[:, None]
    _, _, plus, minus = momenta
    total = sum(
        np.abs(
            complex_dot(vector_current(particle_spinor(minus, MASS_MU, a), antiparticle_spinor(plus, MASS_MU, b)), h)
        )
        ** 2
        for a in HELICITIES
        for b in HELICITIES
    )
    trace = 8 * dot(h, plus) * dot(h, minus) - 4 * dot(h, h) * (dot(plus, minus) + MASS_MU**2)
    assert total == pytest.approx(trace, rel=1e-9)


def test_vector_current_is_conserved(momenta):
    _, _, plus, minus = momenta
    for a in HELICITIES:
        for b in HELICITIES:
            j = vector_current(particle_spinor(minus, MASS_MU, a), antiparticle_spinor(plus, MASS_MU, b))
            assert np.abs(complex_dot(j, plus + minus)).max() < 1e-8 * np.abs(j).max() * MASS_MU


def test_lepton_tensor_is_the_spin_sum_also_for_complex_currents(momenta):
    nu, _, muon, other = momenta
    h = (1.0 + 0.3j) * muon + (0.2 - 1j) * other + 0.5j * dual(nu, muon, other) / 1e4
    total = sum(
        np.abs(2 * complex_dot(left_current(particle_spinor(nu, 0.0, -1), antiparticle_spinor(muon, MASS_MU, s)), h))
        ** 2
        for s in HELICITIES
    )
    assert lepton_tensor(h, nu, muon) == pytest.approx(total / 8, rel=1e-9)


def test_polarisations_are_transverse_and_normal(momenta):
    photon = momenta[1]
    first, second = polarisations(photon)
    for e in (first, second):
        assert np.abs(dot(e, photon)).max() < 1e-9
        assert dot(e, e) == pytest.approx(-1)
    assert np.abs(dot(first, second)).max() < 1e-12


def test_epsilon_is_the_determinant_and_dual_its_gradient(momenta):
    a, b, c, d = momenta
    rows = np.stack((a, b, c, d))
    determinant = np.linalg.det(np.moveaxis(rows, 2, 0))
    scale = np.abs(determinant).max()
    a, b, c, d = (x + 0j for x in (a, b, c, d))
    assert epsilon(a, b, c.real, d.real).real == pytest.approx(determinant, abs=1e-9 * scale)
    assert dot(dual(b.real, c.real, d.real), a.real) == pytest.approx(determinant, abs=1e-9 * scale)


def test_turning_helicities_round_conjugates_real_contractions(momenta):
    """Why sums over helicities of parity-conserving amplitudes may leave out one half."""
    nu, gamma, plus, minus = momenta
    for a in HELICITIES:
        for b in HELICITIES:
            j, k = (
                vector_current(particle_spinor(minus, MASS_MU, s * a), antiparticle_spinor(plus, MASS_MU, s * b))
                for s in (1, -1)
            )
            for real in (nu, gamma):
                assert np.abs(complex_dot(j, real)) == pytest.approx(np.abs(complex_dot(k, real)), rel=1e-9)


def test_massless_electron_limit_of_the_helicities(momenta):
    """The wrong helicity of a light particle is suppressed by its mass over twice its energy."""
    p = momenta[2]
    s = particle_spinor(p, MASS_E, 1)
    ratio = np.sqrt((np.abs(s.left) ** 2).sum(axis=0) / (np.abs(s.right) ** 2).sum(axis=0))
    momentum = np.sqrt((p[:3] ** 2).sum(axis=0))
    assert ratio == pytest.approx(MASS_E / (p[3] + momentum), rel=1e-9)
