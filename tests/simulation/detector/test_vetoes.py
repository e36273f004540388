"""Photons and tracks in the veto detectors."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector import vetoes as v
from rarekaon.analysis.simulation.detector.conversions import conversion_probability
from rarekaon.analysis.simulation.ground.constants import constants


def photon(angle, *, z=120000.0, energy=5000.0, azimuth=0.3):
    row = np.zeros(t.COLUMNS)
    row[[t.PDG, t.Z, t.ENERGY]] = t.PHOTON, z, energy
    row[t.PX] = energy * np.sin(angle) * np.cos(azimuth)
    row[t.PY] = energy * np.sin(angle) * np.sin(azimuth)
    row[t.PZ] = energy * np.cos(angle)
    return row


@njit
def _seen(rng, c, detector, energy, n):
    count = 0
    for _ in range(n):
        count += v.photon_seen(rng, c, detector, energy)
    return count / n


def test_photons_at_large_angles_hit_the_stations_up_to_50_mrad():
    c = constants()
    for angle in np.linspace(0.012, 0.049, 20):
        assert v.photon_fate(c, photon(angle))[0] == v.IN_LAV


def test_photons_in_between_hit_the_calorimeter_and_forward_ones_the_small_angle_detectors():
    c = constants()
    fate, station, x, y = v.photon_fate(c, photon(5e-3))
    assert (fate, station) == (v.IN_LKR, -1)
    assert np.hypot(x, y) == pytest.approx((c.lkr_z - 120000) * np.tan(5e-3))
    assert v.photon_fate(c, photon(0.8e-3))[0] == v.IN_IRC
    assert v.photon_fate(c, photon(1e-5))[0] == v.IN_SAC


def test_backward_photons_go_nowhere():
    assert v.photon_fate(constants(), photon(np.pi - 0.1))[0] == v.NOWHERE


def test_only_stations_downstream_of_the_decay_are_hit():
    c = constants()
    _, first, _, _ = v.photon_fate(c, photon(0.04, z=106000.0))
    _, later, _, _ = v.photon_fate(c, photon(0.04, z=150000.0))
    assert c.lav_z[later] > 150000 > c.lav_z[first]


@pytest.mark.parametrize(("energy", "published"), [(300.0, 3.0e-3), (3000.0, 3.0e-3)])
def test_inefficiency_of_the_large_angle_stations_is_the_published_one(energy, published):
    """PLB 816 (2021) 136259 Section 4: (0.30 +- 0.06)% from 0.3 to 3 GeV."""
    n = 4_000_000
    lost = 1 - _seen(np.random.default_rng(1), constants(), v.IN_LAV, energy, n)
    assert lost == pytest.approx(published, abs=4 * np.sqrt(published / n))


def test_thresholds():
    c, rng = constants(), np.random.default_rng(2)
    assert _seen(rng, c, v.IN_LAV, c.lav_threshold - 1, 100) == 0
    assert _seen(rng, c, v.IN_IRC, c.irc_threshold - 1, 100) == 0
    assert _seen(rng, c, v.IN_SAC, c.sac_threshold - 1, 100) == 0
    assert _seen(rng, c, v.NOWHERE, 1e5, 100) == 0


def test_the_last_station_shadows_the_edge_of_the_calorimeter():
    c = constants()
    edge = photon(np.arctan(1100.0 / (c.lkr_z - 120000.0)), azimuth=0.0)
    assert v.lav_station(c, edge, c.magnet_z, c.lkr_z) == 11


@njit
def _missed_weight(rng, c, particles, count, rare, n, pairs=False):
    total, kept = 0.0, 0
    for _ in range(n):
        weight, _, _ = v.photons_missed(rng, c, particles, count, rare, (0, pairs), np.empty((2, 4)))
        total += weight
        kept += weight > 0
    return total / n, kept / n


@pytest.mark.parametrize("rare", [0.0, 0.5])
def test_the_weight_of_missed_photons_is_their_probability(rare):
    """Whatever they are drawn with; two photons multiply, other particles do not count."""
    c, n = constants(), 400_000
    energy = 60.0
    soft = photon(0.03, energy=energy)  # a large-angle photon, missed with a few per cent
    lost = v.photon_inefficiency(c, v.IN_LAV, energy)
    assert 0.02 < lost < 0.1
    muon = photon(0.03)
    muon[t.PDG] = -t.MUON
    particles = np.stack([soft, muon, soft])
    mean, kept = _missed_weight(np.random.default_rng(3), c, particles, 3, rare, n)
    drawn = max(lost, rare) ** 2
    assert kept == pytest.approx(drawn, abs=4 * np.sqrt(drawn / n))
    assert mean == pytest.approx(lost**2, rel=4 / np.sqrt(drawn * n))


def test_photons_that_no_detector_can_see_cost_nothing():
    c, rng = constants(), np.random.default_rng(4)
    unseen = np.stack(
        [photon(np.pi - 0.1), photon(5e-3, energy=c.lkr_threshold - 1), photon(0.03, energy=c.lav_threshold - 1)]
    )
    assert v.photons_missed(rng, c, unseen, 3, 0.0, (0, False), np.empty((2, 4))) == (1.0, 3, -1)


def test_where_pairs_are_seen_fewer_photons_are_missed():
    """A photon of 12 GeV: one in 140 makes a pair, and the magnet sweeps half of these out; 8e-6 are missed whole."""
    c, n = constants(), 20_000
    light = photon(8e-3, energy=12000.0)
    whole = v.photon_inefficiency(c, v.IN_LKR, 12000.0)
    made = conversion_probability(c, light)
    either, _ = _missed_weight(np.random.default_rng(7), c, light[None], 1, 0.999, n)
    none, _ = _missed_weight(np.random.default_rng(8), c, light[None], 1, 0.999, n, pairs=True)
    assert none == pytest.approx((1 - made) * whole, rel=5e-3)
    assert either == pytest.approx(0.5 * made, rel=0.1)


def test_a_photon_on_the_wall_is_followed_by_the_next_station():
    """A photon from the axis at 80 mrad meets the wall of radius 960 mm after 12 m."""
    c = constants()
    for z in (106000.0, 125000.0, 150000.0):
        row = photon(0.08, z=z, energy=60.0)
        section = int(np.searchsorted(c.tank_z, z + c.tank_radius[0] / np.tan(0.08)))
        hit = z + c.tank_radius[section] / np.tan(0.08)
        assert c.lav_z[v.station_after_wall(c, row)] == c.lav_z[c.lav_z > hit].min()


@njit
def _albedo_energy(rng, c, energy, n):
    total, nothing = 0.0, 0
    for _ in range(n):
        back = v.albedo_energy(rng, c, energy)
        total += back
        nothing += back == 0.0
    return total / n, nothing / n


def test_showers_in_the_wall_send_energy_back_and_hardly_ever_nothing():
    """Shares are uniform, so the logarithm of the energy falls by an exponential number a pair: the pairs beyond the
    first are Poisson distributed, and what is left below the threshold is uniform.
    """
    c = constants()
    for energy in (20.0, 100.0, 300.0):
        mean, nothing = _albedo_energy(np.random.default_rng(8), c, energy, 200_000)
        chance = (1 - c.lav_albedo) * (energy / c.lav_threshold) ** -c.lav_albedo
        assert nothing == pytest.approx(chance, abs=4 * np.sqrt(chance / 200_000))
        assert mean == pytest.approx(c.lav_albedo * (energy - c.lav_threshold / 2), rel=0.02)
    assert v.albedo_energy(np.random.default_rng(1), c, 0.9 * c.lav_threshold) == 0.0


def test_off_the_axis_the_wall_is_nearer_in_the_direction_of_the_offset():
    c = constants()
    towards, away = photon(0.08, azimuth=0.0), photon(0.08, azimuth=np.pi)
    towards[t.X] = away[t.X] = 500.0
    assert v.station_after_wall(c, towards) < v.station_after_wall(c, away)


def test_backward_photons_meet_no_further_station():
    c = constants()
    assert v.station_after_wall(c, photon(np.pi - 0.3)) == -1
    assert v.station_after_wall(c, photon(0.08, z=239500.0)) == -1


@pytest.mark.parametrize(("away", "counts"), [(0.9, False), (1.1, True)])
def test_photons_beside_a_track_in_the_calorimeter_are_left_to_the_clusters(away, counts):
    """A muon of 20 GeV bends by 595 mm between magnet and calorimeter."""
    c, rng = constants(), np.random.default_rng(6)
    muon = photon(5e-3, energy=20000.0)
    muon[[t.PDG, t.CHARGE]] = -t.MUON, 1.0
    at = muon[t.PX : t.PY + 1] / muon[t.PZ] * (c.lkr_z - muon[t.Z])
    at = at + np.array([c.magnet_kick / muon[t.PZ] * (c.lkr_z - c.magnet_z), away * v.NEAR])
    light = photon(np.arctan2(np.hypot(*at), c.lkr_z - muon[t.Z]), energy=20000.0, azimuth=np.arctan2(at[1], at[0]))
    assert v.photon_fate(c, light)[0] == v.IN_LKR
    missed, _, _ = v.photons_missed(rng, c, np.stack([muon, light]), 2, 0.0, (0, False), np.empty((2, 4)))
    assert missed == (0.0 if counts else 1.0)


@njit
def _pairs_left(rng, c, light, n, scratch):
    weight, pairs, particles = 0.0, 0.0, np.zeros((4, light.size))
    for _ in range(n):
        particles[0] = light
        missed, count, _ = v.photons_missed(rng, c, particles, 1, 0.9, (0, False), scratch)
        weight += missed
        pairs += missed * (count == 3)
    return weight / n, pairs / n


def test_missed_photons_leave_the_pairs_that_the_magnet_swept_away():
    """One of 3 GeV in the calorimeter: seen unless its pair is swept out, or with the measured inefficiency."""
    c, n = constants(), 200_000
    light = photon(5e-3, energy=3000.0)
    lost, converted = v.photon_inefficiency(c, v.IN_LKR, 3000.0), conversion_probability(c, light)
    assert lost < 0.1 * converted < 1e-3
    weight, pairs = _pairs_left(np.random.default_rng(7), c, light, n, np.empty((2, 4)))
    assert pairs == pytest.approx(converted, rel=0.01)
    assert weight == pytest.approx(converted + (1 - converted) * lost, rel=0.01)
