"""Which events belong to a stream."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.simulation.detector.track_fit import FIT_CHARGE, FIT_COLUMNS, FIT_MOMENTUM, FIT_TX
from rarekaon.analysis.simulation.streams.reconstructed import (
    has_muons,
    has_pair,
    has_types,
    is_single,
    mass_of_tracks,
    photon_like,
    resolved,
    ring_of_single,
    two_positrons,
)
from rarekaon.analysis.simulation.streams.requirements import STREAMS, stream

BEAM = 75000.0
REQUIREMENT = stream("dielectron").requirement
AGREES, DISAGREES = (0.0, -9.0, -5.0, 10.0), (-5.0, -9.0, 0.0, 10.0)


def event(charges, *, momenta=(25000.0, 25000.0, 25000.0), e_over_p=(0.3, 1.0, 1.0), angle=8e-3):
    fits = np.zeros((3, FIT_COLUMNS))
    fits[:, FIT_CHARGE], fits[:, FIT_MOMENTUM] = charges, momenta
    fits[:, FIT_TX] = np.array([0.0, angle, -angle])
    return fits, np.array(e_over_p)


def stored(fits, e_over_p, rich=(AGREES, AGREES, AGREES), signals=(0.0, 0.0, 0.0)):
    muons = np.zeros((3, 4))
    muons[:, 0] = muons[:, 3] = signals
    pair = has_pair(REQUIREMENT, fits, e_over_p, np.array(rich), muons, 3, BEAM, True)
    return has_types(REQUIREMENT, e_over_p, 3) and pair


def test_closed_pairs_of_either_sign_are_stored():
    assert stored(*event((1, 1, -1)))
    assert stored(*event((-1, 1, 1)))


def test_one_electron_needs_a_muon_and_the_beams_momentum():
    r = stream("muon_electron").requirement

    def kept(e_over_p, signals, momenta=(25000.0, 25000.0, 25000.0)):
        fits, e_over_p = event((1, 1, -1), momenta=momenta, e_over_p=e_over_p)
        muons = np.zeros((3, 4))
        muons[:, 0] = muons[:, 3] = signals
        pair = has_pair(r, fits, e_over_p, np.zeros((3, 4)), muons, 3, BEAM, True)
        return has_types(r, e_over_p, 3) and pair and has_muons(r, fits, e_over_p, muons, 3, BEAM)

    assert kept((1.0, 0.1, 0.4), (0.0, 1.0, 0.0))
    assert not kept((1.0, 0.1, 0.4), (0.0, 0.0, 0.0))
    assert not kept((0.4, 0.1, 0.4), (0.0, 1.0, 0.0))
    assert not kept((1.0, 0.1, 0.4), (0.0, 1.0, 0.0), momenta=(23000.0, 23000.0, 23000.0))


def test_light_opposite_sign_pairs_are_not():
    assert not stored(*event((1, 1, -1), angle=1e-3))
    assert stored(*event((-1, 1, 1), angle=1e-3))


def test_types_are_required():
    assert not stored(*event((1, 1, -1), e_over_p=(1.0, 1.0, 1.0)))
    assert not stored(*event((1, 1, -1), e_over_p=(0.3, 0.3, 1.0)))
    assert not stored(*event((1, 1, -1), e_over_p=(-1.0, 1.0, 1.0)))


def test_missing_momentum_is_allowed_for_like_sign_only():
    soft, hard = (20000.0, 20000.0, 20000.0), (27000.0, 27000.0, 27000.0)
    assert not stored(*event((1, 1, -1), momenta=soft))
    assert stored(*event((-1, 1, 1), momenta=soft))
    assert not stored(*event((-1, 1, 1), momenta=hard))


def test_photons_are_clusters_of_enough_energy_off_all_tracks():
    impacts = np.array([[0.0, 0.0], [500.0, 0.0], [0.0, 500.0]])
    clusters = np.array([[300.0, 300.0, 5000.0], [300.0, 300.0, 1000.0], [500.0, 90.0, 5000.0], [-110.0, 0.0, 5000.0]])
    assert photon_like(impacts, 3, clusters, 4) == 2
    assert photon_like(impacts, 3, clusters, 3) == 1
    assert photon_like(impacts, 1, clusters, 3) == 2


def test_the_rich_decides_on_positrons_but_not_on_electrons():
    assert not stored(*event((-1, 1, 1)), rich=(AGREES, AGREES, DISAGREES))
    assert stored(*event((1, -1, -1)), rich=(DISAGREES, DISAGREES, DISAGREES))
    assert stored(*event((1, 1, -1)), rich=(DISAGREES, DISAGREES, DISAGREES))
    assert two_positrons(REQUIREMENT, *event((-1, 1, 1)), 3)
    assert not two_positrons(REQUIREMENT, *event((1, 1, -1)), 3)


def test_with_a_muon_and_missing_momentum_the_rich_is_not_asked():
    soft, disagree = (20000.0, 20000.0, 20000.0), (AGREES, AGREES, DISAGREES)
    muon = {"e_over_p": (0.05, 1.0, 1.0)}
    assert stored(*event((-1, 1, 1), momenta=soft, **muon), rich=disagree, signals=(1.0, 0.0, 0.0))
    assert not stored(*event((-1, 1, 1), momenta=soft, **muon), rich=disagree)
    assert not stored(*event((-1, 1, 1), **muon), rich=disagree, signals=(1.0, 0.0, 0.0))


def test_mass_is_that_of_two_electrons_and_a_pion():
    fits, _ = event((1, 1, -1))
    pair = mass_of_tracks(fits, 3, 1, 2, True)
    assert pair == pytest.approx(2 * 25000 * np.sin(np.arctan(8e-3)), rel=1e-3)
    assert mass_of_tracks(fits, 3, 1, 2, False) > pair + 139


def test_tracks_without_calorimeter_signal_do_not_count_for_the_separation():
    impacts = np.array([[0.0, 0.0], [100.0, 0.0], [900.0, 0.0]])
    assert not resolved(impacts, np.array([0.3, 1.0, 1.0]), 3, 150.0)
    assert resolved(impacts, np.array([-1.0, 1.0, 1.0]), 3, 150.0)


def test_shares_leave_some_plain_sampling():
    for known in STREAMS.values():
        assert sum(region.share for region in known.concentrate_on) < 1


def test_unknown_stream_lists_the_known_ones():
    with pytest.raises(ValueError, match="dielectron"):
        stream("nothing")


def dimuon(e_over_p=(0.3, 0.05, 0.1), signals=(0.0, 1.0, 1.0), momenta=(25000.0, 25000.0, 25000.0), near=None):
    fits, _ = event((1, 1, -1), momenta=momenta)
    muons = np.zeros((3, 4))
    muons[:, 0] = muons[:, 3] = signals
    muons[:, 3] = signals if near is None else near
    return has_muons(stream("dimuon").requirement, fits, np.array(e_over_p), muons, 3, BEAM)


def test_dimuons_are_two_minimum_ionising_tracks_with_signals_and_a_third_one():
    assert dimuon()
    assert dimuon(e_over_p=(0.05, 0.05, 0.1))
    assert not dimuon(e_over_p=(0.3, 0.3, 0.1))
    assert not dimuon(signals=(0.0, 1.0, 0.0))
    assert not dimuon(signals=(1.0, 1.0, 1.0))
    assert not dimuon(e_over_p=(1.0, 0.05, 0.1))
    assert not dimuon(momenta=(20000.0, 20000.0, 20000.0))


def test_a_pion_near_an_accidental_signal_may_be_a_muon():
    assert dimuon(signals=(0.0, 0.0, 1.0), near=(0.0, 1.0, 1.0))
    assert not dimuon(signals=(0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ("charge", "ratio", "signal", "tracks", "kept"),
    [
        (1, 0.1, 1.0, 1, True),
        (-1, 0.1, 1.0, 1, False),
        (1, 0.9, 1.0, 1, False),
        (1, -1.0, 1.0, 1, False),
        (1, 0.1, 0.0, 1, False),
        (1, 0.1, 1.0, 2, False),
    ],
)
def test_a_single_muon_is_single_and_positive(charge, ratio, signal, tracks, kept):
    fits, _ = event((charge, charge, charge))
    muons = np.full((3, 4), signal)
    assert is_single(stream("single_track").requirement, fits, np.full(3, ratio), muons, tracks) == kept
    assert is_single(REQUIREMENT, fits, np.full(3, ratio), muons, tracks)


@pytest.mark.parametrize(
    ("momentum", "ratio", "signal", "tracks", "rich", "kept"),
    [
        (25000.0, 0.3, 0.0, 1, (-30.0, -9.0, 0.0), True),
        (36000.0, 0.3, 0.0, 1, (-30.0, -9.0, 0.0), False),
        (25000.0, 0.05, 0.0, 1, (-30.0, -9.0, 0.0), False),
        (25000.0, 0.9, 0.0, 1, (-30.0, -9.0, 0.0), False),
        (25000.0, 0.3, 1.0, 1, (-30.0, -9.0, 0.0), False),
        (25000.0, 0.3, 0.0, 2, (-30.0, -9.0, 0.0), False),
        (25000.0, 0.3, 0.0, 1, (-30.0, -2.0, 0.0), False),
        (25000.0, 0.3, 0.0, 1, (-5.0, -9.0, 0.0), False),
    ],
)
@pytest.mark.parametrize("name", ["single_pion", "lone_pion"])
def test_a_single_pion_is_identified_by_calorimeter_muon_detector_and_rich(
    name, momentum, ratio, signal, tracks, rich, kept
):
    fits, _ = event((1, 1, 1), momenta=(momentum,) * 3)
    muons, likelihoods = np.full((3, 4), signal), np.array([(*rich, 10.0)] * 3)
    r = stream(name).requirement
    single = is_single(r, fits, np.full(3, ratio), muons, tracks)
    assert (single and ring_of_single(r, likelihoods)) == kept
    assert ring_of_single(REQUIREMENT, likelihoods)
