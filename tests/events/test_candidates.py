"""Vertices, masses and momenta of perfect events against the four-momenta they were built from."""

import numpy as np
import pytest
import vector

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.events import kinematics
from rarekaon.analysis.events.activity import lav_signals
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from tests.ideal_events import BEAM, ideal_events
from tests.reading import columns_of

PARTICLES = ("pi-", "e+", "e+")
BY = {"pi": pion(e_over_p_below=0.85), "e": electron()}


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


def test_no_column_is_read_for_candidates_that_are_not_there(ideal, tmp_path):
    columns = columns_of(ideal.write(tmp_path / "ideal.root"))
    found = three_track_vertices(columns).take(np.zeros(300, bool))
    before = set(columns.read)
    assert found.track("rich_time").shape == (0, 3)
    assert found.track("charge").dtype == np.int8
    assert found.per_event("beam_momentum").shape == (0,)
    assert found.momentum.shape == (0, 3, 3)
    assert lav_signals(found, np.zeros(0), 4.0).shape == (0,)
    assert columns.read == before


def test_what_several_selections_ask_for_is_computed_once(ideal, tmp_path):
    columns = columns_of(ideal.write(tmp_path / "ideal.root"))
    found, calls = columns.shared(three_track_vertices), []

    def quantity(c):
        calls.append(len(c))
        return c.vertex[:, 2]

    assert found.once(quantity) is found.once(quantity)
    assert columns.shared(three_track_vertices) is found
    assert calls == [300]


def test_what_is_known_of_candidates_is_not_computed_again_for_some_of_them(ideal, tmp_path):
    found, calls = three_track_vertices(columns_of(ideal.write(tmp_path / "ideal.root"))), []

    def quantity(c):
        calls.append(len(c))
        return c.vertex[:, 2]

    some = found.take(np.arange(0, 300, 2))
    few = some.take(np.array([7, 3, 100]))
    assert found.once(quantity) is found.once(quantity)
    np.testing.assert_array_equal(few.once(quantity), few.vertex[:, 2])
    assert few.once(quantity) is few.once(quantity)
    assert calls == [300]


def test_what_depends_on_the_identity_is_computed_again_for_identified_candidates(ideal, tmp_path):
    found = three_track_vertices(columns_of(ideal.write(tmp_path / "ideal.root")))
    order = np.tile([0, 1, 2], (300, 1))
    light, heavy = (found.ordered(order, PARTICLES, (mass,) * 3) for mass in (0.0, 100.0))
    assert (light.once(kinematics.invariant_mass) < heavy.once(kinematics.invariant_mass)).all()
    turned = found.ordered(order[:, ::-1], PARTICLES, (0.0,) * 3)
    for name in ("momentum", "charge"):
        np.testing.assert_array_equal(turned.track(name), found.track(name)[:, ::-1])
        np.testing.assert_array_equal(light.track(name), found.track(name))


def test_identifications_of_equal_rules_are_one():
    same = vertex_identified_as(*PARTICLES, by={"pi": pion(e_over_p_below=0.85), "e": electron()})
    assert same is vertex_identified_as(*PARTICLES, by=BY)
    assert same is not vertex_identified_as(*PARTICLES, by={"pi": pion(e_over_p_below=0.9), "e": electron()})


def test_candidates_without_some_events_are_those_found_without_them(ideal, tmp_path):
    columns = columns_of(ideal.write(tmp_path / "ideal.root"))
    identify = vertex_identified_as(*PARTICLES, by=BY)
    columns.shared(three_track_vertices).once(identify).once(kinematics.total_momentum)
    masked = np.random.default_rng(1).random(300) < 0.2
    left = columns.without(masked)
    taken = left.shared(three_track_vertices).once(identify)
    again = identify(three_track_vertices(left))
    for name in ("event", "tracks", "vertex", "chi2", "momentum"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(again, name))
    np.testing.assert_array_equal(taken.once(kinematics.total_momentum), kinematics.total_momentum(again))


def test_only_candidates_that_somebody_will_ask_for_come_along(ideal, tmp_path):
    columns = columns_of(ideal.write(tmp_path / "ideal.root"))
    columns.shared(three_track_vertices)
    masked = np.arange(300) < 100
    for wanted in (None, {three_track_vertices}, set()):
        left = columns.without(masked, wanted)
        assert (three_track_vertices in left._shared) == (wanted != set())
        np.testing.assert_array_equal(left.shared(three_track_vertices).event, np.arange(200))


def test_taking_keeps_the_momenta_that_are_known(candidates):
    rows = np.array([5, 3, 200])
    known, fresh = candidates.momentum, candidates.ordered(np.tile([0, 1, 2], (300, 1)), PARTICLES, candidates.masses)
    np.testing.assert_array_equal(candidates.take(rows).momentum, known[rows])
    np.testing.assert_array_equal(fresh.take(rows).momentum, known[rows])
