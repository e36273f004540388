"""Decays that are drawn and looked at one by one: the sieve and the mixture change no average."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.simulation.ground.beam import RunningConditions, beam_spread, to_laboratory, vertex_z
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.sampling.adaptive_grids import BINS, combined, independent, uniform
from rarekaon.analysis.simulation.sampling.generator import in_laboratory
from rarekaon.analysis.simulation.sampling.proposals import for_kernel, propose, room
from rarekaon.analysis.simulation.streams.true_products import lines_seen

RUNNING = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
K3PI = mode("K+ -> pi+ pi+ pi-", None)
N = 60_000


def drawn(mixture, sieve, part=(0.1, 0.9), seed=1):
    """Points, weights over the density (n,) and decays that are looked at."""
    out, rng = room(K3PI, N), np.random.default_rng(seed)
    kept = propose(
        rng, constants(), beam_spread(), RUNNING.beam, RUNNING.cumulative, mixture.tables, part,
        for_kernel(K3PI.flat), sieve, N, out,
    )  # fmt: skip
    return out, kept


def skewed():
    """A grid that crowds one end of every axis."""
    return combined([independent(np.stack([np.linspace(0, 1, BINS + 1) ** 2] * 6))], [0.8])


def test_nothing_is_left_out_without_a_sieve_and_momenta_are_those_of_the_points():
    out, kept = drawn(skewed(), (0, 1.0))
    assert kept == N
    p, weight = generate(K3PI.flat, np.ascontiguousarray(out.points[:, :-1]))
    assert out.rest == pytest.approx(p, abs=1e-9)
    assert out.decays.weight == pytest.approx(weight)
    to_laboratory(p, out.decays.kaon)
    assert out.decays.momenta == pytest.approx(p, abs=1e-7)
    assert out.decays.vertex[2] == pytest.approx(vertex_z(out.points[:, -1], (0.1, 0.9)))


def test_the_density_is_that_of_the_mixture():
    mixture = skewed()
    out, kept = drawn(mixture, (0, 1.0))
    plain, _ = generate(K3PI.flat, np.random.default_rng(3).random((N, 5)))
    assert plain.shape[-1] == kept
    _, weights = generate(K3PI.flat, np.random.default_rng(4).random((4 * N, 5)))
    value = out.decays.weight * out.inverse
    error = np.hypot(value.std() / np.sqrt(N), weights.std() / np.sqrt(4 * N))
    assert value.mean() == pytest.approx(weights.mean(), abs=4 * error)
    assert out.inverse.mean() == pytest.approx(1, abs=4 * out.inverse.std() / np.sqrt(N))


@pytest.mark.parametrize("astray", [0.05, 0.5])
def test_a_part_of_the_decays_that_point_aside_stands_for_all(astray):
    """Sums of weights over decays with none to three products on the detectors, against the plain generation."""
    rng = np.random.default_rng(7)
    x, _ = uniform(6).draw(rng, 2 * N)
    p, weight = generate(K3PI.flat, np.ascontiguousarray(x[:, :-1]))
    plain = in_laboratory(K3PI, RUNNING, rng, p, vertex_z(x[:, -1], (0.1, 0.9)), weight)
    expected, variance = sums(plain, np.ones(2 * N), 2 * N, 2 * N)
    out, kept = drawn(skewed(), (2, astray), seed=8)
    assert kept < 0.9 * N
    found, error = sums(out.decays, out.inverse, kept, N)
    assert (expected > 0).all()
    assert np.abs(found - expected) == pytest.approx(0, abs=4.5 * np.sqrt(variance + error).max())
    assert ((found - expected) ** 2 / (variance + error)).sum() < 25


def sums(decays, inverse, kept, n):
    """Mean weight of n decays by the number of products that point at the detectors, and its variance."""
    seen = np.array([lines_seen(constants(), decays, i) for i in range(kept)])
    weight = decays.weight[:kept] * inverse[:kept] / n
    return tuple(np.array([(weight[seen == k] ** power).sum() for k in range(4)]) for power in (1, 2))


def test_the_same_seed_draws_the_same_decays():
    first, second = (drawn(skewed(), (2, 0.05), seed=5) for _ in range(2))
    assert first[1] == second[1]
    assert (first[0].decays.momenta[..., : first[1]] == second[0].decays.momenta[..., : first[1]]).all()
