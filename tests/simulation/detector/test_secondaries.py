"""Neutral pions from interactions in front of the calorimeter: rates, energies and angles of the model."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.simulation.detector import secondaries as s
from rarekaon.analysis.simulation.ground.constants import constants

MOMENTUM = 20000.0


@njit
def _events(rng, c, pdg, found, deposits):
    at = np.zeros(6)
    at[0], at[2], at[3] = 400.0, pdg, MOMENTUM
    for i in range(found.size):
        found[i] = s.secondary_deposits(rng, c, at, deposits[i], 0)


def events(pdg, n=100_000):
    found, deposits = np.zeros(n, np.int64), np.zeros((n, 4, 4))
    _events(np.random.default_rng(1), constants(), float(pdg), found, deposits)
    return found, deposits


@njit
def _pions(rng, c, out):
    for i in range(len(out)):
        out[i] = s.neutral_pion(rng, c, MOMENTUM)


def test_pions_interact_as_often_as_the_matter_says_and_others_never():
    found, _ = events(211)
    assert 0.8 < (found > 0).mean() / (1 - np.exp(-0.18)) < 1  # the softest photons are not seen
    assert events(-211)[0].any()
    assert not events(-11)[0].any()


def test_energy_and_transverse_momentum_have_the_stated_spectra():
    pions = np.empty((200_000, 4))
    _pions(np.random.default_rng(2), constants(), pions)
    energy, angle_x, angle_y, path = pions.T
    assert energy.mean() / MOMENTUM == pytest.approx(1 / 4, rel=0.01)
    assert (energy > MOMENTUM / 2).mean() == pytest.approx(1 / 8, rel=0.05)
    assert np.hypot(energy * angle_x, energy * angle_y).mean() == pytest.approx(280 * np.sqrt(np.pi / 2), rel=0.01)
    assert (path.min() > 2080, path.max() < 4225) == (True, True)


def test_the_two_photons_have_the_mass_of_the_pion():
    """D sqrt(E1 E2) / path is the mass; the path is between 2.1 and 4.2 m."""
    found, deposits = events(211)
    first, second = deposits[found == 2, 0], deposits[found == 2, 1]
    apart = np.linalg.norm(first[:, :2] - second[:, :2], axis=1)
    path = apart * np.sqrt(first[:, 2] * second[:, 2]) / MASS_PI0
    c = constants()
    low, high = (c.lkr_z - z for z in c.interaction_z[::-1])
    assert ((path > low - 1) & (path < high + 1)).all()
    assert (first[:, 2] + second[:, 2] <= MOMENTUM).all()


def test_nothing_is_added_to_the_cluster_of_the_track():
    """The identification curves hold what an interaction does to the track's own E/p."""
    found, deposits = events(211)
    c = constants()
    for k in range(deposits.shape[1]):
        x, y = deposits[found > k, k, 0], deposits[found > k, k, 1]
        assert (np.hypot(x - 400.0, y) > c.lkr_merging).all()
