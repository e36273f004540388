"""Varied declarations: what moves, what stays, and what is refused."""

import pytest

from rarekaon.analysis.contract.units import m
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.processing.blinding import current_blinding
from rarekaon.analysis.search.channels import search, searches
from rarekaon.analysis.stability import CutVariation, PeriodVariation, VariationError
from rarekaon.analysis.stability.variation import edge, parsed, quantities, usual

FULL = search("pi_ee", "2016-2018")
ALL = [s for group in searches().values() for s in group]


def cuts(selection):
    return {c.quantity.name: (c.within.low, c.within.high) for c in selection.cuts}


def test_a_cut_moves_in_every_selection_that_shares_its_value():
    varied = CutVariation("vertex_z", "low", 110 * m).of(FULL)
    for before, after in zip(FULL.selections, varied.selections, strict=True):
        assert cuts(after) == cuts(before) | {"vertex_z": (110 * m, 180 * m)}
        assert after.box == before.box
        assert after.regions == before.regions


def test_a_cut_with_its_own_value_elsewhere_stays_there():
    wide = search("mu_nu_ee", "2016-2018")
    varied = CutVariation("vertex_z", "low", 112 * m).of(wide)
    assert cuts(varied.signal)["vertex_z"][0] == 112 * m
    assert cuts(varied.normalisation)["vertex_z"] == cuts(wide.normalisation)["vertex_z"]


@pytest.mark.parametrize("s", ALL, ids=lambda s: s.key)
def test_usual_variations_fit_every_search_and_name_each_end_once(s):
    found = list(usual(s))
    assert found
    for variation in found:
        assert variation.of(s) != s
        assert variation.value != edge(s, variation.quantity, variation.end)
    assert len(set(found)) == len(found)


def test_varied_searches_do_not_touch_the_blinding():
    before = current_blinding()
    CutVariation("momentum_balance", "high", 1e6).of(FULL)
    assert current_blinding() == before
    assert search("pi_ee", "2016-2018") is FULL


def test_a_period_is_a_data_set_of_its_own_that_nothing_opens():
    from rarekaon.analysis.processing.unblinding import is_open

    varied = PeriodVariation("2018").of(FULL)
    assert conditions().of(varied.dataset) == (conditions().periods["2018"],)
    assert is_open(FULL)
    assert not is_open(varied)


def test_text_is_in_display_units():
    assert parsed("vertex_z:low=105,110.5", FULL) == (
        CutVariation("vertex_z", "low", 105 * m),
        CutVariation("vertex_z", "low", 110.5 * m),
    )
    assert parsed("m_ee", FULL) == tuple(usual(FULL, "m_ee"))
    assert {v.quantity for v in usual(FULL)} <= set(quantities(FULL))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "has no cut on 'nothing'; it cuts on vertex_charge"),
        ("nothing:low=1", "has no cut on 'nothing'"),
        ("m_ee:high=1", "does not cut on m_ee at its high end"),
        ("m_ee:middle=1", "write it like"),
        ("m_ee:low", "write it like"),
        ("m_ee=3", "write it like"),
        ("m_ee:low=a", "write numbers"),
    ],
)
def test_what_does_not_fit_is_refused(text, message):
    with pytest.raises(VariationError, match=message):
        list(parsed(text, FULL))


def test_impossible_values_and_periods_are_refused():
    with pytest.raises(VariationError, match="is empty"):
        CutVariation("vertex_z", "low", 200 * m).of(FULL)
    with pytest.raises(VariationError, match="no period '2022'; it has 2016, 2017A"):
        PeriodVariation("2022").of(FULL)
