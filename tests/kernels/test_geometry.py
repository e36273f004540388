"""The detector's constants and the acceptance functions shared by simulation and selections."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.contract.units import m, mm
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.detector_model import Detector
from rarekaon.analysis.facts.models import read_facts
from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.kernels.geometry import (
    in_chod_acceptance,
    in_fiducial_volume,
    in_lkr_acceptance,
    in_muv3_acceptance,
    in_rich_acceptance,
    in_straw_acceptance,
    straw_views,
)

COORDINATE = st.floats(-1500, 1500)


def test_elements_stand_in_the_order_of_the_beam_line():
    d = detector()
    planes = (
        *d.gtk.z, d.fiducial_volume.z_min, d.fiducial_volume.z_max, *d.straw.z[:2], d.magnet.z, *d.straw.z[2:],
        d.rich.z_front, d.chod.z, d.lkr.z, d.muv3.z, d.sac.z,
    )  # fmt: skip
    assert list(planes) == sorted(planes)
    assert list(d.lav.z_front) == sorted(d.lav.z_front)
    assert all(front < back for front, back in zip(d.lav.z_front, d.lav.z_back, strict=True))


def test_fiducial_volume_is_75_m_long():
    volume = detector().fiducial_volume
    assert volume.z_max - volume.z_min == 75 * m
    assert in_fiducial_volume([104 * m, 106 * m, 181 * m]).tolist() == [False, True, False]


def test_published_momentum_resolution_follows_from_hits_and_lever_arms():
    """sigma_p/p = 0.005% p/GeV from the hits alone (CERN-EP-2022-018 Section 1)."""
    s, kick = detector().straw, abs(detector().magnet.kick)
    slopes = [s.hit_resolution * np.sqrt(2) / (s.z[i + 1] - s.z[i]) for i in (0, 2)]
    assert np.hypot(*slopes) / kick * 1000 * 100 == pytest.approx(0.005, rel=0.03)


def test_rich_thresholds_are_the_published_ones():
    n = detector().rich.refractivity
    assert 139.57 / np.sqrt(2 * n) == pytest.approx(12500, rel=0.01)
    assert 105.66 / np.sqrt(2 * n) == pytest.approx(9500, rel=0.01)


@pytest.mark.parametrize("chamber", [1, 2, 3, 4])
def test_chamber_is_closed_where_two_views_overlap(chamber):
    """Bands of half the hole's side: at its middles one band alone is left, at 22.5 degrees two end together."""
    straw = detector().straw
    hole, half = straw.hole_x[chamber - 1], straw.hole_half_side
    corner = half / np.cos(np.pi / 8)
    for offset, radius, seen in ((0.0, half + 1, False), (np.pi / 8, corner - 1, False), (np.pi / 8, corner + 1, True)):
        angle = offset + np.linspace(0, 2 * np.pi, 8, endpoint=False)
        x, y = hole + radius * np.cos(angle), radius * np.sin(angle)
        assert (in_straw_acceptance(chamber, x, y) == seen).all()
    assert not in_straw_acceptance(chamber, straw.r_max + 1 * mm, 0.0)


@given(COORDINATE, COORDINATE)
def test_a_chamber_sees_a_track_exactly_where_two_views_have_straws(x, y):
    straw = detector().straw
    views = straw_views(x, y, straw.hole_x[0], straw.hole_half_side)
    assert 0 <= views <= 4
    assert bool(in_straw_acceptance(1, x, y)) == (views > 1 and x * x + y * y < straw.r_max**2)


def test_views_are_counted_one_by_one():
    half = detector().straw.hole_half_side
    assert straw_views(0.0, 0.0, 0.0, half) == 0
    assert straw_views(0.0, 10 * half, 0.0, half) == 3
    assert straw_views(10 * half, 10 * half, 0.0, half) == 3
    assert straw_views(10 * half, 5 * half, 0.0, half) == 4


@pytest.mark.parametrize("chamber", [0, 5, -1])
def test_unknown_chamber_is_refused(chamber):
    with pytest.raises(ValueError, match="chamber must be"):
        in_straw_acceptance(chamber, 0.0, 0.0)


@given(COORDINATE, COORDINATE)
def test_calorimeter_has_the_symmetry_of_an_octagon(x, y):
    inside = bool(in_lkr_acceptance(x, y))
    # points within rounding of the edge may fall on either side
    turned = ((x - y) / np.sqrt(2), (x + y) / np.sqrt(2))
    lkr = detector().lkr
    edge = max(abs(x), abs(y), abs(turned[0]), abs(turned[1]))
    if abs(edge - lkr.apothem) > 1e-6 and abs(np.hypot(x, y) - lkr.r_min) > 1e-6:
        assert inside == bool(in_lkr_acceptance(y, x)) == bool(in_lkr_acceptance(*turned))


def test_calorimeter_area_is_that_of_an_octagon_with_a_hole():
    lkr = detector().lkr
    grid = np.linspace(-1200, 1200, 1201)
    x, y = np.meshgrid(grid, grid)
    area = in_lkr_acceptance(x, y).mean() * (grid[-1] - grid[0] + 2) ** 2
    octagon = 8 * np.tan(np.pi / 8) * lkr.apothem**2 - np.pi * lkr.r_min**2
    assert area == pytest.approx(octagon, rel=2e-3)


def test_round_and_square_detectors_have_holes_and_edges():
    d = detector()
    r = np.array([d.chod.r_min - 1, d.chod.r_min + 1, d.chod.r_max - 1, d.chod.r_max + 1])
    assert in_chod_acceptance(r, 0 * r).tolist() == [False, True, True, False]
    r = np.array([d.rich.r_min - 1, d.rich.r_min + 1, d.rich.r_max - 1, d.rich.r_max + 1])
    assert in_rich_acceptance(d.rich.front_x + r, 0 * r).tolist() == [False, True, True, False]
    assert in_muv3_acceptance([0.0, 200.0, 1319.0, 1321.0], 0.0).tolist() == [False, True, True, False]


def test_acceptance_keeps_the_shape_of_its_input():
    assert in_lkr_acceptance(np.zeros((4, 3)), np.full((4, 3), 500)).shape == (4, 3)


def _facts():
    return yaml.safe_load((datasets_path() / "detector.yaml").read_text())


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("straw", "r_mxa", 1000.0),
        ("lkr", "apothem", -1.0),
        ("muv3", "efficiency", 1.5),
        ("straw", "hit_resolution", float("nan")),
        ("lav", "z_front", [1.0, 2.0]),
    ],
)
def test_wrong_constants_are_refused_with_the_name_of_the_file(tmp_path, block, key, value):
    facts = _facts()
    facts[block][key] = value
    path = tmp_path / "detector.yaml"
    path.write_text(yaml.safe_dump(facts))
    with pytest.raises(ValueError, match=r"detector\.yaml") as error:
        read_facts(Detector, path)
    assert block in str(error.value)


def test_every_block_names_its_source():
    assert all(block["source"] for block in _facts().values())
