"""Signals of the muon detector: measured efficiencies, drawn naturally or with a bias."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from analysis.detector import detector
from analysis.simulation import transport as t
from analysis.simulation.constants import constants
from analysis.simulation.muons import muon_signal
from analysis.simulation.response import Bias


@njit
def _signals(rng, c, at, bias, out, weight):
    for i in range(weight.size):
        weight[i] = muon_signal(rng, c, at, bias, out[i])


def signals(pdg, *, x=600.0, y=-400.0, p=20000.0, bias=None, n=100_000):
    at = np.zeros(6)
    at[[t.IMPACT_X, t.IMPACT_Y, t.IMPACT_PDG, t.IMPACT_P]] = x, y, pdg, p
    out, weight = np.zeros((n, 3)), np.empty(n)
    _signals(np.random.default_rng(3), constants(), at, bias or Bias(), out, weight)
    return out, weight


@pytest.mark.parametrize("bias", [Bias(), Bias(muon_unseen=0.4)])
def test_muons_are_missed_as_often_as_measured(bias):
    """PLB 797 (2019) 134794 Section 3.2: 0.15%."""
    out, weight = signals(-13, bias=bias)
    missed = weight * (out[:, 0] == 0)
    assert missed.mean() == pytest.approx(1.5e-3, abs=4 * missed.std() / np.sqrt(len(weight)))
    assert weight.mean() == pytest.approx(1.0, abs=4 * weight.std() / np.sqrt(len(weight)) + 1e-12)


@pytest.mark.parametrize("bias", [Bias(), Bias(pion_as_muon=0.3)])
@pytest.mark.parametrize(("p", "printed"), [(5000.0, 0.009), (45000.0, 0.004)])
def test_pions_give_a_signal_as_often_as_printed(p, printed, bias):
    """PLB 797 (2019) 134794 Section 3.2: from 0.9% at 5 GeV/c to 0.4% at 45 GeV/c, by punch-through or accidentally.

    An outer tile is associated accidentally if it touches the disk of the search radius, within 5 ns.
    """
    out, weight = signals(211, p=p, bias=bias)
    seen = weight * out[:, 0]
    muv3, activity = detector().muv3, detector().activity
    radius = muv3.search_radius / p
    touched = 1 + 4 * radius / muv3.tile + np.pi * (radius / muv3.tile) ** 2
    accidental = activity.muv3 * activity.muv3_outer_share * 10 * touched / 140
    assert seen.mean() + accidental == pytest.approx(printed, rel=0.05)


def test_electrons_and_particles_in_the_beam_hole_give_none():
    assert not signals(11)[0][:, 0].any()
    assert not signals(-13, x=0.0, y=0.0, p=1e6)[0][:, 0].any()


def test_the_tile_contains_the_scattered_impact():
    out, _ = signals(-13, p=2e5)
    seen = out[out[:, 0] > 0]
    half = detector().muv3.tile / 2
    near = (abs(seen[:, 1] - 600.0) <= half + 20) & (abs(seen[:, 2] + 400.0) <= half + 20)
    assert near.mean() > 0.95
