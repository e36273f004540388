"""Scans on toys: laws of the limits, a peak that is put in, bounds that are chosen, nothing while the box is masked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rarekaon.analysis.limits import scans
from rarekaon.analysis.limits.inference import infer
from rarekaon.analysis.limits.scans import cut_limits, peak_limits
from rarekaon.analysis.statistics.heavy_neutrino import kinematic_factor
from tests.limits.single_muon import ACCEPTANCE, CUT, DATA, DECAYS, PEAK, toy_booked

FEW = replace(PEAK.inference, masses=tuple(np.arange(200.0, 384.5, 4.0)), shown=(240.0, 300.0))


@pytest.fixture(scope="module")
def peak():
    return peak_limits(toy_booked(PEAK), FEW, 0.9)


@pytest.fixture(scope="module")
def cut():
    return cut_limits(toy_booked(CUT), CUT.inference, 0.9)


def test_columns_have_one_entry_a_mass_and_records_are_the_shown_ones(peak):
    records, _, scan = peak
    assert scan.masses == FEW.masses
    assert {len(values) for values in scan.columns.values()} == {len(FEW.masses)}
    assert [r.parameter["mass"] for r in records] == [240.0, 300.0]
    for r in records:
        at = scan.masses.index(r.parameter["mass"])
        assert r.upper_limit == scan.columns["upper_limit"][at]
        assert r.observed == scan.columns["observed"][at]


def test_acceptance_kaon_decays_and_sensitivity_are_those_of_the_toys(peak):
    records, _, scan = peak
    inside = ACCEPTANCE * 0.8664 / (1 - PEAK.random_veto)
    np.testing.assert_allclose(scan.columns["acceptance"], inside, rtol=0.04)
    assert records[0].kaon_decays == pytest.approx(DECAYS, rel=1e-3)
    expected = 1 / (DECAYS * np.array(scan.columns["acceptance"]) * 0.6356 * kinematic_factor(scan.masses))
    np.testing.assert_allclose(scan.columns["single_event_mixing"], expected, rtol=1e-3)


def test_records_have_the_largest_excess_with_the_look_elsewhere_effect(peak):
    records, _, scan = peak
    excess = records[0].details["largest_excess"]
    significances = np.array(scan.columns["significance"])
    assert excess["local_significance"] == significances.max()
    assert excess["mass"] == scan.masses[significances.argmax()]
    assert excess["global_p_value"] >= stats.norm.sf(excess["local_significance"])
    assert excess["global_significance"] <= excess["local_significance"]
    assert 1 <= excess["effective_trials"] < 3 * len(scan.masses)
    assert {r.details["largest_excess"]["mass"] for r in records} == {excess["mass"]}
    assert all(0 <= p <= 1 for p in scan.columns["sideband_probability"])


def test_limits_are_events_times_sensitivity_and_scatter_about_the_expected_ones(peak):
    columns = {k: np.array(v) for k, v in peak[2].columns.items()}
    ratio = columns["upper_limit"] / (columns["signal_events"] * columns["single_event_mixing"])
    assert ratio.min() >= 1
    assert ratio.max() < 1.01
    above = columns["upper_limit"] > columns["expected_+0_sigma"]
    assert 0.1 < above.mean() < 0.9
    assert np.abs(columns["significance"]).max() < 4


def test_a_peak_is_found_where_it_is(peak):
    found = peak_limits(toy_booked(PEAK, peak=(300.0, 400)), FEW, 0.9)[2].columns
    at = FEW.masses.index(300.0)
    assert int(np.argmax(found["significance"])) == at
    assert found["significance"][at] > 5
    assert found["upper_limit"][at] > 5 * peak[2].columns["upper_limit"][at]


def test_a_window_without_events_has_finite_numbers():
    """Result files refuse infinities; near the end of the range nothing may be left in a window."""
    empty = replace(FEW, masses=(380.0, 384.0), shown=(384.0,))
    records, _, scan = peak_limits(toy_booked(PEAK, background=400.0), empty, 0.9)
    assert 0.0 in scan.columns["observed"]
    assert np.isfinite([v for values in scan.columns.values() for v in values]).all()
    assert np.isfinite(records[0].details["significance"])


def test_twice_the_kaon_decays_halve_the_limit_of_the_same_spectrum(peak):
    booked = toy_booked(PEAK)
    normalisation = booked.samples[DATA]["2016-2018"]["normalisation"]["regions"].view()
    normalisation["value"] *= 2
    normalisation["variance"] *= 4
    doubled = peak_limits(booked, FEW, 0.9)[2].columns["upper_limit"]
    np.testing.assert_allclose(np.array(doubled) * 2, peak[2].columns["upper_limit"], rtol=1e-6)


def test_nothing_of_the_data_is_shown_while_the_box_is_shut(monkeypatch):
    monkeypatch.setattr(scans, "is_open", lambda search: False)
    records, _, scan = peak_limits(toy_booked(PEAK), FEW, 0.9)
    assert records == ()
    assert set(scan.columns) == {"resolution", "acceptance"}
    records, _, scan = cut_limits(toy_booked(CUT), CUT.inference, 0.9)
    assert "upper_limit" not in scan.columns
    assert all(r.observed is None and r.upper_limit is None for r in records)
    with_excess = cut_limits(toy_booked(CUT, peak=(350.0, 5000)), CUT.inference, 0.9)
    assert with_excess[2] == scan


def test_bounds_are_the_best_of_all_and_limits_follow_from_counts(cut):
    records, _, scan = cut
    assert set(scan.columns["bound"]) <= set(CUT.inference.bounds)
    for wanted in CUT.inference.bounds:
        only = cut_limits(toy_booked(CUT), replace(CUT.inference, bounds=(wanted,)), 0.9)[2]
        alone, best = np.array(only.columns["expected_+0_sigma"]), np.array(scan.columns["expected_+0_sigma"])
        assert (best <= alone * (1 + 1e-9)).all()
    for r in records:
        assert r.single_event_sensitivity == pytest.approx(1 / (r.kaon_decays * r.acceptance_signal))
        assert r.upper_limit is not None


def test_heavier_mediators_have_stronger_limits_and_vectors_weaker_ones(cut):
    expected = np.array(cut[2].columns["expected_+0_sigma"])
    assert (np.diff(expected) < 0).all()
    vector = replace(CUT.inference, decay="K+ -> mu+ nu X, vector X")
    other = np.array(cut_limits(toy_booked(CUT), vector, 0.9)[2].columns["expected_+0_sigma"])
    assert (other > 0.95 * expected).all()
    assert (other > expected)[: len(expected) // 2].all()


def test_inference_goes_by_the_declared_kind():
    assert len(infer(toy_booked(CUT)).scans) == 1
    assert len(infer(toy_booked(CUT)).records) == len(CUT.inference.shown)
