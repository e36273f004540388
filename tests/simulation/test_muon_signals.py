"""Signals of the muon detector: measured efficiencies, drawn naturally or with a bias."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.muons import muon_signal, near_track
from rarekaon.analysis.simulation.event.trigger import outer_in_time
from rarekaon.analysis.simulation.ground.buffers import allocate
from rarekaon.analysis.simulation.ground.constants import constants


@njit
def _signals(rng, c, at, bias, out, weight):
    for i in range(weight.size):
        weight[i] = muon_signal(rng, c, at, bias, out[i])


def signals(pdg, *, x=600.0, y=-400.0, p=20000.0, bias=None, n=100_000):
    at = np.zeros(6)
    at[[t.IMPACT_X, t.IMPACT_Y, t.IMPACT_PDG, t.IMPACT_P]] = x, y, pdg, p
    out, weight = np.zeros((n, 3)), np.empty(n)
    _signals(np.random.default_rng(3), constants(), at, bias or RareResponses(), out, weight)
    return out, weight


@pytest.mark.parametrize("bias", [RareResponses(), RareResponses(muon_unseen=0.4)])
def test_muons_are_missed_as_often_as_measured(bias):
    """PLB 797 (2019) 134794 Section 3.2: 0.15%."""
    out, weight = signals(-13, bias=bias)
    missed = weight * (out[:, 0] == 0)
    assert missed.mean() == pytest.approx(1.5e-3, abs=4 * missed.std() / np.sqrt(len(weight)))
    assert weight.mean() == pytest.approx(1.0, abs=4 * weight.std() / np.sqrt(len(weight)) + 1e-12)


@pytest.mark.parametrize("bias", [RareResponses(), RareResponses(pion_as_muon=0.3)])
@pytest.mark.parametrize(("p", "published"), [(5000.0, 0.009), (45000.0, 0.004)])
def test_pions_give_a_signal_as_often_as_published(p, published, bias):
    """PLB 797 (2019) 134794 Section 3.2: from 0.9% at 5 GeV/c to 0.4% at 45 GeV/c, by punch-through or accidentally.

    An outer tile is associated accidentally if it touches the disk of the search radius, within 5 ns.
    """
    out, weight = signals(211, p=p, bias=bias)
    seen = weight * out[:, 0]
    muv3, activity = detector().muv3, detector().activity
    radius = muv3.search_radius / p
    touched = 1 + 4 * radius / muv3.tile + np.pi * (radius / muv3.tile) ** 2
    accidental = activity.muv3 * activity.muv3_outer_share * 10 * touched / 140
    assert seen.mean() + accidental == pytest.approx(published, rel=0.05)


def test_electrons_and_particles_in_the_beam_hole_give_none():
    assert not signals(11)[0][:, 0].any()
    assert not signals(-13, x=0.0, y=0.0, p=1e6)[0][:, 0].any()


def test_the_tile_contains_the_scattered_impact():
    out, _ = signals(-13, p=2e5)
    seen = out[out[:, 0] > 0]
    half = detector().muv3.tile / 2
    near = (abs(seen[:, 1] - 600.0) <= half + 20) & (abs(seen[:, 2] + 400.0) <= half + 20)
    assert near.mean() > 0.95


@njit
def _near(c, x, y, momentum, tiles, found):
    for k in range(found.size):
        found[k] = near_track(c, x, y, momentum, tiles[k, 0], tiles[k, 1])


def test_a_tile_is_near_within_the_search_radius_of_its_edge():
    """The association radius of the muon detector falls with momentum."""
    muv3 = detector().muv3
    momentum, tile = 20000.0, np.array([2.5, -1.5]) * muv3.tile
    radius = muv3.search_radius / momentum
    apart = muv3.tile / 2 + radius * np.array([0.99, 1.01])
    found = np.empty(2, bool)
    _near(constants(), tile[0], tile[1], momentum, tile - np.column_stack((apart, np.zeros(2))), found)
    assert found.tolist() == [True, False]


@njit
def _outer(muons, time, out):
    return outer_in_time(out, 0, len(muons), time)


def test_the_di_muon_line_counts_outer_tiles_in_time_once():
    """PLB 797 (2019) 134794 Section 1: a coincidence of signals from two tiles."""
    tile, out = detector().muv3.tile, allocate(1)

    def tiles(*signals):
        for row, (x, y, time, outer) in zip(out.Muv3, signals, strict=False):
            row["x"], row["y"], row["time"], row["outer"] = x * tile, y * tile, 100 + time, outer
        return _outer(np.empty(len(signals)), 100.0, out)

    first, second, inner = (2.5, 0.5, 0.0, True), (-2.5, 0.5, 3.0, True), (0.0, 0.6, 0.0, False)
    assert tiles(first, second) == 2
    assert tiles(first, first) == 1
    assert tiles(first, inner) == 1
    assert tiles(first, (-2.5, 0.5, 15.0, True)) == 1
