"""Declarations: intervals, cuts, and the contract that every channel keeps."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search, searches
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, exactly

ALL = [s for group in searches().values() for s in group]
finite = st.floats(-1e6, 1e6)


@given(finite, finite, st.lists(finite, max_size=20))
def test_an_interval_is_open_and_agrees_with_itself(a, b, values):
    if not a < b:
        with pytest.raises(ValueError, match="is empty"):
            Interval(a, b)
        return
    interval = Interval(a, b)
    mask = interval.mask(np.array(values))
    assert mask.tolist() == [v in interval for v in values]
    assert a not in interval
    assert b not in interval
    assert not interval.mask(np.array([math.nan])).any()


def test_a_cut_asks_all_tracks_of_a_candidate():
    q = Quantity("q", "q", lambda c: c, (1, 0, 1))
    values = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 9.0]])
    assert Cut(q, Interval(0, 5)).passes(values).tolist() == [True, False]
    assert Cut(q, exactly(2)).name == "q = 2"


@pytest.mark.parametrize("s", ALL, ids=lambda s: s.key)
class TestEveryChannel:
    def test_decays_conserve_charge(self, s: Search):
        for selection in s.selections:
            assert Decay(selection.decay).charge_conserved

    def test_regions_have_one_signal_inside_a_mask(self, s: Search):
        signals = [r for r in s.signal.regions if r.signal]
        assert len(signals) == 1
        assert all(r.masked for r in signals)
        assert any(r.control for r in s.signal.regions)

    def test_control_regions_do_not_touch_the_mask(self, s: Search):
        ends = sorted({e for r in s.signal.regions for e in (r.within.low, r.within.high) if math.isfinite(e)})
        points = np.array([ends[0] - 1, *ends, *((a + b) / 2 for a, b in pairwise(ends)), ends[-1] + 1])
        for control in (r for r in s.signal.regions if r.control):
            for masked in s.signal.masked:
                assert not (control.mask(points) & masked.mask(points)).any()

    def test_regions_cut_out_in_print_are_cut_out_here(self, s: Search):
        paper = all_published().get((s.name, s.dataset))
        for name, of_paper in paper.regions.items() if paper else ():
            if of_paper.excludes:
                assert s.signal.region(name).excluding == s.signal.region(of_paper.excludes).within

    def test_the_box_is_made_of_cuts_of_the_selection(self, s: Search):
        for selection in s.masked_selections:
            assert set(selection.box) <= set(selection.cuts)

    def test_normalisation_has_its_region_and_is_not_masked(self, s: Search):
        assert s.normalisation.region("normalisation").control
        assert not s.normalisation.masked

    def test_samples_and_data_sets_are_catalogued(self, s: Search):
        assert set(s.samples.all) <= set(catalogue().names)
        assert conditions().of(s.dataset)

    def test_cut_names_are_distinct(self, s: Search):
        for selection in s.selections:
            assert len(set(selection.cutflow)) == len(selection.cutflow)


def test_unknown_searches_are_named():
    assert search("pi_ee", "2017").dataset == "2017"
    with pytest.raises(KeyError, match=r"no search 'pi_ex' in data set '2017'; there are .*pi_ee/2016-2018"):
        search("pi_ex", "2017")
