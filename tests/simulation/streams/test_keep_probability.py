"""Keep probabilities follow what a stream wants: small beyond its bounds, never zero inside."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_PI
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector.particle_response import log_interpolate
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.streams import keep_probability as p
from rarekaon.analysis.simulation.streams.requirements import STREAMS

BEAM = np.array([[75000.0, 0.0, 0.0, 0.0, 0.0]])
ZERO = np.zeros(1, np.int64)
SPREAD = ((0.0, 0.007), (0.005, -0.004), (-0.005, -0.004))


def decay(particles, slopes=SPREAD, z=130000.0, weight=1.0):
    """One decay at z of (pdg, charge, momentum in GeV) along the slopes."""
    pdg, charge, momentum = (np.array(column) for column in zip(*particles, strict=True))
    direction = np.array([(x, y, 1.0) for x, y in slopes[: len(pdg)]])
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    three = 1000.0 * momentum[:, None] * direction
    energy = np.sqrt((three**2).sum(axis=1) + MASS_PI**2)
    momenta = np.concatenate((three, energy[:, None]), axis=1)[:, :, None]
    vertex = np.array([[0.0], [0.0], [z]])
    kaon = np.array([[0.0], [0.0], [75000.0]])
    return Decays(
        pdg.astype(np.int64), charge.astype(np.int64), momenta, np.zeros((len(pdg), 1)), kaon, vertex,
        np.array([weight]), ZERO, ZERO, ZERO, False,
    )  # fmt: skip


def keep_probability(d, stream, bias=None, **changes):
    requirement, out = STREAMS[stream].requirement._replace(**changes), np.full(1, np.nan)
    bias = bias or RareResponses()
    table = p.responses(constants(), requirement, bias, d.pdg, d.charge)
    p.keep_probabilities(constants(), requirement, bias, table, d, BEAM, out)
    return out[0]


K3PI = ((211, 1, 25.0), (211, 1, 25.0), (-211, -1, 25.0))
KE4 = ((211, 1, 25.0), (-11, 1, 20.0), (-211, -1, 15.0))
LNV = ((-211, -1, 25.0), (-11, 1, 25.0), (-11, 1, 25.0))


DRAWN = RareResponses(
    pi_plus_as_electron=0.5, pi_minus_as_electron=0.5, electron_as_pion=0.3, pi_plus_as_positron_in_rich=0.3
)


def test_a_decay_is_kept_less_the_more_of_it_has_to_be_misidentified():
    one, two, three = (keep_probability(decay(particles), "dielectron", DRAWN) for particles in (LNV, KE4, K3PI))
    assert one > 1
    assert 0 < three < 0.2 * two < 0.2 * one


def test_what_is_drawn_more_often_is_kept_more():
    natural, drawn = (
        keep_probability(decay(KE4), "dielectron", RareResponses(pi_plus_as_electron=q), positrons=1)
        for q in (0.0, 0.5)
    )
    # p/q of the one pion that has to be taken for a positron; natural draws count in full
    assert natural == pytest.approx(1, abs=0.1)
    assert drawn < 0.2 * natural


def test_pions_whose_rings_overlap_are_kept_more():
    """Two that have to pass for positrons, p/q each; at 5 mrad by nature."""
    particles = (*K3PI[:2], (11, -1, 25.0))  # an electron, since a pion may decay to a muon, and no ring is asked for
    natural = log_interpolate(25000.0, constants().rich_pi_p, constants().rich_pi)
    kept = []
    for angle in (0.0, 2e-3, 5e-3):
        slopes = ((-0.003, 0.002), (-0.003, 0.002 + angle), (0.003, -0.004))
        kept.append(
            keep_probability(decay(particles, slopes), "dielectron", DRAWN, positrons=1, photons=0, separation=-100.0)
        )
    misread = np.array([natural + 0.15, natural + 0.075, natural])
    assert kept / kept[0] == pytest.approx((misread / misread[0]) ** 2, rel=0.02)


def test_strata_share_the_keep_probability():
    for particles in (K3PI, KE4, LNV):
        both = sum(keep_probability(decay(particles), "dielectron", positrons=kind) for kind in (1, -1))
        assert both == pytest.approx(keep_probability(decay(particles), "dielectron"))


def test_products_that_miss_the_detectors_are_kept_less():
    aside = (*SPREAD[:2], (0.0019, 0.0))  # into the beam hole
    inside, outside = (keep_probability(decay(LNV, slopes), "three_tracks") for slopes in (SPREAD, aside))
    assert (inside, outside) == (1, p.ASIDE)
    # the one of a pion, which may decay, counts nearly in full
    kept, beside = (keep_probability(decay(K3PI, slopes), "dimuon") for slopes in (SPREAD, aside))
    assert beside == pytest.approx(p.BESIDE * kept)


def test_pairs_of_opposite_sign_need_their_masses():
    light = (*SPREAD[:2], (0.0045, -0.0045))
    pi_ee = ((211, 1, 25.0), (-11, 1, 25.0), (11, -1, 25.0))
    near, apart = (
        keep_probability(decay(pi_ee, slopes), "dielectron", DRAWN, positrons=-1, vertex_mass=0.0)
        for slopes in (light, SPREAD)
    )
    assert 0 < near < 0.2 * apart


def test_a_lone_pion_needs_its_momentum_and_missed_photons():
    pion, photon = (211, 1, 25.0), (22, 0, 50.0)
    alone = keep_probability(decay((pion,), SPREAD[:1]), "lone_pion")
    assert alone == pytest.approx(1, abs=0.05)
    assert keep_probability(decay(((211, 1, 45.0),), SPREAD[:1]), "lone_pion") == pytest.approx(
        p.EDGE * alone, rel=0.05
    )
    seen = keep_probability(decay((pion, photon), ((0.006, 0.0), (-0.005, 0.0))), "lone_pion")
    assert 0 < seen < 0.02
    assert keep_probability(decay((pion, photon), ((0.006, 0.0), (-0.005, 0.0))), "single_pion") == alone


def test_a_muon_is_a_pion_where_no_detector_says_otherwise():
    muon, bias = decay(((-13, 1, 25.0),), ((0.0, 0.006),)), RareResponses(muon_unseen=0.9, muon_showers=0.9)
    c = constants()
    expected = (1 - c.muv3_efficiency) / 0.9 * c.mu_shower / 0.9
    assert keep_probability(muon, "lone_pion", bias) == pytest.approx(expected)
    assert keep_probability(muon, "single_track") == 1
    # beyond the edge of the muon detector it gives no signal
    edge = decay(((-13, 1, 14.0),), ((-0.0022, 0.003),))
    assert keep_probability(edge, "lone_pion", bias) > 10 * expected


def test_forced_decays_are_kept_less():
    natural, forced = (keep_probability(decay(K3PI), "dimuon", RareResponses(forced_pion_decays=h)) for h in (0.0, 5.0))
    assert natural == 3  # every pair of pions, whose decays are drawn as they happen
    assert 0 < forced < natural


def test_decays_without_weight_are_never_kept_and_streams_that_ask_for_nothing_keep_all():
    assert keep_probability(decay(LNV, weight=0.0), "dielectron") == 0
    assert keep_probability(decay(LNV), "all") == 1


IN_BEAM_PIPE, SWEPT_OUT = (0.00282, 0.0), (0.0045, 0.0)


def test_a_lone_track_wants_all_other_charged_products_out_of_sight():
    """A fast pion that follows the beam and a soft negative one beyond the last large-angle station."""
    particles = ((211, 1, 26.0), (211, 1, 38.0), (-211, -1, 11.0))
    unseen = keep_probability(decay(particles, (SPREAD[2], IN_BEAM_PIPE, SWEPT_OUT)), "single_track_tail")
    one_seen = keep_probability(decay(particles, (SPREAD[2], SPREAD[1], SWEPT_OUT)), "single_track_tail")
    both_seen = keep_probability(decay(particles, (SPREAD[2], SPREAD[1], (-0.008, 0.0))), "single_track_tail")
    alone = keep_probability(decay(particles[:1], SPREAD[2:]), "single_track_tail")
    assert unseen == pytest.approx(alone, rel=1e-3)
    assert one_seen == pytest.approx(2 * p.DEEP * unseen, rel=1e-3)  # either positive one may be the track
    assert both_seen == pytest.approx(2 * p.DEEP**2 * unseen, rel=1e-3)


def test_products_that_the_calorimeter_cannot_tell_apart_are_less_likely_to_be_kept():
    close, apart = (
        keep_probability(decay(LNV, (SPREAD[0], SPREAD[1], (SPREAD[1][0], SPREAD[1][1] - angle))), "dielectron")
        for angle in (5e-4, 3e-3)
    )
    assert close == pytest.approx(p.UNRESOLVED * apart, rel=0.01)


def test_strata_by_rings_divide_pairs_of_pions():
    """The RICH takes two pions for positrons, which is rare, or a muon stands beside them."""
    agree, differ, both = (
        keep_probability(decay(K3PI), "dielectron", DRAWN, positrons=1, rings=rings) for rings in (1, -1, 0)
    )
    assert 0 < agree < 1e-2 * differ
    assert differ == pytest.approx(both, rel=0.01)


def test_a_muon_may_become_an_electron():
    three = ((-11, 1, 25.0), (-13, 1, 25.0), (13, -1, 25.0))
    natural, forced = (
        keep_probability(decay(three), "dielectron", RareResponses(forced_muon_decays=factor))
        for factor in (0.0, 200.0)
    )
    assert 0 < forced < 0.02 * natural
