"""Quantities of three-track vertices against geometry and kinematics by hand, for decays without resolution."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.units import GeV, MeV, m, mm, ns
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.search.declaration import Cut
from rarekaon.analysis.selection import three_track as t
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from tests.ideal_events import ideal_events
from tests.reading import columns_of

PARTICLES = ("pi-", "e+", "e+")
IDENTIFICATION = {"pi": pion(0.85), "e": electron()}


@pytest.fixture(scope="module")
def ideal():
    return ideal_events(PARTICLES, 100)


@pytest.fixture(scope="module")
def vertices(ideal, tmp_path_factory):
    path = ideal.write(tmp_path_factory.mktemp("three") / "events.root", truth=True)
    return three_track_vertices(columns_of(path))


@pytest.fixture(scope="module")
def identified(vertices):
    return vertex_identified_as(*PARTICLES, by=IDENTIFICATION)(vertices)


def straight(ideal, z):
    """Positions (events, 3, 2) of the tracks behind the magnet: a straight line, a kick of p_x, a straight line."""
    charge = np.array([particle(name).charge for name in ideal.particles])
    px = ideal.momentum[..., 0] + charge * detector().magnet.kick
    pz = np.sqrt((ideal.momentum**2).sum(-1) - px**2 - ideal.momentum[..., 1] ** 2)
    to_magnet = detector().magnet.z - ideal.vertex[:, 2, None]
    behind = z - detector().magnet.z
    x = ideal.momentum[..., 0] / ideal.momentum[..., 2] * to_magnet + px / pz * behind
    y = ideal.momentum[..., 1] / ideal.momentum[..., 2] * to_magnet + ideal.momentum[..., 1] / pz * behind
    return np.stack([x, y], axis=-1), np.stack([px, ideal.momentum[..., 1], pz], axis=-1)


def of(quantity, c, ideal):
    """Values in the order of the ideal events, with the rows that have a vertex."""
    return np.asarray(quantity.of(c)), c.event


def pairs(values):
    return np.stack([values(i, j) for i, j in ((0, 1), (0, 2), (1, 2))], axis=1)


def test_all_vertices_are_found_where_they_are(vertices, ideal):
    assert len(vertices) == 100
    values, event = of(t.VERTEX_Z, vertices, ideal)
    assert values == pytest.approx(ideal.vertex[event, 2], abs=30 * mm)
    assert t.VERTEX_Z.truth is not None


def test_charge_and_momenta(vertices, ideal):
    values, event = of(t.VERTEX_CHARGE, vertices, ideal)
    assert (values == 1).all()
    values, event = of(t.TRACK_MOMENTUM, vertices, ideal)
    assert np.sort(values) == pytest.approx(np.sort(np.linalg.norm(ideal.momentum[event], axis=-1)), rel=1e-5)


def test_nothing_is_missing_in_a_closed_decay(identified):
    assert t.MOMENTUM_BALANCE.of(identified) == pytest.approx(np.zeros(len(identified)), abs=5 * MeV)
    assert t.MISSING_MOMENTUM.of(identified) == pytest.approx(np.zeros(len(identified)), abs=5 * MeV)
    assert t.TRANSVERSE_MOMENTUM.of(identified) == pytest.approx(np.zeros(len(identified)), abs=1 * MeV)
    missing = t.missing_mass_squared((10, -1, 1)).of(identified)
    assert missing == pytest.approx(np.zeros(len(identified)), abs=2000 * MeV**2)


def test_masses_of_all_tracks_and_of_a_pair(identified, ideal):
    kaon = t.vertex_mass("m", "m", (10, 0, 1)).of(identified)
    assert kaon == pytest.approx(np.full(len(identified), 493.677), abs=0.2)
    event = identified.event
    p = ideal.momentum[event, 1:]
    energy = np.sqrt((p**2).sum(-1) + particle("e+").mass ** 2).sum(axis=1)
    expected = np.sqrt(energy**2 - (p.sum(axis=1) ** 2).sum(-1))
    assert t.pair_mass((1, 2), "ee", "ee").of(identified) == pytest.approx(expected, abs=0.2)


def test_separations_and_angles_behind_the_magnet(vertices, ideal):
    at, direction = straight(ideal, detector().lkr.z)
    at, direction = at[vertices.event], direction[vertices.event]
    expected = pairs(lambda i, j: np.linalg.norm(at[:, i] - at[:, j], axis=-1))
    assert np.sort(t.LKR_SEPARATION.of(vertices)) == pytest.approx(np.sort(expected), abs=2 * mm)
    unit = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    expected = pairs(lambda i, j: np.arccos(np.clip((unit[:, i] * unit[:, j]).sum(-1), -1, 1)))
    assert np.sort(t.RICH_ANGLE.of(vertices)) == pytest.approx(np.sort(expected), abs=1e-6)


def test_the_smallest_separation_over_chambers_is_no_larger_than_that_of_one(vertices):
    one, every = t.straw_separation((2,)).of(vertices), t.straw_separation((1, 2, 3, 4)).of(vertices)
    assert every.shape == one.shape == (100, 3)
    assert (every <= one).all()
    assert (every < one).any()


def test_tracks_in_acceptance_are_counted_track_by_track(vertices, ideal):
    """Moved outside the spectrometer, a track no longer counts; the others do."""
    inside = t.TRACKS_IN_ACCEPTANCE.of(vertices)
    assert set(inside) <= {0, 1, 2, 3}
    at, _ = straight(ideal, detector().lkr.z)
    beyond = (np.linalg.norm(at, axis=-1) > 1300).any(axis=1)[vertices.event]
    assert beyond.any()
    assert (inside[beyond] < 3).all()


def test_times(vertices, ideal, tmp_path):
    assert (t.TRACK_TIME_SPREAD.of(vertices) == 0).all()
    late = np.array(ideal.columns["Track_rich_time"].to_numpy())
    late[:, 1] = 7.0
    ideal_late = type(ideal)(
        ideal.particles, ideal.momentum, ideal.vertex, ideal.columns | {"Track_rich_time": _jagged(late)}
    )
    c = three_track_vertices(columns_of(ideal_late.write(tmp_path / "late.root", truth=True)))
    assert (np.sort(t.TRACK_TIME_TO_TRIGGER.of(c)) == [0.0, 0.0, 7.0]).all()
    assert (t.tracks_to_trigger("late", Interval(5 * ns, 10 * ns)).of(c) == 1).all()


def _jagged(values):
    import awkward as ak

    return ak.from_regular(ak.from_numpy(values))


def test_positron_likelihood_is_that_of_the_positrons(identified):
    values = t.POSITRON_LIKELIHOOD.of(identified)
    assert values.shape == (len(identified), 2)
    assert (values == 20.0).all()


def test_makers_give_the_same_quantity_for_the_same_arguments():
    """What selections share is told by the identity of functions."""
    assert t.lav_activity(3 * ns, downstream=True) is t.lav_activity(3 * ns, downstream=True)
    assert t.pair_mass((1, 2), "ee", "ee") is t.pair_mass((1, 2), "ee", "ee")
    arguments = {"energy": 2 * GeV, "distance": 150 * mm, "window": 5 * ns}
    assert t.extra_cluster_count(**arguments) is t.extra_cluster_count(**arguments)


def test_requirements_of_a_vertex_come_in_the_order_of_the_papers():
    def names(lkr, *, downstream=False):
        cuts = t.vertex_requirements(
            track_momentum=Interval(8 * GeV, 65 * GeV),
            straw_chambers=(1,),
            lkr_separation=lkr,
            timing=Cut(t.TRACK_TIME_SPREAD, Interval(high=15 * ns)),
            vertex_z=Interval(105 * m, 180 * m),
            downstream=downstream,
        )
        return [cut.quantity.name for cut in cuts]

    common = ["vertex_charge", "vertex_z", "track_momentum", "tracks_in_acceptance"]
    measured, timed = ["chambers", "straw_separation"], ["tracks_with_hodoscope", "track_time_spread"]
    assert names(None) == [*common, *measured, *timed]
    assert names(200 * mm) == [*common, *measured, "lkr_separation", *timed]
    assert names(None, downstream=True) == [*common, "tracks_downstream", *measured, *timed]
    balance, transverse = t.closed_kinematics(2 * GeV)
    assert balance.within == Interval(high=2 * GeV)
    assert transverse.within == Interval(high=30 * MeV)
