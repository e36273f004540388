"""Quantities of single tracks on perfect events with one thing added."""

import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.events.single_track import single_tracks
from rarekaon.analysis.selection import single_track as q
from rarekaon.analysis.selection.identification import all_of, muon, rich_muon, vertex_identified_as
from tests.ideal_single_tracks import ideal_single_tracks, several
from tests.reading import columns_of

IDENTIFY = vertex_identified_as("mu+", by={"mu": muon(muv3_window=3)})
EVENTS = 120


@pytest.fixture(scope="module")
def events():
    return ideal_single_tracks(250.0, EVENTS)


def values(quantity, events, path, **replaced):
    return quantity.of(IDENTIFY(single_tracks(columns_of(events.write(path / "e.root", **replaced)))))


def times(*values):
    return several(*(np.full(EVENTS, v) for v in values))


def test_masses_and_their_signs(events, tmp_path):
    np.testing.assert_allclose(values(q.missing_mass((10, 0, 500)), events, tmp_path), 250, atol=0.7)
    np.testing.assert_allclose(values(q.squared_missing_mass((10, 0, 1)), events, tmp_path), 250**2, atol=300)
    light = ideal_single_tracks(0.0, EVENTS)  # float32 leaves squares of both signs
    square = values(q.squared_missing_mass((10, 0, 1)), light, tmp_path)
    np.testing.assert_allclose(np.sign(square) * square, values(q.missing_mass((10, 0, 500)), light, tmp_path) ** 2)


def test_the_least_z_is_interpolated_in_the_angle(events, tmp_path):
    beyond = values(q.vertex_beyond((0.0, 2.0), (140 * m, 100 * m)), events, tmp_path)
    expected = events.vertex[:, 2] - (140 * m - events.angle / 2 * 40 * m).clip(100 * m)
    np.testing.assert_allclose(beyond, expected, atol=60)


@pytest.mark.parametrize("collection", ["Irc", "Sac", "Chanti", "RichHit"])
def test_signals_count_inside_their_window_only(events, tmp_path, collection):
    extra = {f"{collection}_time": times(2.9, -3.1, 0.0)}
    if collection in ("Irc", "Sac"):
        extra[f"{collection}_energy"] = times(1.0, 1.0, 1.0)
    np.testing.assert_array_equal(values(q.activity(collection, 3.0), events, tmp_path, **extra), 2)
    np.testing.assert_array_equal(values(q.activity(collection, 3.0), events, tmp_path), 0)


def test_the_tile_of_the_track_is_not_extra(events, tmp_path):
    tiles = {f"Chod_{name}": times(0, 0, 0) for name in ("x", "y")} | {"Chod_time": times(0.0, 5.9, -6.1)}
    tiles["Chod_track_index"] = several(*(np.full(EVENTS, v) for v in (0, -1, -1)), dtype="int16")
    np.testing.assert_array_equal(values(q.activity_off_track("Chod", 6.0), events, tmp_path, **tiles), 1)


def test_kaon_time_is_the_distance_from_the_track(events, tmp_path):
    late = {"Track_rich_time": times(-0.8)}
    np.testing.assert_allclose(values(q.KAON_TIME, events, tmp_path, **late), 0.8, rtol=1e-6)


class Track:
    def __init__(self, momentum, e, mu, pi):
        self.fields = {"momentum": momentum, "rich_log_e": e, "rich_log_mu": mu, "rich_log_pi": pi}

    def track(self, name):
        return np.array([[self.fields[name]]], float)

    def once(self, of):
        return of(self)


@pytest.mark.parametrize(
    ("momentum", "logs", "passes"),
    [
        (8 * GeV, (-3, -1, 0), True),  # below threshold a muon cannot be told from a pion
        (8 * GeV, (0, 0, -3), False),
        (20 * GeV, (-3, 0, 0), True),
        (20 * GeV, (-3, -1, 0), False),
        (20 * GeV, (0, 0, -3), False),
        (20 * GeV, (0, 0, 0), True),  # no hits
        (31 * GeV, (0, -1, -1), True),  # above 30 GeV/c the RICH is not asked
    ],
)
def test_rich_muon(momentum, logs, passes):
    rule = rich_muon(below=30 * GeV, threshold=9.5 * GeV)
    assert rule(Track(momentum, *logs)).tolist() == [[passes]]
    assert not all_of(rule, lambda c: np.array([[False]]))(Track(momentum, *logs)).any()
