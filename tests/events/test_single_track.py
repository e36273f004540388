"""Matching of track, KTAG and GTK on perfect events, and the laws of closest approach."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.events.single_track import (
    decay_angle,
    missing_mass_squared,
    single,
    single_tracks,
    vertices_with_others,
)
from rarekaon.analysis.kernels.matching import MATCHING_WIDTHS, approach, match_kaons
from rarekaon.analysis.selection.identification import muon, vertex_identified_as
from tests.ideal_single_tracks import ideal_single_tracks, several
from tests.reading import columns_of

MASS = 250.0
IDENTIFY = vertex_identified_as("mu+", by={"mu": muon(muv3_window=3)})


@pytest.fixture(scope="module")
def events():
    return ideal_single_tracks(MASS)


def found(events, path, **replaced):
    return single_tracks(columns_of(events.write(path / "ideal.root", **replaced)))


@pytest.fixture(scope="module")
def candidates(events, tmp_path_factory):
    return IDENTIFY(found(events, tmp_path_factory.mktemp("ideal")))


def test_every_event_has_its_candidate(events, candidates):
    np.testing.assert_array_equal(candidates.event, np.arange(300))
    np.testing.assert_allclose(candidates.momentum[:, 0], events.momentum, rtol=1e-6, atol=0.1)
    np.testing.assert_allclose(candidates.kaon, events.kaon, rtol=1e-6, atol=0.1)
    assert candidates.closest_approach.max() < 0.01
    angle = np.linalg.norm(events.momentum / events.momentum[:, 2:] - events.kaon / events.kaon[:, 2:], axis=-1)
    np.testing.assert_allclose((candidates.vertex[:, 2] - events.vertex[:, 2]) * angle, 0, atol=0.02)


def test_missing_mass_and_angle_are_those_of_the_decay(events, candidates):
    np.testing.assert_allclose(missing_mass_squared(candidates), MASS**2, atol=300)  # float32 slopes
    np.testing.assert_allclose(decay_angle(candidates), events.angle, atol=2e-3)
    assert candidates.masses == (particle("mu+").mass,)


def test_the_candidates_own_fields_follow_a_selection(candidates):
    some = candidates.take(np.arange(0, 300, 7))
    np.testing.assert_array_equal(some.kaon, candidates.kaon[::7])
    np.testing.assert_array_equal(some.closest_approach, candidates.closest_approach[::7])
    assert some.particles == ("mu+",)


def test_three_track_candidates_are_refused(events, tmp_path):
    columns = columns_of(events.write(tmp_path / "ideal.root"))
    with pytest.raises(TypeError, match="single_tracks"):
        single(three_track_vertices(columns))


def gtk(events, index, **fields):
    """A second beam track: the first one's fields but for those given."""
    columns = {}
    for name in ("momentum", "slope_x", "slope_y", "x", "y", "time", "chi2"):
        first = np.asarray(events.columns[f"Gtk_{name}"])[:, 0]
        pair = [first, fields.get(name, 0) + first]
        columns[f"Gtk_{name}"] = several(*(pair if index == 1 else pair[::-1]))
    return columns


@pytest.mark.parametrize("index", [0, 1])
def test_the_nearer_beam_track_is_taken_whatever_the_order(events, tmp_path, index):
    other = found(events, tmp_path, **gtk(events, index, x=6.0, momentum=900.0))
    np.testing.assert_allclose(other.kaon, events.kaon, rtol=1e-6, atol=0.1)


def test_a_difference_in_time_outweighs_one_in_distance_by_the_widths(events, tmp_path):
    time, distance = MATCHING_WIDTHS
    shift = {"y": 2 * distance, "time": 0.0}  # never more than 2 widths of distance, against 3 of time
    late = {"Ktag_time": several(np.full(300, 3 * time))}
    early = found(events, tmp_path, **gtk(events, 1, **shift | {"time": 3 * time}), **late)
    assert (early.beam_time > time).all()


def test_beam_tracks_and_tagger_out_of_time(events, tmp_path):
    late = {"Ktag_time": several(np.full(300, 0.6))}
    assert len(found(events, tmp_path, **late)) == 0
    two = {
        "Ktag_time": several(np.full(300, 0.3), np.zeros(300)),
        "Ktag_sectors": several(*2 * [np.full(300, 8)], dtype="uint8"),
    }
    np.testing.assert_array_equal(found(events, tmp_path, **two).kaon_time, 0)


def test_negative_tracks_are_no_candidates(events, tmp_path):
    assert len(found(events, tmp_path, Track_charge=several(np.full(300, -1), dtype="int8"))) == 0


def test_a_second_track_from_the_vertex_is_found(events, tmp_path):
    columns = {}
    for name, values in events.columns.items():
        if name.startswith("Track_"):
            first = np.asarray(values)[:, 0]
            columns[name] = several(first, first, dtype=str(first.dtype))
    mirrored = np.asarray(events.columns["Track_slope_y"])[:, 0] + 4e-3
    y = np.asarray(events.columns["Track_y"])[:, 0] + 4e-3 * (Z_BEFORE_MAGNET - events.vertex[:, 2])
    columns["Track_slope_y"] = several(np.asarray(events.columns["Track_slope_y"])[:, 0], mirrored)
    columns["Track_charge"] = several(np.ones(300), -np.ones(300), dtype="int8")
    columns["Track_y"] = several(np.asarray(events.columns["Track_y"])[:, 0], y)
    near = found(events, tmp_path, **columns)
    np.testing.assert_array_equal(vertices_with_others(near, 5.0), 1)
    columns["Track_x"] = several(
        np.asarray(events.columns["Track_x"])[:, 0], np.asarray(events.columns["Track_x"])[:, 0] + 40
    )
    np.testing.assert_array_equal(vertices_with_others(found(events, tmp_path, **columns), 5.0), 0)


def test_closest_approach_is_the_least_distance_of_two_lines():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(4, 50)), rng.normal(size=(4, 50))
    for i in range(50):
        distance, x, y, z = approach(a, i, 10.0, b, i, -4.0)
        matrix = np.array([[a[2, i], a[3, i], 1.0], [-b[2, i], -b[3, i], -1.0]]).T
        offset = np.array([b[0, i] - a[0, i], b[1, i] - a[1, i], -14.0])
        (s, t), *_ = np.linalg.lstsq(matrix, offset, rcond=None)
        first = np.array([a[0, i] + a[2, i] * s, a[1, i] + a[3, i] * s, 10 + s])
        second = np.array([b[0, i] + b[2, i] * t, b[1, i] + b[3, i] * t, -4 + t])
        assert distance == pytest.approx(np.linalg.norm(first - second), abs=1e-9)
        np.testing.assert_allclose((x, y, z), (first + second) / 2, atol=1e-8)
    assert approach(a, 0, 0.0, a, 0, 5.0)[0] == np.inf


def test_columns_as_stored_are_matched_in_float64():
    rng = np.random.default_rng(6)
    offsets = tuple(np.arange(101) * n for n in (2, 3, 4))
    tracks, kaons = (tuple(rng.normal(0, 1e-2, (4, 100 * n)).astype(np.float32)) for n in (2, 4))
    times = tuple(rng.normal(0, 0.2, 100 * n).astype(np.float32) for n in (2, 3, 4))
    charge, trigger = rng.choice([-1, 1], 200).astype(np.int8), rng.normal(0, 0.2, 100).astype(np.float32)
    stored = match_kaons(offsets, tracks, charge, kaons, times, trigger)
    wide = [tuple(column.astype(np.float64) for column in columns) for columns in (tracks, kaons, times)]
    wanted = match_kaons(offsets, wide[0], charge.astype(np.int64), wide[1], wide[2], trigger.astype(np.float64))
    assert 30 < len(stored[0]) < 100
    for ours, theirs in zip(stored, wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_result_does_not_depend_on_the_chunks(events, tmp_path):
    path = events.write(tmp_path / "ideal.root")
    whole = single_tracks(columns_of(path))
    parts = [single_tracks(columns_of(path, entry_start=a, entry_stop=b)) for a, b in ((0, 101), (101, 300), (5, 5))]
    np.testing.assert_array_equal(whole.vertex, np.concatenate([p.vertex for p in parts]))
