"""Photon candidates and the pi0 of perfect events, against the four-momenta they were built from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.events import kinematics
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.events.photons import PhotonRule, with_pi0
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from rarekaon.analysis.selection.neutral_pion import neutral_vertex_z
from tests.ideal_events import clusters, ideal_events_with_pi0
from tests.reading import columns_of

TRACKS = ("pi-", "e+", "e+")
IDENTIFY = vertex_identified_as(*TRACKS, by={"pi": pion(e_over_p_below=0.85), "e": electron()})
RULE = PhotonRule(energy=2 * GeV, distance=0.0, in_time=Interval(high=5), sideband=Interval(5, 30))
EVENTS = 300


@pytest.fixture(scope="module")
def ideal():
    return ideal_events_with_pi0(TRACKS, EVENTS, seed=3)


def found(ideal, path, rule=RULE, out_of_time=0):
    c = IDENTIFY(three_track_vertices(columns_of(ideal.write(path / "ideal.root", truth=True))))
    return with_pi0(c, np.zeros(len(c)), rule, out_of_time=out_of_time)


def test_the_neutral_vertex_is_where_the_kaon_decayed(ideal, tmp_path):
    """Up to the small-angle approximation of its definition: angles of the photons squared."""
    c = found(ideal, tmp_path)
    assert len(c) == EVENTS
    np.testing.assert_array_equal(c.in_time, 2)
    np.testing.assert_array_equal(c.sideband, 0)
    flight = detector().lkr.z - ideal.vertex[:, 2]
    steepest = np.linalg.norm(c.photon_position, axis=-1).max(axis=1) / flight
    assert (np.abs(neutral_vertex_z(c) - ideal.vertex[:, 2]) < 1 + 2 * steepest**2 * flight).all()


def test_the_pi0_completes_the_kaon(ideal, tmp_path):
    c = found(ideal, tmp_path)
    assert c.particles == (*TRACKS, "pi0")
    np.testing.assert_allclose(kinematics.invariant_mass(c), MASS_K, atol=0.5)
    np.testing.assert_allclose(kinematics.total_momentum(c), 75 * GeV, rtol=2e-4)
    assert (kinematics.transverse_momentum(c) < 2).all()
    assert (kinematics.invariant_mass(c, (0, 1, 2)) < MASS_K - 134).all()


def with_cluster(ideal, **values):
    """A third cluster in every event, the same in all."""
    fields = {k: np.asarray(ideal.columns[f"Cluster_{k}"]) for k in ("energy", "x", "y", "time")}
    third = {"energy": 3 * GeV, "x": 0.0, "y": 0.0, "time": 0.0} | values
    return replace(
        ideal,
        columns=ideal.columns
        | clusters({k: np.concatenate([np.full((EVENTS, 1), third[k]), v], axis=1) for k, v in fields.items()}),
    )


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({}, (3, 0)),
        ({"energy": 1.9 * GeV}, (2, 0)),
        ({"time": 4.9}, (3, 0)),
        ({"time": -5.1}, (2, 1)),
        ({"time": 29.0}, (2, 1)),
        ({"time": -30.5}, (2, 0)),
    ],
)
def test_a_further_cluster_is_counted_by_energy_and_time(values, counts, ideal, tmp_path):
    c = found(with_cluster(ideal, **values), tmp_path)
    assert (set(c.in_time), set(c.sideband)) == ({counts[0]}, {counts[1]})


def test_the_two_most_energetic_photons_make_the_pi0(ideal, tmp_path):
    both = found(ideal, tmp_path)
    three = found(with_cluster(ideal, energy=90 * GeV), tmp_path)
    np.testing.assert_array_equal(three.photon_energy[:, 0], 90 * GeV)
    np.testing.assert_array_equal(three.photon_energy[:, 1], both.photon_energy.max(axis=1))


def test_out_of_time_photons_take_the_place_of_prompt_ones(ideal, tmp_path):
    prompt = found(ideal, tmp_path).photon_energy.max(axis=1)
    one = found(with_cluster(ideal, time=10.0), tmp_path, out_of_time=1)
    np.testing.assert_array_equal(one.photon_energy, np.stack([prompt, np.full(EVENTS, 3 * GeV)], axis=1))
    two = found(with_cluster(ideal, time=10.0), tmp_path, out_of_time=2)
    np.testing.assert_array_equal(two.photon_energy, np.stack([np.full(EVENTS, 3 * GeV), np.zeros(EVENTS)], axis=1))
    assert np.isfinite(two.momentum).all()


def test_clusters_near_a_track_are_its_own(ideal, tmp_path):
    """Every cluster is within 10 m of some track, none within 0."""
    far = found(ideal, tmp_path, replace(RULE, distance=10_000.0))
    np.testing.assert_array_equal(far.in_time, 0)
    impact = far.at_plane(detector().lkr.z)
    position = np.stack([np.asarray(ideal.columns[f"Cluster_{k}"]) for k in "xy"], axis=-1).astype(np.float64)
    nearest = np.linalg.norm(position[:, :, None] - impact[:, None], axis=-1).min(axis=2)
    some = found(ideal, tmp_path, replace(RULE, distance=300.0))
    np.testing.assert_array_equal(some.in_time, (nearest > 300).sum(axis=1))
    assert 0 < (some.in_time < 2).sum() < EVENTS


def test_taking_candidates_keeps_photons_with_their_tracks(ideal, tmp_path):
    c = found(ideal, tmp_path)
    rows = np.array([5, 2])
    taken = c.take(rows)
    np.testing.assert_array_equal(taken.photon_energy, c.photon_energy[rows])
    np.testing.assert_array_equal(taken.momentum, c.momentum[rows])
    np.testing.assert_array_equal(taken.event, rows)
