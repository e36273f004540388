"""The phase-space trees: conservation laws, isotropy, boosts; volumes stand in decays/test_volumes.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0, particle
from rarekaon.analysis.decays import MODES
from rarekaon.analysis.decays.phase_space import Pair, boost, breakup_momentum, flatten, generate

CHAIN = Pair("nu_e", Pair("e+", Pair("gamma", Pair("e+", "e-", "log"), "pi0")))


def sample(tree, n=20000, seed=1):
    flat = flatten(tree)
    return flat, *generate(flat, np.random.default_rng(seed).random((n, flat.dimensions)))


@pytest.mark.parametrize("mode", MODES.values(), ids=lambda m: m.descriptor)
def test_four_momentum_charge_and_masses(mode):
    flat = mode.flat
    p, weight = generate(flat, np.random.default_rng(2).random((2000, flat.dimensions)))
    total = p.sum(axis=0)
    assert np.abs(total[:3]).max() < 1e-9 * MASS_K
    assert total[3] == pytest.approx(MASS_K, rel=1e-9)
    assert mode.charges.sum() == 1
    assert (weight >= 0).all()
    for name, momentum in zip(flat.products, p, strict=True):
        expected = dict(mode.masses).get(name, particle(name).mass)
        squared = momentum[3] ** 2 - (momentum[:3] ** 2).sum(axis=0)
        assert squared == pytest.approx(expected**2, abs=1e-7 * MASS_K**2)


def test_narrow_particle_has_its_mass():
    _, p, _ = sample(CHAIN)
    pi0 = p[2] + p[3] + p[4]
    assert np.sqrt(pi0[3] ** 2 - (pi0[:3] ** 2).sum(axis=0)) == pytest.approx(MASS_PI0, rel=1e-9)


def test_every_product_is_isotropic_in_the_kaon_frame():
    _, p, weight = sample(Pair("pi+", Pair("pi+", "pi-")), 200_000)
    for momentum in p:
        direction = momentum[:3] / np.sqrt((momentum[:3] ** 2).sum(axis=0))
        mean = (direction * weight).sum(axis=1) / weight.sum()
        spread = (direction**2 * weight).sum(axis=1) / weight.sum()
        assert np.abs(mean).max() < 5 / np.sqrt(3 * 200_000)
        assert spread == pytest.approx(1 / 3, abs=0.005)


def test_density_is_uniform_on_the_dalitz_plane():
    """The defining property of three-body phase space: halves of the plane cut by a line hold their areas."""
    _, p, weight = sample(Pair("pi-", Pair("e+", "e+")), 300_000)
    s_ee = (p[1] + p[2])[3] ** 2 - ((p[1] + p[2])[:3] ** 2).sum(axis=0)
    lower, upper = 0.0, (MASS_K - particle("pi-").mass) ** 2
    s = np.linspace(lower, upper, 4001)[1:-1]
    width = np.array([breakup_momentum(MASS_K, m, particle("pi-").mass) for m in np.sqrt(s)])
    for cut in (0.2, 0.5, 0.7):
        expected = width[s < cut * upper].sum() / width.sum()
        assert weight[s_ee < cut * upper].sum() / weight.sum() == pytest.approx(expected, abs=0.005)


def test_flat_and_log_mass_maps_agree():
    means = []
    for mass in ("flat", "log"):
        _, p, weight = sample(Pair("pi+", Pair("e+", "e-", mass)), 200_000)
        pair = p[1] + p[2]
        means.append(np.average(np.sqrt(pair[3] ** 2 - (pair[:3] ** 2).sum(axis=0)), weights=weight))
    assert means[0] == pytest.approx(means[1], rel=0.01)


def test_boost_leaves_masses_and_products_alone():
    rng = np.random.default_rng(3)
    frame = np.array([1.0, -2.0, 70.0, 0.0])
    frame[3] = np.sqrt(5.0**2 + (frame[:3] ** 2).sum())
    a, b, x, y = np.append(rng.normal(size=3), 4.0), np.append(rng.normal(size=3), 5.0), np.empty(4), np.empty(4)
    boost(a, frame, 5.0, x)
    boost(b, frame, 5.0, y)
    metric = np.array([-1, -1, -1, 1])
    assert (x * y * metric).sum() == pytest.approx((a * b * metric).sum(), rel=1e-9)
    at_rest = np.empty(4)
    boost(np.array([0.0, 0.0, 0.0, 5.0]), frame, 5.0, at_rest)
    assert at_rest == pytest.approx(frame)


def test_breakup_momentum_is_the_two_body_one():
    assert breakup_momentum(493.677, 105.6583755, 0.0) == pytest.approx((493.677**2 - 105.6583755**2) / 2 / 493.677)
    assert breakup_momentum(100.0, 80.0, 30.0) == 0.0


def test_points_of_another_width_are_refused():
    with pytest.raises(ValueError, match="needs"):
        generate(flatten(CHAIN), np.zeros((3, 2)))


def test_aligned_directions_describe_the_same_phase_space():
    plain = flatten(CHAIN)
    means = []
    for tree in (plain, replace(plain, aligned=True)):
        p, weight = generate(tree, np.random.default_rng(6).random((400_000, tree.dimensions)))
        total = p.sum(axis=0)
        assert np.abs(total[:3]).max() < 1e-9 * MASS_K
        pi0 = p[2] + p[3] + p[4]
        assert np.sqrt(pi0[3] ** 2 - (pi0[:3] ** 2).sum(axis=0)) == pytest.approx(MASS_PI0, rel=1e-9)
        values = [np.ones(len(weight)), p[2, 3], p[2, 2] ** 2, p[0, 3], p[3, 2] * p[2, 2]]
        means.append([((weight * v).mean(), (weight * v).std() / np.sqrt(len(weight))) for v in values])
    for (a, error_a), (b, error_b) in zip(*means, strict=True):
        assert abs(a - b) < 4 * np.hypot(error_a, error_b)
