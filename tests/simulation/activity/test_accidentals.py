"""Accidental activity and pileup: rates, times, places, and that own signals stay what they were."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.geometry import in_lkr_acceptance
from rarekaon.analysis.simulation.activity.pileup import accidental_energy, decay_muon
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.clusters import TIME_WINDOW, build_clusters, nearest_cluster
from rarekaon.analysis.simulation.detector.scratch import scratch
from rarekaon.analysis.simulation.event.loop import neutral
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.samples.blocks import decay_simulation

DECAYS = 20_000


@pytest.fixture(scope="module")
def block():
    """Decays to a muon and a neutrino: no photons, so that nothing but accidentals is in the photon vetoes."""
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    return decay_simulation("K+ -> mu+ nu_mu", "all", RareResponses(), running, 11).block(0, DECAYS)


@pytest.mark.parametrize(("name", "rate"), [("Sac", "sac"), ("Chanti", "chanti")])
def test_signals_are_poisson_distributed_with_their_rate(block, name, rate):
    mean = 2 * detector().activity.reach * getattr(detector().activity, rate)
    counts = block.event[f"n{name}"]
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / DECAYS))
    assert (counts == 0).mean() == pytest.approx(np.exp(-mean), abs=0.015)


def test_times_are_uniform_around_the_decay(block):
    reach = detector().activity.reach
    trigger = np.repeat(block.event["trigger_time"], block.event["nSac"])
    apart = block.Sac["time"] - trigger
    inside, _ = np.histogram(apart, bins=10, range=(-reach, reach))
    assert inside.sum() > 0.98 * len(apart)
    assert inside == pytest.approx(inside.mean(), abs=5 * np.sqrt(inside.mean()))


def test_a_window_in_time_costs_what_its_rate_says(block):
    """The random veto of one detector: exp(-rate x window)."""
    seen = np.abs(block.Chanti["time"] - np.repeat(block.event["trigger_time"], block.event["nChanti"])) < 4
    row = np.repeat(np.arange(DECAYS), block.event["nChanti"])
    vetoed = np.unique(row[seen]).size / DECAYS
    assert vetoed == pytest.approx(1 - np.exp(-8 * detector().activity.chanti), abs=0.005)


def test_random_muon_signals_are_on_tiles(block):
    muv3 = detector().muv3
    outer, inner = (block.Muv3[block.Muv3["outer"] == flag] for flag in (True, False))
    assert min(len(outer), len(inner)) > 0
    cell = np.abs(outer["x"]) / muv3.tile - 0.5
    assert np.allclose(cell, np.round(cell), atol=1e-4)
    assert np.abs(outer["x"]).max() < muv3.half_side
    assert (np.maximum(np.abs(outer["x"]), np.abs(outer["y"])) > muv3.tile).all()
    size = muv3.tile * 2 / 3
    assert np.isin(np.round(np.stack((inner["x"], inner["y"])) / size), (-1, 0, 1)).all()
    assert (np.hypot(inner["x"], inner["y"]) > 1).all()


def test_random_clusters_are_in_the_calorimeter_above_their_least_energy(block):
    energetic = block.Cluster[block.Cluster["energy"] > detector().activity.least_cluster]
    assert len(energetic) > 1000
    assert in_lkr_acceptance(energetic["x"], energetic["y"]).mean() > 0.99, "but for clusters merged with the track's"


def test_accidental_clusters_are_of_muons_or_of_showers():
    """Below the least energy of a shower lies the share of minimum ionising ones, each part with its own mean."""
    c, activity, n = constants(), detector().activity, 20_000
    rng = np.random.default_rng(2)
    energy = np.array([accidental_energy(rng, c) for _ in range(n)])
    muons = energy < activity.least_cluster
    share = activity.lkr_minimum_ionising
    assert muons.mean() == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / n))
    assert energy[muons].mean() == pytest.approx(detector().lkr.minimum_ionising, rel=0.01)
    assert energy[~muons].mean() == pytest.approx(activity.least_cluster + activity.shower_energy, rel=0.04)


def test_tracks_of_other_decays_come_last_and_out_of_time(block):
    several = block.event["nTrack"] > 1
    first = np.concatenate(([0], np.cumsum(block.event["nTrack"])[:-1]))[several]
    apart = np.abs(block.Track["chod_time"][first] - block.event["trigger_time"][several])
    others = np.abs(block.Track["chod_time"][first + 1] - block.event["trigger_time"][several])
    assert 0.02 < several.mean() < 0.2
    assert np.median(apart) < 1
    assert np.median(others) == pytest.approx(detector().activity.reach / 2, rel=0.15)


def test_a_muon_of_another_decay_conserves_momentum():
    """Kaon minus muon is a massless neutrino, in the direction of the mean beam."""
    c, rng, row = constants(), np.random.default_rng(1), np.empty(t.COLUMNS)
    beam = np.array([75000.0, 0.0, 0.0, 0.5, -1.0])
    kaon = np.array([0, 0, beam[0], np.sqrt(beam[0] ** 2 + MASS_K**2)])
    for _ in range(100):
        decay_muon(rng, c, beam, row)
        muon = row[[t.PX, t.PY, t.PZ, t.ENERGY]]
        assert muon[3] ** 2 - (muon[:3] ** 2).sum() == pytest.approx(MASS_MU**2, rel=1e-6)
        rest = kaon - muon
        assert rest[3] ** 2 - (rest[:3] ** 2).sum() == pytest.approx(0, abs=1e-3)
        assert (row[t.X], row[t.Y]) == (0.5, -1.0)


def test_a_late_track_in_the_last_veto_station_is_vetoed_at_its_own_time():
    c, e = constants(), scratch()
    e.energies[:], e.impacts[:], e.states[:] = 0.0, 0.0, 0.0
    for i, delay in enumerate((0.0, 17.0)):
        e.states[i, [t.PDG, t.PX, t.PZ]] = -t.MUON, 0.02 * 20000.0, 20000.0
        e.states[i, [t.X, t.Z]] = 0.5 * (c.lav_r_min[11] + c.lav_r_max[11]), c.lav_z[11]
        e.times[i] = delay
    vetoes, deposits, _ = neutral(np.random.default_rng(3), c, e, 0, -1, 0, 2, False)
    assert (vetoes, deposits) == (2, 0)
    assert list(e.vetoes[:2, 1]) == [12, 12]
    assert list(e.vetoes[:2, 3]) == [0.0, 17.0]


@pytest.mark.parametrize("energy", [1000.0, 5000.0, 30000.0])
def test_cluster_positions_have_the_calorimeters_resolution(energy):
    """4.2 mm/sqrt(E) (+) 0.6 mm, in each coordinate."""
    c, e, rng = constants(), scratch(), np.random.default_rng(4)
    found = np.empty((4000, 2))
    for i in range(len(found)):
        e.deposits[0] = 300.0, -200.0, energy, 0.0
        assert build_clusters(rng, c, e, 1) == 1
        found[i] = e.clusters[0, :2]
    expected = np.hypot(4.2 / np.sqrt(energy / 1000), 0.6)
    assert found.std(axis=0) == pytest.approx([expected, expected], rel=0.05)
    assert found.mean(axis=0) == pytest.approx([300.0, -200.0], abs=4 * expected / np.sqrt(len(found)))


def test_deposits_merge_only_in_time():
    c, e = constants(), scratch()
    e.deposits[0] = 300.0, 0.0, 5000.0, 0.0
    e.deposits[1] = 310.0, 0.0, 3000.0, TIME_WINDOW - 1
    e.deposits[2] = 310.0, 0.0, 2000.0, TIME_WINDOW + 1
    assert build_clusters(np.random.default_rng(1), c, e, 3) == 2
    assert sorted(e.clusters[:2, 2]) == [2000.0, 8000.0]
    assert nearest_cluster(c, e, 2, 305.0, 0.0, 0.0)[1] == 8000.0
    assert nearest_cluster(c, e, 2, 305.0, 0.0, 2 * TIME_WINDOW)[1] == 2000.0
    assert nearest_cluster(c, e, 2, 305.0, 0.0, -2 * TIME_WINDOW) == (-1, 0.0)
