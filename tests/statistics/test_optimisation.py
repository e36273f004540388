"""The best cut is where the expected limit is smallest, and no data enters."""

import numpy as np
import pytest

from rarekaon.analysis.statistics import ArgumentError, Background, expected_upper_limits
from rarekaon.analysis.statistics.optimisation import accepted_above, optimise_cut

CUTS = (0.04, 0.06, 0.08, 0.10, 0.12)
ACCEPTANCES = (0.20, 0.18, 0.15, 0.10, 0.03)
BACKGROUNDS = [Background(b, 0.12 * b, "truncated_gaussian") for b in (900.0, 500.0, 180.0, 60.0, 40.0)]


def test_best_cut_minimises_the_expected_limit():
    scan = optimise_cut(CUTS, ACCEPTANCES, BACKGROUNDS, kaon_decays=1.14e10, relative_error=0.017)
    by_hand = [
        expected_upper_limits(b, ses=1 / (1.14e10 * a), ses_error=0.017 / (1.14e10 * a))[2]
        for a, b in zip(ACCEPTANCES, BACKGROUNDS, strict=True)
    ]
    assert [band[2] for band in scan.expected] == pytest.approx(by_hand)
    assert scan.best_cut == CUTS[int(np.argmin(by_hand))]
    assert 0 < scan.best < len(CUTS) - 1


def test_without_background_the_loosest_cut_wins():
    scan = optimise_cut(CUTS, ACCEPTANCES, [Background(0.0)] * 5, kaon_decays=1e10)
    assert scan.best_cut == CUTS[0]


def test_accepted_above_is_strict_and_weighted():
    values = [0.05, 0.10, 0.10, 0.2]
    assert accepted_above(values, [0.0, 0.05, 0.1, 0.3], 8.0).tolist() == [0.5, 0.375, 0.125, 0.0]
    assert accepted_above(values, [0.1], 1.0, weights=[1, 1, 1, 0.25]).tolist() == [0.25]


def test_bad_input():
    with pytest.raises(ArgumentError, match="one entry per cut"):
        optimise_cut(CUTS, ACCEPTANCES[:-1], BACKGROUNDS, kaon_decays=1e10)
    with pytest.raises(ArgumentError, match="acceptances"):
        optimise_cut([0.1], [0.0], [Background(1.0)], kaon_decays=1e10)
    with pytest.raises(ArgumentError, match="kaon_decays"):
        optimise_cut([0.1], [0.1], [Background(1.0)], kaon_decays=-1.0)
    with pytest.raises(ArgumentError, match="generated"):
        accepted_above([1.0], [0.5], 0.0)
