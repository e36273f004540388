"""Charged particles in flight: decays, the magnet, scattering, bremsstrahlung, hits."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import CTAU_MU, CTAU_PI, MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.decays.phase_space import breakup_momentum
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.ground.constants import constants, highland_strength

ALONE = np.zeros((0, 4, 4))


def state(pdg, p, *, charge=1.0, z=120000.0, x=0.0, mass=MASS_PI):
    row = np.zeros(t.COLUMNS)
    row[[t.PDG, t.CHARGE, t.PZ, t.ENERGY, t.X, t.Z]] = pdg, charge, p, np.hypot(p, mass), x, z
    row[t.PARENT] = 0
    return row


def test_pions_survive_with_exp_minus_length_over_beta_gamma_c_tau():
    rng = np.random.default_rng(1)
    p, length = 20000.0, 60000.0
    paths = np.array([t.decay_length(rng, state(211, p)) for _ in range(40000)])
    expected = np.exp(-length * MASS_PI / (p * CTAU_PI))
    assert (paths > length).mean() == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / 40000))


def test_stable_particles_do_not_decay():
    assert t.decay_length(np.random.default_rng(1), state(11, 1e4)) == np.inf


def test_decay_in_flight_conserves_four_momentum_against_the_neutrino():
    rng = np.random.default_rng(2)
    frame = state(211, 20000.0)
    frame[t.PX] = 300.0
    frame[t.ENERGY] = np.sqrt(20000.0**2 + 300.0**2 + MASS_PI**2)
    muon_energy, kinks = [], []
    for _ in range(5000):
        particles, moving = np.zeros((t.CAPACITY, t.COLUMNS)), frame.copy()
        assert t.decay_in_flight(rng, particles, 1, moving)
        if abs(particles[1, t.PDG]) == t.ELECTRON:
            continue
        muon = particles[1, t.PX : t.ENERGY + 1]
        neutrino = frame[t.PX : t.ENERGY + 1] - muon
        assert muon[3] ** 2 - (muon[:3] ** 2).sum() == pytest.approx(MASS_MU**2, rel=1e-4)
        assert neutrino[3] ** 2 - (neutrino[:3] ** 2).sum() == pytest.approx(0, abs=1.0)
        assert particles[1, t.PDG] == -13
        assert moving[t.PARENT] == 1
        muon_energy.append(muon[3] / frame[t.ENERGY])
        kinks.append(np.hypot(muon[0] - 0.015 * muon[2], muon[1]))
    assert min(muon_energy) > (MASS_MU / MASS_PI) ** 2 - 0.01
    assert max(muon_energy) < 1.0
    assert max(kinks) < 1.001 * breakup_momentum(MASS_PI, MASS_MU, 0.0)


def test_positrons_prefer_the_spin_of_their_muon():
    """The mean cosine is 1/9 of the polarisation (integral of the Michel spectrum), here against the muon's direction.

    The muon of K+ -> mu+ nu, at any boost along it; the neutrino goes the other way in the kaon's frame.
    """
    rng, momentum, cosines = np.random.default_rng(4), breakup_momentum(493.677, MASS_MU, 0.0), []
    muon = state(-13, momentum, mass=MASS_MU)
    muon[t.SPIN] = 2
    particles = np.zeros((t.CAPACITY, t.COLUMNS))
    particles[1, [t.PZ, t.ENERGY]] = -momentum, momentum
    gamma, beta_gamma = muon[t.ENERGY] / MASS_MU, momentum / MASS_MU
    for _ in range(40_000):
        moving = muon.copy()
        assert t.decay_in_flight(rng, particles, 2, moving)
        assert moving[t.PDG] == -11
        pz, energy = (
            gamma * moving[t.PZ] - beta_gamma * moving[t.ENERGY],
            gamma * moving[t.ENERGY] - beta_gamma * moving[t.PZ],
        )
        cosines.append(pz / energy)
    assert np.mean(cosines) == pytest.approx(-1 / 9, abs=4 * np.std(cosines) / 200)


def test_turning_keeps_lengths_and_angles_and_takes_z_to_the_axis():
    for axis in ([0.6, 0.0, 0.8], [0.0, -0.6, -0.8], [0.36, 0.48, 0.8], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]):
        turned = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        for vector in turned:
            t.turn(vector, *axis)
        np.testing.assert_allclose(turned[2], axis, atol=1e-12)
        np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)


def test_no_room_for_a_daughter_is_reported():
    assert not t.decay_in_flight(np.random.default_rng(3), np.zeros((1, t.COLUMNS)), 1, state(211, 1e4))


@pytest.mark.parametrize("charge", [1.0, -1.0])
def test_magnet_turns_by_its_kick_and_keeps_the_momentum(charge):
    row = state(211, 20000.0, charge=charge)
    before = t.momentum_of(row)
    t.kick(row, -270.0)
    assert row[t.PX] == -270.0 * charge
    assert t.momentum_of(row) == pytest.approx(before, rel=1e-12)


def test_scattering_angle_is_highlands_and_keeps_the_momentum():
    """0.45% of a radiation length at 20 GeV: 13.6 MeV / 20 GeV sqrt(0.0045) (1 + 0.038 ln 0.0045)."""
    angle = t.scattering_angle(20000.0, MASS_PI, highland_strength(0.0045))
    assert angle == pytest.approx(13.6 / 20000 * np.sqrt(0.0045) * 0.7946, rel=1e-3)
    rng, slopes = np.random.default_rng(4), []
    for _ in range(20000):
        row = state(211, 20000.0)
        t.scatter(rng, row, angle)
        assert t.momentum_of(row) == pytest.approx(20000.0, rel=1e-12)
        slopes.append(row[t.PX] / row[t.PZ])
    assert np.std(slopes) == pytest.approx(angle, rel=0.03)


def test_radiated_energy_is_the_thickness():
    """The mean energy loss of an electron in t radiation lengths is t (1 + b), b = 1/18 neglected in the spectrum."""
    rng, thickness = np.random.default_rng(5), 0.02
    loss = np.array([t.radiated_fraction(rng, thickness) for _ in range(300_000)])
    assert loss.mean() == pytest.approx(thickness, rel=0.03)
    assert loss.max() < 1


def test_photon_of_a_radiating_electron_takes_its_energy_and_direction():
    rng = np.random.default_rng(6)
    for _ in range(1000):
        particles, moving = np.zeros((t.CAPACITY, t.COLUMNS)), state(-11, 20000.0, mass=MASS_E)
        count = t.radiate(rng, particles, 1, moving, 0.3)
        assert particles[1:count, t.ENERGY].sum() + t.momentum_of(moving) == pytest.approx(20000.0)


def with_views(efficiency):
    """The constants with another efficiency of a view."""
    c: Any = cast(Any, constants()).copy()
    c.straw_efficiency = efficiency
    return c


def test_hits_need_two_views_and_are_measured_with_their_error():
    """Two views of four, each with its efficiency; all four together have the published error."""
    c, rng, hits = with_views(0.6), np.random.default_rng(7), np.zeros((4, 4))
    assert not t._hit(rng, with_views(1.0), 0, state(211, 1e4, x=c.straw_hole_x[0]), ALONE, hits)
    assert (hits[0, 2:] == t.NOT_MEASURED).all()
    row = state(211, 1e4, x=500.0)
    row[t.Y] = 300.0
    seen = np.array([(t._hit(rng, c, 0, row, ALONE, hits), *hits[0]) for _ in range(20_000)])
    expected = 1 - 0.4**4 - 4 * 0.6 * 0.4**3
    assert seen[:, 0].mean() == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / len(seen)))
    measured = seen[seen[:, 0] > 0]
    assert ((measured[:, 1] - 500.0) / measured[:, 3]).std() == pytest.approx(1, abs=0.03)
    assert ((measured[:, 2] - 300.0) / measured[:, 4]).std() == pytest.approx(1, abs=0.03)
    assert measured[:, 3:].min() == pytest.approx(c.straw_sigma)


def through(c, x, y, seed=1):
    """A stiff pion on a straight line through the chambers: whether its track is found, and its hits."""
    hits, row = np.zeros((4, 4)), state(211, 5e8, x=x, z=180000.0)
    row[t.Y] = y
    particles = np.zeros((t.CAPACITY, t.COLUMNS))
    _, _, found = t.through_spectrometer(np.random.default_rng(seed), c, particles, 1, row, np.inf, ALONE, hits)
    return found, hits


def test_a_track_is_found_in_three_chambers_and_not_in_two():
    """At the height of the beam a line at the edge of a hole crosses one view there."""
    c = with_views(1.0)
    c.straw_found = 1.0
    for x in np.linspace(-100.0, 300.0, 81):
        found, hits = through(c, x, 0.0)
        seen = np.abs(x - c.straw_hole_x) > c.straw_half * np.sqrt(2)
        assert found == (seen.sum() >= t.FEWEST_CHAMBERS)
        if found:
            np.testing.assert_array_equal(hits[:, 2] < t.NOT_MEASURED, seen)
    assert not through(c, c.straw_r_max + 1, 0.0)[0]
    c.straw_found = 0.0
    assert not through(c, 500.0, 300.0)[0]


def test_a_missing_view_costs_precision_in_its_coordinate():
    c, rng, hits = with_views(1.0), np.random.default_rng(8), np.zeros((4, 4))
    row = state(211, 1e4, x=c.straw_hole_x[0])
    row[t.Y] = 500.0
    assert t._hit(rng, c, 0, row, ALONE, hits)
    assert hits[0, 2] == pytest.approx(np.sqrt(2) * c.straw_sigma)
    assert hits[0, 3] == pytest.approx(c.straw_sigma)


@pytest.mark.parametrize(("towards", "sigma_x", "sigma_y"), [((0, 1), 2, 1), ((1, 0), 1, 2), ((1, 1), 1.5, 1.5)])
def test_a_view_in_which_two_tracks_share_a_straw_measures_one_of_them(towards, sigma_x, sigma_y):
    """A track beside another in one view is measured by the other three: errors of the normal equations, squared."""
    c, rng, hits, before = with_views(1.0), np.random.default_rng(9), np.zeros((4, 4)), np.zeros((1, 4, 4))
    row = state(211, 1e4, x=500.0)
    row[t.Y] = 300.0
    direction = np.array(towards) / np.hypot(*towards)
    normal = np.array([direction[1], -direction[0]])
    for apart, alone in ((0.9 * c.straw_diameter, False), (1.1 * c.straw_diameter, True)):
        before[0, 0, :2] = np.array([500.0, 300.0]) + 150.0 * direction + apart * normal
        assert t._hit(rng, c, 0, row, before, hits)
        expected = (1, 1) if alone else (sigma_x, sigma_y)
        assert hits[0, 2:] ** 2 == pytest.approx(np.array(expected) * c.straw_sigma**2)


def test_two_tracks_through_the_same_straws_are_one():
    c, rng, hits, before = constants(), np.random.default_rng(10), np.zeros((4, 4)), np.zeros((1, 4, 4))
    before[0, 0, :2] = 503.0, 298.0
    row = state(211, 1e4, x=500.0)
    row[t.Y] = 300.0
    assert not any(t._hit(rng, c, 0, row, before, hits) for _ in range(100))


@pytest.mark.parametrize(("pdg", "forced"), [(211, 1.0), (211, 3.0), (-211, 8.0), (13, 100.0)])
def test_forced_decays_weigh_what_natural_ones_do(pdg, forced):
    """Inside the reach the weighted paths follow the natural exponential, beyond it the weights sum to the rest."""
    rng = np.random.default_rng(4)
    p, reach, n = 15000.0, 120000.0, 60000
    length = p * (CTAU_MU / MASS_MU if pdg == 13 else CTAU_PI / MASS_PI)
    paths, weights = np.array([t.forced_path(rng, state(pdg, p), forced, reach) for _ in range(n)]).T
    for low, high in ((0, 20000), (20000, 70000), (70000, reach), (reach, np.inf)):
        values = np.where((paths >= low) & (paths < high), weights, 0.0)
        expected = np.exp(-low / length) - np.exp(-high / length)
        assert values.mean() == pytest.approx(expected, abs=4.5 * values.std() / np.sqrt(n))
    assert (paths < reach).mean() == pytest.approx(1 - np.exp(-forced * reach / length), abs=0.01)


def test_pions_decay_up_to_the_absorber_and_not_behind():
    """Between the calorimeter and the iron of MUV1; the muon detector is farther."""
    rng, c, p, n = np.random.default_rng(9), constants(), 6000.0, 20000
    kinds = np.zeros(n)
    for i in range(n):
        particles, at = np.zeros((t.CAPACITY, t.COLUMNS)), np.zeros((4, 6))
        row = state(211, p, z=c.lkr_z - 1)
        particles[0] = row
        t.to_detectors(rng, c, particles, 1, row, t.decay_length(rng, row), at)
        kinds[i] = abs(at[t.AT_MUV3, t.IMPACT_PDG])
    decayed = 1 - np.exp(-(c.muv3_absorber_z - c.lkr_z + 1) * MASS_PI / (p * CTAU_PI))
    assert (kinds == t.MUON).mean() == pytest.approx(decayed, abs=4.5 * np.sqrt(decayed / n))
    assert (kinds == t.PION).mean() == pytest.approx(1 - decayed, abs=4.5 * np.sqrt(decayed / n))
