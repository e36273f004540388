"""Generated decays: momentum is conserved, and no grid moves an average."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0, particle
from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.sampling.generator import generator, invisible_mass
from rarekaon.analysis.simulation.streams.requirements import stream

DECAY = "K+ -> pi+ e+ e-"
RUNNING = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)


def block(decay, stream_name, n=200_000, *, seed=5, upstream=False):
    kept = stream(stream_name).upstream if upstream else stream(stream_name)
    made = generator(mode(decay), kept, RUNNING, 3)
    return made, made.block(np.random.default_rng(seed), RUNNING, n)


@pytest.fixture(scope="module")
def plain():
    return block(DECAY, "all")


@pytest.fixture(scope="module")
def concentrated():
    return block(DECAY, "dielectron")


def mean(d, values):
    """Weighted mean over all decays with its error."""
    terms = d.weight * values
    return terms.mean(), terms.std() / np.sqrt(len(terms))


def test_momentum_and_energy_are_the_kaons(plain):
    _, d = plain
    total = d.momenta.sum(axis=0)
    assert total[:3] == pytest.approx(d.kaon, abs=1e-6)
    assert total[3] == pytest.approx(np.sqrt((d.kaon**2).sum(axis=0) + MASS_K**2), rel=1e-12)
    assert d.rest_energy.sum(axis=0) == pytest.approx(np.full(d.weight.size, MASS_K), rel=1e-12)


def test_products_have_their_masses(plain):
    _, d = plain
    squared = d.momenta[:, 3] ** 2 - (d.momenta[:, :3] ** 2).sum(axis=1)
    for k, name in enumerate(("pi+", "e+", "e-")):
        mass = particle(name).mass
        assert squared[k] == pytest.approx(np.full(d.weight.size, mass**2), abs=0.2)


def test_weights_average_one_over_all_decays(plain):
    _, d = plain
    value, error = mean(d, np.ones(d.weight.size))
    assert value == pytest.approx(1, abs=4 * error)
    assert error < 0.01


@pytest.mark.parametrize("quantity", ["weight", "pion", "inside"])
def test_concentrating_on_a_corner_leaves_averages_alone(quantity, plain, concentrated):
    """The same decays downstream of GTK3, plain and with the grids of a stream."""

    def of(d):
        downstream = d.vertex[2] > Z_GTK3
        inside = (d.vertex[2] > 105e3) & (d.vertex[2] < 180e3)
        values = {"weight": 1.0, "pion": d.momenta[0, 3] / 75e3, "inside": inside}[quantity]
        return mean(d, values * downstream)

    (a, a_error), (b, b_error) = of(plain[1]), of(concentrated[1])
    assert a == pytest.approx(b, abs=4 * np.hypot(a_error, b_error))
    assert b_error < 0.02 * b


def test_a_stream_of_upstream_decays_has_these_alone():
    _, d = block(DECAY, "three_tracks", 50_000, upstream=True)
    assert d.vertex[2].max() <= Z_GTK3
    _, everything = block(DECAY, "all", 50_000, seed=6)
    share, error = mean(everything, everything.vertex[2] < Z_GTK3)
    assert mean(d, 1.0)[0] == pytest.approx(share, abs=5 * error)


def test_the_share_of_decays_in_the_fiducial_volume_is_that_of_the_exponential(plain):
    _, d = plain
    share, error = mean(d, (d.vertex[2] > 105e3) & (d.vertex[2] < 180e3))
    assert share == pytest.approx(fiducial_fraction(), abs=4 * error)


def test_one_seed_gives_one_grid_and_one_block(concentrated):
    again, d = block(DECAY, "dielectron")
    made, first = concentrated
    assert (again.norm, again.part) == (made.norm, made.part)
    np.testing.assert_array_equal(d.weight, first.weight)
    np.testing.assert_array_equal(d.momenta, first.momenta)


def test_the_mean_density_is_that_of_other_random_points():
    wanted = mode(DECAY)
    x = np.random.default_rng(9).random((400_000, wanted.flat.dimensions))
    p, weight = generate(wanted.flat, x)
    values = weight * wanted.density(p)
    values = values if wanted.range is None else values * wanted.range(*p)
    assert mean_density(wanted) == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(len(values)))


def test_the_invisible_mass_of_a_two_body_decay_is_that_of_the_other_body():
    _, d = block("K+ -> pi+ pi0, pi0 -> gamma gamma", "all", 500)
    masses = [invisible_mass(d, i, -1) for i in range(d.weight.size)]
    assert masses == pytest.approx(np.full(d.weight.size, MASS_PI0**2), abs=1.0)
    assert [invisible_mass(d, i, 0) for i in range(5)] == masses[:5]
