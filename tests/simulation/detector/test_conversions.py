"""Photon conversions in front of the magnet."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from rarekaon.analysis.simulation.detector import conversions
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.ground.constants import constants


@njit
def _share(rng, c, row, n):
    count = 0
    for _ in range(n):
        count += conversions.converts(rng, c, row)
    return count / n


def photon(x, z=120000.0, y=300.0):
    """A photon along the beam at (x, y)."""
    row = np.zeros(t.COLUMNS)
    row[[t.PDG, t.PZ, t.ENERGY, t.X, t.Y, t.Z]] = t.PHOTON, 5000.0, 5000.0, x, y, z
    return row


def test_pairs_are_made_in_seven_ninths_of_the_radiation_lengths_crossed():
    """Both chambers, one, or none; at the height of the beam one view of four is missing, in the hole all are."""
    c, rng, n = constants(), np.random.default_rng(1), 2_000_000
    both = 7 / 9 * 2 * c.straw_x0
    for row, expected in (
        (photon(600.0), both), (photon(600.0, z=190000.0), both / 2), (photon(600.0, z=200000.0), 0.0),
        (photon(600.0, y=0.0), 0.75 * both), (photon(105.0, y=0.0), 0.0), (photon(1200.0), 0.0),
    ):  # fmt: skip
        assert _share(rng, c, row, n) == pytest.approx(expected, abs=4 * np.sqrt(both / n))


def test_a_pair_keeps_the_energy_and_is_bent_apart():
    c, rng, deposit = constants(), np.random.default_rng(2), np.zeros((8, 4))
    arm = abs(c.magnet_kick) * (c.lkr_z - c.magnet_z)
    seen = 0
    for _ in range(200):
        if conversions.pair_deposits(c, 400.0, 300.0, 60000.0, rng.random(), deposit, 0) == 2:
            seen += 1
            energy, x = deposit[:2, 2], deposit[:2, 0]
            assert energy.sum() == pytest.approx(60000.0)
            assert np.abs(x - 400.0) == pytest.approx(arm / energy)
            assert (x[0] - 400.0) * (x[1] - 400.0) < 0
            assert (deposit[:2, 1] == 300.0).all()
    assert seen > 100


def test_soft_electrons_are_swept_out():
    c, deposit = constants(), np.zeros((8, 4))
    shares = np.linspace(0, 1, 101)
    assert max(conversions.pair_deposits(c, 400.0, 0.0, 3000.0, share, deposit, 0) for share in shares) == 0
    assert min(conversions.pair_deposits(c, 600.0, 0.0, 60000.0, share, deposit, 0) for share in shares) > 0


def test_a_swept_pair_shares_the_photon_and_lands_where_its_deposits_would():
    """Followed through the magnet one by one, against the arm of the kick."""
    c, particles, deposit = constants(), np.zeros((8, t.COLUMNS)), np.zeros((8, 4))
    particles[1] = photon(400.0)
    particles[1, [t.PX, t.PZ, t.ENERGY]] = 20.0, 60000.0, np.hypot(20.0, 60000.0)
    assert conversions.append_pair(c, particles, 2, 1, 0.3) == 4
    positron, electron = particles[2], particles[3]
    assert (positron[t.PDG], positron[t.CHARGE], electron[t.PDG], electron[t.CHARGE]) == (-11, 1, 11, -1)
    assert (particles[2:4, t.PARENT] == 1).all()
    assert positron[t.ENERGY] == pytest.approx(0.3 * particles[1, t.ENERGY])
    assert particles[2:4, t.PX : t.ENERGY + 1].sum(axis=0) == pytest.approx(particles[1, t.PX : t.ENERGY + 1])
    assert (particles[2:4, t.Z] == c.straw_z[1]).all()
    x = 400.0 + 20.0 / 60000.0 * (c.lkr_z - particles[1, t.Z])
    made = conversions.pair_deposits(c, x, 300.0, particles[1, t.ENERGY], 0.3, deposit, 0)
    for k in range(made):
        t.move(particles[2 + k], c.magnet_z)
        t.kick(particles[2 + k], c.magnet_kick)
        t.move(particles[2 + k], c.lkr_z)
        assert particles[2 + k, t.X] == pytest.approx(deposit[k, 0], abs=0.5)
    assert made == 2
