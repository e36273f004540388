"""Pions taken for muons: the measured probabilities, and the tiles that the di-muon line asks for."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_MU, MASS_PI
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from rarekaon.analysis.selection.identification import muon, pion
from rarekaon.analysis.selection.misidentification import outer_tiles, pions_as_muons, taken_for
from tests.selection.test_identification import Tracks

BY = {"pi": pion(e_over_p_below=0.9, muv3_veto=5), "mu": muon(muv3_window=5)}


class Extrapolated:
    """Stands in for candidates with momenta (n, 3) and impact points (n, 3, 2) in the muon detector's plane."""

    def __init__(self, momentum, at=((0.0, 0.0),) * 3):
        self.momentum, self.at = np.atleast_2d(momentum), np.array([at])

    def track(self, name):
        assert name == "momentum"
        return self.momentum

    def at_plane(self, z):
        assert z == detector().muv3.z
        return self.at


def test_the_weight_is_the_odds_of_a_signal_times_the_share_of_small_ratios():
    momentum = np.array([[20.0, 12.0, 28.0], [30.0, 16.0, 40.0]]) * GeV
    maps = IdentificationMaps.read()
    signal, soft = (maps.probability(name, momentum) for name in ("pi_as_mu", "pi_minimum_ionising"))
    one = signal / (1 - signal) * soft
    assert pions_as_muons((1,))(Extrapolated(momentum)) == pytest.approx(one[:, 1])
    assert pions_as_muons((1, 2))(Extrapolated(momentum)) == pytest.approx(one[:, 1] * one[:, 2])
    assert (one < 0.02).all(), "rare"


class Found(Tracks):
    """Candidates that `identify` finds, in its order."""

    def once(self, identify):
        return self


def test_the_tracks_keep_their_order_and_get_the_enforced_masses():
    found = Found([[-1, 1, 1]], [[0.3, 0.3, 0.3]])
    _, order, particles, masses = taken_for(("pi-", "pi+", "pi+"), ("pi-", "mu+", "mu+"), by=BY)(found)
    assert order.tolist() == [[0, 1, 2]]
    assert particles == ("pi-", "mu+", "mu+")
    assert masses == (MASS_PI, MASS_MU, MASS_MU)


TILE = detector().muv3.tile


@pytest.mark.parametrize(
    ("first", "second", "tiles"),
    [
        ((2.5, 0.5), (-3.5, 1.5), 2),
        ((2.5, 0.5), (2.6, 0.4), 1),
        ((2.5, 0.5), (0.5, 0.5), 1),
        ((0.9, 0.1), (0.5, 0.5), 0),
        ((2.5, 0.5), (0.0, 6.1), 1),
        ((-2.5, -0.5), (2.5, 0.5), 2),
    ],
)
def test_outer_tiles_are_counted_once(first, second, tiles):
    """Tiles of 220 mm around the central four, out to six from the axis."""
    at = np.array([(9.0, 9.0), first, second]) * TILE
    assert outer_tiles((1, 2)).of(Extrapolated(np.ones(3), at)).tolist() == [tiles]
