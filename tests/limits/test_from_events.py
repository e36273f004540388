"""From booked counts to limits: closed forms on hand-made counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.limits.backgrounds import total_row
from rarekaon.analysis.limits.controls import control_agreement
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.search_histograms import MissingHistogramsError, SearchHistograms
from rarekaon.analysis.search.channels import search
from tests.hand_made import FULL, GENERATED, booked


def expected_decays():
    efficiency = conditions().event_efficiency(FULL.dataset)
    fraction = branching_fractions()["K+ -> pi+ e+ e-"].value
    return 10000 / (fraction * 0.04 * efficiency)


def test_kaon_decays_and_sensitivity_follow_their_definitions():
    record, _ = limit_from_events(booked(observed={"signal": (0.0, 0.0)}))
    efficiency = conditions().event_efficiency(FULL.dataset)
    assert record.kaon_decays == pytest.approx(expected_decays())
    assert record.acceptance_signal == pytest.approx(0.05 * efficiency)
    assert record.acceptance_normalisation == pytest.approx(0.04 * efficiency)
    assert record.single_event_sensitivity == pytest.approx(1 / (expected_decays() * 0.05 * efficiency))
    relative = math.hypot(0.01, 0.03, 0.005, 0.0045)  # candidates, branching fraction, two simulated acceptances
    assert record.kaon_decays_error / record.kaon_decays == pytest.approx(math.hypot(0.01, 0.03, 0.005), rel=0.02)
    assert record.single_event_sensitivity_error / record.single_event_sensitivity == pytest.approx(relative, rel=0.02)


def test_zero_observed_events_without_sensitivity_error_give_the_closed_form():
    record, _ = limit_from_events(booked(observed={"signal": (0.0, 0.0)}))
    assert record.observed == 0
    assert record.upper_limit == record.upper_limit_at_published_count
    assert record.upper_limit == pytest.approx(-math.log(0.1) * record.single_event_sensitivity, rel=0.01)


def test_background_is_decays_times_fraction_times_acceptance():
    _, rows = limit_from_events(booked(observed={"signal": (0.0, 0.0)}))
    by = {(r.region, r.mode): r for r in rows}
    decays = expected_decays() * conditions().event_efficiency(FULL.dataset) / GENERATED
    chain = "K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma"
    cell = by["lower", chain]
    assert cell.expected == pytest.approx(decays * branching_fractions()[chain].value * 4e-3)
    assert cell.stat == pytest.approx(cell.expected * 1e-4 / 4e-3)
    assert cell.syst == pytest.approx(0.2 * cell.expected)
    assert by["lower", "K+ -> pi+ pi+ pi-"].syst == 0
    assert cell.published == 3.7


def test_the_common_systematic_adds_linearly_over_modes():
    _, rows = limit_from_events(booked(observed={"signal": (0.0, 0.0)}))
    parts = [r for r in rows if r.region == "signal" and r.mode != "total"]
    total = total_row(rows, "signal")
    assert total.expected == pytest.approx(sum(r.expected for r in parts))
    assert total.syst == pytest.approx(sum(r.syst for r in parts))
    # the upper limit of a mode without events is no error of the total
    assert total.stat == pytest.approx(math.hypot(*(r.stat for r in parts if r.expected > 0)))


def test_more_observed_events_weaken_the_limit():
    limits = [limit_from_events(booked(observed={"signal": (n, n)}))[0].upper_limit for n in (0.0, 1.0, 4.0)]
    assert limits == sorted(limits)
    assert limits[2] > 2 * limits[0]


def test_a_blind_data_set_has_no_observed_count_and_no_limit():
    blind = search("pi_ee", "2022")
    record, rows = limit_from_events(booked(blind, observed={"signal": (3.0, 3.0), "masked": (5.0, 5.0)}))
    assert record.observed is None
    assert record.upper_limit is None
    assert record.upper_limit_at_published_count is None
    assert np.isfinite(record.expected_upper_limit).all()
    assert {r.region: r.observed for r in rows if r.mode == "total"} == {
        "lower": 9, "upper": 2, "masked": None, "signal": None,
    }  # fmt: skip


def test_missing_samples_are_named():
    full = booked()
    with pytest.raises(MissingHistogramsError, match="pi_ee/2016-2018: no histograms of ke4"):
        SearchHistograms(FULL, {k: v for k, v in full.samples.items() if k != "ke4"})


def test_prescaled_counts_are_as_uncertain_as_what_was_recorded():
    """100 000 expected, 90 000 observed: far off if each was recorded, within one deviation if one in 1000 was."""
    _, rows = limit_from_events(booked())
    many = [replace(r, expected=1e5, stat=0.0, syst=0.0, observed=90_000) for r in rows if r.mode == "total"]

    def p_value(weight):
        agreement = control_agreement(FULL, tuple(replace(r, observed_weight=weight) for r in many))
        return agreement.regions[0].p_value

    assert p_value(1.0) < 1e-12
    assert p_value(1000.0) == pytest.approx(2 * poisson.cdf(90, 100), rel=1e-6)


def test_control_regions_agree_or_not():
    _, rows = limit_from_events(booked())
    expected = total_row(rows, "lower").expected
    good = limit_from_events(booked(controls=(round(expected), round(total_row(rows, "upper").expected))))[1]
    assert control_agreement(FULL, good).agrees
    bad = limit_from_events(booked(controls=(round(expected + 10 * math.sqrt(expected) + 20), 0)))[1]
    assert not control_agreement(FULL, bad).agrees
    with pytest.raises(ValueError, match="no counts of its control regions"):
        control_agreement(replace(FULL, dataset="2017"), good)


def test_one_event_of_a_mode_of_which_none_was_simulated_is_no_disagreement():
    _, rows = limit_from_events(booked())
    lower = [r for r in rows if r.region == "lower"]
    total = replace(total_row(rows, "lower"), expected=0.0, stat=0.0, syst=0.0, observed=1)
    rest = [r for r in rows if r.region != "lower"]

    def p_value(limit):
        unseen = replace(lower[0], mode="unseen", expected=0.0, stat=limit, syst=0.0)
        agreement = control_agreement(FULL, (*rest, unseen, total))
        return next(r.p_value for r in agreement.regions if r.region == "lower")

    assert p_value(0.0) == 0
    assert p_value(1.7) > 0.3
