"""The event loop: who is stored, with which weight, and that what is recorded is what happened."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E
from rarekaon.analysis.contract.schema import COLLECTIONS
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector.scratch import scratch
from rarekaon.analysis.simulation.event.loop import simulate_events
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.buffers import allocate, trimmed
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.samples.blocks import decay_simulation

RUNNING = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
NATURAL = RareResponses()
DECAYS = 4000


def events(decay, stream, decays=DECAYS, rare=NATURAL, number=0):
    return decay_simulation(decay, stream, rare, RUNNING, 11).block(number, decays)


@pytest.fixture(scope="module")
def everything():
    return events("K+ -> pi+ e+ e-", "all")


def rows(output, name):
    """Row of the event of each object of a collection."""
    counts = output.event[next(c.counter for c in COLLECTIONS if c.name == name)]
    return np.repeat(np.arange(len(counts)), counts)


def test_a_stream_that_asks_for_nothing_stores_every_decay(everything):
    assert len(everything.event) == DECAYS
    assert everything.event["truth_weight"].min() > 0
    error = everything.event["truth_weight"].std() / np.sqrt(DECAYS)
    assert everything.event["truth_weight"].mean() == pytest.approx(1, abs=4 * error)


def test_counters_add_up_to_what_is_stored(everything):
    for c in COLLECTIONS:
        assert everything.event[c.counter].sum() == len(getattr(everything, c.name)), c.name


def test_the_first_generated_particles_are_the_products_of_the_decay(everything):
    generated = everything.Generated
    products = (generated["parent"] < 0) & (generated["pdg"] != 22)  # but for the photons that electrons radiate
    counts = np.bincount(rows(everything, "Generated")[products], minlength=DECAYS)
    assert set(counts) == {3}
    assert sorted(set(generated["pdg"][products])) == [-11, 11, 211]


def test_the_only_negative_track_is_the_negative_pion():
    """Of K+ -> pi+ pi+ pi-; a few pions decay on their way, and a few tracks are of other kaons."""
    output = events("K+ -> pi+ pi+ pi-", "all", 3000)
    track, generated = output.Track, output.Generated
    negative = track["charge"] < 0
    own = rows(output, "Track")[negative]
    one = np.bincount(own, minlength=3000)[own] == 1
    pion = (generated["parent"] < 0) & (generated["pdg"] == -211)
    momentum = np.zeros(3000)
    momentum[rows(output, "Generated")[pion]] = np.sqrt(sum(generated[f"p{i}"][pion].astype(float) ** 2 for i in "xyz"))
    measured, true = track["momentum"][negative][one], momentum[own[one]]
    assert len(measured) > 500
    assert (np.abs(measured / true - 1) < 0.03).mean() > 0.85


def test_e_over_p_tells_electrons_from_pions(everything):
    track = everything.Track
    measured = track["lkr_energy"] > 0
    e_over_p = track["lkr_energy"] / track["momentum"]
    negative = e_over_p[measured & (track["charge"] < 0)]  # all of them electrons
    assert ((negative > 0.9) & (negative < 1.1)).mean() > 0.93


def test_a_decay_without_weight_is_not_simulated():
    work = decay_simulation("K+ -> pi+ e+ e-", "all", NATURAL, RUNNING, 11)
    d = work.generator.block(np.random.default_rng(1), RUNNING, 300)
    d.weight[::3] = 0.0
    out, used = allocate(300), np.zeros(1 + len(COLLECTIONS), np.int64)
    simulate_events(
        np.random.default_rng(2), constants(), work.stream.requirement, work.bias, d, RUNNING.beam,
        RUNNING.downscaling, scratch(), out, used,
    )  # fmt: skip
    stored = trimmed(out, used)
    assert len(stored.event) == np.count_nonzero(d.weight) == 200
    np.testing.assert_array_equal(stored.event["truth_weight"], d.weight[d.weight > 0])


def test_what_is_stored_depends_on_the_state_of_the_random_numbers_alone():
    first, again, other = (events("K+ -> pi+ pi+ pi-", "three_tracks", 2000, number=n) for n in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        assert one.tobytes() == two.tobytes()
    assert first.event.tobytes() != other.event.tobytes()


def test_a_stream_of_three_tracks_has_three_and_fewer_decays_than_all(everything):
    """Fewer, too, than events with three tracks: there the track of another kaon may be the third."""
    kept = events("K+ -> pi+ e+ e-", "three_tracks", 20_000)
    assert kept.event["nTrack"].min() >= 3
    weight = everything.event["truth_weight"]
    three = everything.event["nTrack"] >= 3
    most, error = weight[three].sum() / DECAYS, np.sqrt((weight[three] ** 2).sum()) / DECAYS
    assert 0.5 * most < kept.event["truth_weight"].sum() / 20_000 < most + 4 * error


def test_responses_drawn_more_often_leave_the_weighted_count_alone():
    natural = events("K+ -> pi+ pi0, pi0 -> e+ e- gamma", "three_tracks", 60_000)
    biased = events("K+ -> pi+ pi0, pi0 -> e+ e- gamma", "three_tracks", 60_000, RareResponses(electron_as_pion=0.4))

    def pion_like(output):
        track = output.Track
        e_over_p = track["lkr_energy"] / track["momentum"]
        electron = (track["charge"] < 0) & (track["lkr_energy"] > 0) & (e_over_p < 0.85)
        weight = output.event["truth_weight"][rows(output, "Track")[electron]]
        return len(weight), weight.sum(), np.sqrt((weight**2).sum())

    (few, a, a_error), (many, b, b_error) = pion_like(natural), pion_like(biased)
    assert many > 5 * few
    assert a == pytest.approx(b, abs=4 * np.hypot(a_error, b_error))


def test_forced_pion_decays_leave_the_weighted_count_of_muons_alone():
    def muons(output):
        generated = output.Generated
        is_muon = abs(generated["pdg"]) == 13
        weight = output.event["truth_weight"][rows(output, "Generated")[is_muon]]
        return len(weight), weight.sum(), np.sqrt((weight**2).sum())

    decay = "K+ -> pi+ pi+ pi-"
    few, a, a_error = muons(events(decay, "all", 20_000))
    many, b, b_error = muons(events(decay, "all", 20_000, RareResponses(forced_pion_decays=5.0)))
    assert many > 1.5 * few
    assert a == pytest.approx(b, abs=4 * np.hypot(a_error, b_error))


def test_photons_that_electrons_radiate_are_recorded_with_them(everything):
    """Radiation carries away energy: with the photons the invariant mass squared of the electron stays its own."""
    generated = everything.Generated
    electron = (abs(generated["pdg"]) == 11) & (generated["parent"] < 0)
    p2 = sum(generated[f"p{axis}"][electron].astype(float) ** 2 for axis in "xyz")
    energy = generated["energy"][electron].astype(float)
    assert np.sqrt(np.maximum(0, energy**2 - p2)).max() < 60 * MASS_E
