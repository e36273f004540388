"""The kaon beam and the boost to the laboratory."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import CTAU_K, MASS_K
from rarekaon.analysis.contract.schema import TRIGGER_LINES, Z_GTK3
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.kernels.geometry import in_fiducial_volume
from rarekaon.analysis.simulation.ground.beam import (
    Z_FIRST,
    Z_LAST,
    RunningConditions,
    fiducial_fraction,
    kaons,
    to_laboratory,
    vertex_z,
)


@pytest.fixture(scope="module")
def running():
    return RunningConditions.of(conditions().of("2016-2018"), downscaled=True)


def test_decays_follow_the_exponential_law():
    z = vertex_z(np.random.default_rng(1).random(400_000))
    assert z.min() >= Z_FIRST
    assert z.max() <= Z_LAST
    length = 75000 / MASS_K * CTAU_K
    middle = (z < 140000).mean()
    expected = (1 - np.exp(-(140000 - Z_FIRST) / length)) / (1 - np.exp(-(Z_LAST - Z_FIRST) / length))
    assert middle == pytest.approx(expected, abs=0.003)


def test_fiducial_fraction_is_what_the_decays_do():
    z = vertex_z(np.random.default_rng(2).random(400_000))
    assert in_fiducial_volume(z).mean() == pytest.approx(fiducial_fraction(), abs=0.002)


def test_momenta_slopes_and_spot_have_the_published_spreads(running):
    z = np.full(100_000, 150000.0)
    means = np.repeat(running.beam[:1], len(z), axis=0)
    momentum, vertex = kaons(np.random.default_rng(3), means, z)
    p = np.sqrt((momentum**2).sum(axis=0))
    assert p.mean() == pytest.approx(running.beam[0, 0], rel=3e-4)
    assert p.std() / p.mean() == pytest.approx(0.01, rel=0.03)
    slope = momentum[0] / momentum[2]
    assert slope.mean() == pytest.approx(running.beam[0, 1], abs=2e-6)
    assert slope.std() == pytest.approx(1.1e-4, rel=0.03)
    start = vertex[:2] - momentum[:2] / momentum[2] * (z - Z_GTK3)
    beam = detector().beam
    assert np.abs(start[0] - running.beam[0, 3]).max() <= beam.half_width_x + 1e-9
    assert np.abs(start[1] - running.beam[0, 4]).max() <= beam.half_width_y + 1e-9


def test_periods_are_drawn_in_proportion_to_their_decays(running):
    periods = conditions().of("2016-2018")
    row, run, burst = running.draw(np.random.default_rng(4), 200_000)
    for k, period in enumerate(periods):
        share = period.kaon_decays / sum(p.kaon_decays for p in periods)
        mine = row == k
        assert mine.mean() == pytest.approx(share, abs=0.005)
        assert run[mine].min() >= period.runs[0]
        assert run[mine].max() <= period.runs[1]
        assert burst[mine].min() >= 1
        assert burst[mine].max() <= period.bursts_per_run


def test_simulated_samples_are_not_downscaled():
    plain = RunningConditions.of(conditions().of("2017"), downscaled=False)
    data = RunningConditions.of(conditions().of("2017"), downscaled=True)
    assert (plain.downscaling == 1).all()
    assert data.downscaling[0].tolist() == [conditions().periods["2017A"].downscaling[line] for line in TRIGGER_LINES]


def test_boost_to_the_laboratory_adds_up_to_the_kaon():
    rng = np.random.default_rng(5)
    half = rng.normal(size=(4, 10))
    p = np.stack([half, -half])
    p[:, 3] = MASS_K / 2
    kaon = np.stack([rng.normal(size=10) * 10, rng.normal(size=10) * 10, rng.normal(75000, 700, 10)])
    to_laboratory(p, kaon)
    total = p.sum(axis=0)
    assert total[:3] == pytest.approx(kaon, rel=1e-9, abs=1e-6)
    assert total[3] == pytest.approx(np.sqrt((kaon**2).sum(axis=0) + MASS_K**2), rel=1e-12)
