"""Collinear final-state radiation."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.integrate import quad

from rarekaon.analysis.simulation.detector import radiation
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.ground.constants import constants


@njit
def _fractions(rng, c, rest_energy, out):
    particles = np.zeros((t.CAPACITY, t.COLUMNS))
    for i in range(out.size):
        particles[0, t.PDG], particles[0, t.PX], particles[0, t.PZ] = -11, 30.0, 20000.0
        particles[0, t.ENERGY] = np.sqrt(20000.0**2 + 30.0**2)
        count = radiation.radiate_final_state(rng, c, particles, 1, 0, rest_energy)
        out[i] = particles[1, t.PZ] / 20000.0 if count > 1 else 0.0
        if count > 1 and abs(particles[1, t.PX] / particles[1, t.PZ] - 30.0 / 20000.0) > 1e-12:
            out[i] = -1.0
        if abs(particles[0, t.PZ] + out[i] * 20000.0 - 20000.0) > 1e-6:
            out[i] = -2.0


@pytest.fixture(scope="module")
def fractions():
    out = np.empty(400_000)
    _fractions(np.random.default_rng(1), constants(), 150.0, out)
    return out


def test_photons_are_collinear_and_take_their_energy_from_the_electron(fractions):
    assert fractions.min() >= 0
    assert fractions.max() < 1


def test_spectrum_is_the_leading_logarithm(fractions):
    cutoff = constants().fsr_cutoff
    factor = radiation.emission_probability(150.0, cutoff)
    norm, _ = quad(lambda x: (1 + (1 - x) ** 2) / x, cutoff, 1)
    for low in (0.01, 0.1, 0.5):
        expected = factor * quad(lambda x: (1 + (1 - x) ** 2) / x, low, 1)[0] / norm
        error = np.sqrt(expected / len(fractions))
        assert (fractions > low).mean() == pytest.approx(expected, abs=4 * error)


def test_probability_is_alpha_over_two_pi_times_the_logarithm():
    probability = radiation.emission_probability(150.0, 1e-3)
    spectrum = -2 * np.log(1e-3) - 2 * (1 - 1e-3) + 0.5 * (1 - 1e-6)
    assert probability == pytest.approx(spectrum / 137.036 / (2 * np.pi) * (2 * np.log(300 / 0.511) - 1), rel=1e-3)
    assert radiation.emission_probability(300.0, 1e-3) > probability > radiation.emission_probability(150.0, 1e-2)


def test_full_array_suppresses_the_photon():
    particles = np.zeros((1, t.COLUMNS))
    particles[0, t.PZ] = 2e4
    rng = np.random.default_rng(2)
    assert all(radiation.radiate_final_state(rng, constants(), particles, 1, 0, 200.0) == 1 for _ in range(50))
    assert particles[0, t.PZ] == 2e4
