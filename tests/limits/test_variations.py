"""Variations move expected events as booked, samples together, and end in limits, tables and workspaces."""

from dataclasses import replace

import pytest

from rarekaon.analysis.limits.backgrounds import total_row
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.variations import Shift, background_shifts, ranking
from rarekaon.analysis.limits.workspaces import events_export
from rarekaon.analysis.search.declaration import ShapeSystematic
from rarekaon.analysis.statistics import Background
from tests.hand_made import booked

SAMPLES = ("pi0d_e_nu", "e_nu_ee", "pi_ee_lnv")


def varied(up, down, normalisation=1.0):
    """Hand-made counts with a variation of two backgrounds and the signal, times `up` and `down` of each, and of the
    normalisation, times a factor and its opposite."""
    made = booked()
    source = ShapeSystematic("scale", lambda columns: columns, lambda columns: columns, (*SAMPLES, "pi_ee_sm"))
    selection = made.samples["pi_ee_sm"][made.search.dataset]["normalisation"]
    for end, factor in (("up", normalisation), ("down", 2 - normalisation)):
        selection[f"regions scale {end}"] = selection["regions"].copy()
        selection[f"regions scale {end}"].view()["value"] *= factor
    for sample in SAMPLES:
        selection = made.samples[sample][made.search.dataset]["signal"]
        for end, factors in (("up", up), ("down", down)):
            selection[f"regions scale {end}"] = selection["regions"].copy()
            selection[f"regions scale {end}"].view()["value"] *= factors.get(sample, 1.0)
    return SearchHistograms(replace(made.search, shape_systematics=(source,)), made.samples)


def test_samples_move_together_and_cancel_where_they_move_oppositely():
    made = varied({"pi0d_e_nu": 1.2, "e_nu_ee": 0.9}, {"pi0d_e_nu": 0.8, "e_nu_ee": 1.1})
    plain, rows = (limit_from_events(m)[1] for m in (booked(), made))
    expected = {row.sample: row.expected for row in rows if row.region == "signal" and row.sample}
    shift = 0.2 * expected["pi0d_e_nu"] - 0.1 * expected["e_nu_ee"]
    before, after = (total_row(r, "signal") for r in (plain, rows))
    assert after.expected == pytest.approx(before.expected)
    assert after.syst**2 - before.syst**2 == pytest.approx(shift**2)


def test_the_signal_moves_the_sensitivity():
    plain, made = (limit_from_events(m)[0] for m in (booked(), varied({"pi_ee_lnv": 1.05}, {"pi_ee_lnv": 0.95})))
    relative = [r.single_event_sensitivity_error / r.single_event_sensitivity for r in (plain, made)]
    assert relative[1] ** 2 - relative[0] ** 2 == pytest.approx(0.05**2)
    assert "scale (syst)" in made.details["sensitivity_budget"]


def test_what_moves_signal_and_normalisation_alike_cancels():
    relative = []
    for normalisation in (1.0, 1.03, 1.05):
        made = varied({"pi_ee_lnv": 1.05}, {"pi_ee_lnv": 0.95}, normalisation)
        record = limit_from_events(made)[0]
        relative.append(record.single_event_sensitivity_error / record.single_event_sensitivity)
    assert relative[0] ** 2 - relative[2] ** 2 == pytest.approx(0.05**2)
    assert relative[1] ** 2 - relative[2] ** 2 == pytest.approx(0.02**2)


def test_a_source_of_signal_and_background_moves_them_as_booked_in_the_workspace():
    made = varied({"pi_ee_lnv": 0.9, "e_nu_ee": 1.3}, {"pi_ee_lnv": 1.1, "e_nu_ee": 0.7})
    channel = next(c for c in events_export(made).workspace()["channels"] if c["name"] == "signal")
    signal = {m["name"]: m["data"] for s in channel["samples"] if s["name"] == "signal" for m in s["modifiers"]}
    assert signal["scale"] == {"hi": pytest.approx(0.9), "lo": pytest.approx(1 / 0.9)}


def test_asymmetric_variations_stand_in_the_workspace_as_they_are():
    made = varied({"e_nu_ee": 1.3}, {"e_nu_ee": 0.9})
    shift = background_shifts(made, "signal", limit_from_events(made)[0].kaon_decays)["scale"]["e_nu_ee"]
    channel = next(c for c in events_export(made).workspace()["channels"] if c["name"] == "signal")
    found = {
        sample["data"][0]: modifier["data"]
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
        if modifier["name"] == "scale" and modifier["data"]["hi_data"][0] > 1.01 * sample["data"][0]
    }
    ((expected, data),) = found.items()
    assert shift == Shift(pytest.approx(0.3 * expected), pytest.approx(-0.1 * expected))
    assert data == {"hi_data": [pytest.approx(1.3 * expected)], "lo_data": [pytest.approx(0.9 * expected)]}


def test_sources_are_ranked_by_what_the_limit_would_be_without_them():
    background = Background(40.0, 13.0, "truncated_gaussian")
    ranked = ranking(background, {"small": 5.0, "large": 12.0}, {"acceptance": 0.01}, 0.1, 0.9)
    assert [row["source"] for row in ranked] == ["large", "small", "acceptance"]
    assert ranked[0]["effect_on_limit"] > 3 * ranked[1]["effect_on_limit"] > 0


def test_the_record_has_the_ranking():
    record, _ = limit_from_events(varied({"pi0d_e_nu": 1.5}, {"pi0d_e_nu": 0.5}))
    sources = {row["source"]: row["background_events"] for row in record.details["ranking"]}
    assert sources["scale"] > 0
    assert {"simulation statistics", "e- -> pi- misidentification"} <= set(sources)
