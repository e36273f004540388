"""Vertices, masses and momenta of perfect events against the four-momenta they were built from."""

import numpy as np
import pytest
import vector

from analysis.events import kinematics
from analysis.events.candidates import three_track_vertices
from analysis.particles import MASS_K, particle
from analysis.selection.identification import electron, pion, vertex_identified_as
from tests.ideal_events import BEAM, ideal_events
from tests.reading import columns_of

PARTICLES = ("pi-", "e+", "e+")
BY = {"pi": pion(eop_below=0.85), "e": electron()}


@pytest.fixture(scope="module")
def ideal():
    return ideal_events(PARTICLES, 300, seed=4)


@pytest.fixture(scope="module")
def candidates(ideal, tmp_path_factory):
    path = ideal.write(tmp_path_factory.mktemp("ideal") / "ideal.root", truth=True)
    found = three_track_vertices(columns_of(path))
    return vertex_identified_as(*PARTICLES, by=BY)(found)


def test_every_event_has_its_vertex(ideal, candidates):
    np.testing.assert_array_equal(candidates.event, np.arange(300))
    np.testing.assert_allclose(candidates.vertex[:, 2], ideal.vertex[:, 2], atol=40)  # float32 slopes
    np.testing.assert_allclose(candidates.vertex[:, :2], 0, atol=0.3)


def test_momenta_are_those_of_the_decay(ideal, candidates):
    np.testing.assert_allclose(candidates.momentum, ideal.momentum, rtol=2e-4, atol=0.5)


def test_masses_agree_with_the_vector_package(ideal, candidates):
    tracks = [
        vector.array({"px": p[:, 0], "py": p[:, 1], "pz": p[:, 2], "m": np.full(len(p), particle(name).mass)})
        for p, name in zip(np.moveaxis(candidates.momentum, 1, 0), candidates.particles, strict=True)
    ]
    total = tracks[0] + tracks[1] + tracks[2]
    np.testing.assert_allclose(kinematics.invariant_mass(candidates), total.mass, rtol=1e-9)
    np.testing.assert_allclose(kinematics.invariant_mass(candidates, (1, 2)), (tracks[1] + tracks[2]).mass, rtol=1e-7)
    np.testing.assert_allclose(kinematics.total_momentum(candidates), total.mag, rtol=1e-12)


def test_a_decay_without_neutrino_closes(candidates):
    np.testing.assert_allclose(kinematics.invariant_mass(candidates), MASS_K, atol=0.4)
    np.testing.assert_allclose(kinematics.total_momentum(candidates), BEAM, rtol=1e-4)
    assert kinematics.transverse_momentum(candidates).max() < 3
    assert np.abs(kinematics.missing_mass_squared(candidates)).max() < 2e4  # MeV2: E dE of the float32 slopes


def test_result_does_not_depend_on_the_chunks(ideal, tmp_path):
    path = ideal.write(tmp_path / "ideal.root", truth=True)
    whole = three_track_vertices(columns_of(path))
    parts = [three_track_vertices(columns_of(path, entry_start=a, entry_stop=b)) for a, b in ((0, 101), (101, 300))]
    np.testing.assert_array_equal(whole.momentum, np.concatenate([p.momentum for p in parts]))
    np.testing.assert_array_equal(whole.vertex, np.concatenate([p.vertex for p in parts]))


def test_a_chunk_without_events_has_no_candidates(ideal, tmp_path):
    path = ideal.write(tmp_path / "ideal.root", truth=True)
    empty = three_track_vertices(columns_of(path, entry_start=5, entry_stop=5))
    assert len(empty) == 0
    assert kinematics.invariant_mass(vertex_identified_as(*PARTICLES, by=BY)(empty)).shape == (0,)
