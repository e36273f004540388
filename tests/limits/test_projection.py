"""Projections against the closed forms at both ends."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.projection import ProjectionError, decays_range, project, projectable
from rarekaon.analysis.report.projections import projection_figure
from tests.hand_made import booked

RECORD, _ = limit_from_events(booked(observed={"signal": (0.0, 0.0)}))
NOW = RECORD.kaon_decays


def projected(*decays, record=RECORD):
    return project(record, decays, background_prior="truncated_gaussian").points


def test_today_is_the_limit_of_the_search():
    (today,) = projected(NOW)
    assert today.expected_upper_limit == RECORD.expected_upper_limit
    assert today.background == RECORD.background


@settings(max_examples=20)
@given(st.floats(0.01, 100))
def test_without_background_the_limit_falls_with_the_decays(times):
    exact = replace(RECORD, background=0.0, background_error=0.0, single_event_sensitivity_error=0.0)
    (point,) = projected(NOW * times, record=exact)
    assert point.expected_upper_limit == pytest.approx(
        (-math.log(0.1) * RECORD.single_event_sensitivity / times,) * 5, rel=1e-6
    )
    assert point.single_event_sensitivity == pytest.approx(RECORD.single_event_sensitivity / times)


def test_with_an_exact_background_the_limit_falls_with_the_root_in_the_end():
    exact = replace(RECORD, background=4.0, background_error=0.0, single_event_sensitivity_error=0.0)
    few, many = projected(25 * NOW, 2500 * NOW, record=exact)
    slope = math.log(many.expected_upper_limit[2] / few.expected_upper_limit[2]) / math.log(100)
    assert slope == pytest.approx(-0.5, abs=0.03)


def test_a_background_known_to_a_fifth_stops_the_limit():
    known = replace(RECORD, background=4.0, background_error=0.8)
    few, many = projected(250 * NOW, 2500 * NOW, record=known)
    assert many.background_error == pytest.approx(0.2 * many.background)
    assert many.expected_upper_limit[2] == pytest.approx(few.expected_upper_limit[2], rel=0.1)


def test_points_ascend_and_bands_are_ordered():
    points = projected(*decays_range(NOW / 2, 50 * NOW, 6)[::-1])
    assert [p.kaon_decays for p in points] == sorted(p.kaon_decays for p in points)
    for point in points:
        assert list(point.expected_upper_limit) == sorted(point.expected_upper_limit)


def test_the_figure_shows_the_points():
    made = project(RECORD, decays_range(NOW, 10 * NOW, 4), background_prior="truncated_gaussian")
    (axes,) = projection_figure(made, 0.9).axes
    median = axes.lines[0]
    np.testing.assert_allclose(median.get_ydata(), [p.expected_upper_limit[2] for p in made.points])
    assert "e^{+}" in axes.get_title(loc="left")


def test_scans_and_impossible_ranges_are_refused():
    scanned = replace(RECORD, parameter={"mass": 300.0})
    assert not projectable(scanned)
    for record in (scanned, replace(RECORD, kaon_decays=None)):
        with pytest.raises(ProjectionError, match="no counting limit"):
            project(record, (NOW,), background_prior="truncated_gaussian")
    for arguments in ((0, 1, 3), (2, 1, 3), (1, 2, 1), (1, math.inf, 3)):
        with pytest.raises(ProjectionError, match="range of kaon decays"):
            decays_range(*arguments)
