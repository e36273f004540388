"""Phase space against closed forms: volumes, the Dalitz plot's boundary and its flatness."""

import itertools
from math import factorial, pi, sqrt

import numpy as np
import pytest
from scipy import integrate, stats

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU, MASS_PI
from rarekaon.analysis.decays.mode import kallen, mass2
from rarekaon.analysis.decays.phase_space import SOFTEST, Pair, flatten
from rarekaon.analysis.decays.uniform import MU_NU_EE_LNV
from tests.simulation.decays.sampling import points, sampled

MASSLESS = {
    3: Pair("nu", Pair("nu", "nu")),
    4: Pair(Pair("nu", "nu"), Pair("nu", "nu")),
    5: Pair("nu", Pair(Pair("nu", "nu"), Pair("nu", "nu"))),
}


@pytest.mark.parametrize("n", MASSLESS)
def test_volume_of_massless_bodies(n):
    _, weight = points(MASSLESS[n], 15)
    volume = MASS_K ** (2 * n - 4) / (2 * (4 * pi) ** (2 * n - 3) * factorial(n - 1) * factorial(n - 2))
    assert weight.mean() == pytest.approx(volume, rel=3e-3)


def three_body_volume(a, b, c, top=None):
    def slice_of(m):
        s = m * m
        roots = kallen(s, a * a, b * b) * kallen(MASS_K**2, s, c * c)
        return 2 * m * sqrt(max(0.0, float(roots))) / s

    area, _ = integrate.quad(slice_of, a + b, (MASS_K - c) if top is None else top, limit=200)
    return area / (128 * pi**3 * MASS_K**2)


@pytest.mark.parametrize("tree", [Pair("pi+", Pair("pi+", "pi-")), Pair("mu+", Pair("pi+", "e-"))])
def test_volume_of_three_massive_bodies(tree):
    _, weight = points(tree)
    masses = {"pi+": MASS_PI, "pi-": MASS_PI, "mu+": MASS_MU, "e-": MASS_E}
    a, b, c = masses[tree.second.first], masses[tree.second.second], masses[tree.first]
    assert weight.mean() == pytest.approx(three_body_volume(a, b, c), rel=1e-3)


@pytest.mark.parametrize(("mass", "top"), [("log", None), ("soft", MASS_K - SOFTEST)])
def test_maps_of_the_mass_do_not_change_the_volume(mass, top):
    _, weight = points(Pair("gamma", Pair("mu+", "e-", mass)))
    assert weight.mean() == pytest.approx(three_body_volume(MASS_MU, MASS_E, 0.0, top), rel=2e-3)


def test_soft_map_is_logarithmic_in_the_photon_energy():
    p, _ = points(Pair("gamma", Pair("mu+", "nu_mu", "soft")))
    top = MASS_K - MASS_MU
    distance = MASS_K - np.sqrt(MASS_K**2 - 2 * MASS_K * p[0, 3])
    share = np.log(distance / SOFTEST) / np.log(top / SOFTEST)
    assert stats.kstest(share, "uniform").statistic < 0.01


def test_dalitz_plot_is_flat_inside_its_boundary():
    p, weight = points(Pair("pi-", Pair("pi+", "pi+")), 16)
    s12, s23 = mass2(p[1], p[2]), mass2(p[0], p[2])
    m12 = np.sqrt(s12)
    e2, e3 = m12 / 2, (MASS_K**2 - s12 - MASS_PI**2) / (2 * m12)
    k2, k3 = np.sqrt(e2**2 - MASS_PI**2), np.sqrt(np.maximum(e3**2 - MASS_PI**2, 0))
    low, high = (e2 + e3) ** 2 - (k2 + k3) ** 2, (e2 + e3) ** 2 - (k2 - k3) ** 2
    position = (s23 - low) / (high - low)
    assert position.min() > -1e-6
    assert position.max() < 1 + 1e-6
    content, _ = np.histogram(position, np.linspace(0, 1, 21), weights=weight)
    assert content * 20 / content.sum() == pytest.approx(1, abs=0.03)
    # and in the other variable: the density in s12 is the length of the slice
    edges = np.linspace(s12.min(), s12.max(), 11)
    content, _ = np.histogram(s12, edges, weights=weight)

    def length(s):
        return sqrt(max(0, float(kallen(s, MASS_PI**2, MASS_PI**2) * kallen(MASS_K**2, s, MASS_PI**2)))) / s

    expected = np.array([integrate.quad(length, a, b)[0] for a, b in itertools.pairwise(edges)])
    assert content / content.sum() == pytest.approx(expected / expected.sum(), abs=1e-3)


def test_uniform_decay_has_the_pair_mass_of_phase_space():
    p, weight = sampled(MU_NU_EE_LNV)
    names = MU_NU_EE_LNV.products
    positrons = [q for name, q in zip(names, p, strict=True) if name == "e+"]
    mean = np.average(np.sqrt(mass2(*positrons)), weights=weight)

    def density(mu_ee, ee):
        s, t = mu_ee**2, ee**2
        roots = kallen(MASS_K**2, s, 0.0) * kallen(s, t, MASS_MU**2) * kallen(t, MASS_E**2, MASS_E**2)
        return sqrt(max(0.0, float(roots))) / (mu_ee * ee)

    def integral(power):
        return integrate.dblquad(
            lambda a, e: density(a, e) * e**power, 2 * MASS_E, MASS_K - MASS_MU, lambda e: e + MASS_MU, MASS_K,
            epsrel=1e-4,
        )[0]  # fmt: skip

    assert mean == pytest.approx(integral(1) / integral(0), rel=2e-3)


def test_unknown_mass_override_is_the_search_mass():
    tree = flatten(Pair("mu+", "N"), {"N": 250.0})
    assert tree.minimum[tree.leaves[1]] == 250.0
