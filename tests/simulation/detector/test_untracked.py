"""Charged products without a track: what they leave where they go."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_PI
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector import vetoes as v
from rarekaon.analysis.simulation.detector.particle_response import ring_radius
from rarekaon.analysis.simulation.detector.scratch import scratch
from rarekaon.analysis.simulation.detector.untracked import keep_untracked, untracked_signals
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.samples.blocks import decay_simulation
from rarekaon.analysis.simulation.streams.true_products import depth_in_detectors

PION, MUON, ELECTRON = 211, -13, -11


def particle(pdg, momentum, *, z=200000.0, to=(0.0, 0.0), at=None, charge=1.0):
    """A particle on the axis at z on its way to the point `to` in the plane `at` (the calorimeter's)."""
    row = np.zeros(t.COLUMNS)
    slope = np.array(to) / ((at or constants().lkr_z) - z)
    row[[t.PDG, t.CHARGE, t.Z, t.PARENT]] = pdg, charge, z, 0
    row[t.PZ] = momentum / np.sqrt(1 + slope @ slope)
    row[t.PX : t.PY + 1] = slope * row[t.PZ]
    row[t.ENERGY] = momentum
    return row


def signals(state, *, rng=None, tracks=(), left=np.inf):
    """The work space after the signals of one untracked particle, the numbers of signals, and whether it is vetoed."""
    c, e = constants(), scratch()
    for k, at in enumerate(tracks):
        e.impacts[k, t.AT_LKR, :2] = at
    untracked = keep_untracked(c, e, 0, state, left, state)
    _, found, vetoed = untracked_signals(rng or np.random.default_rng(1), c, e, 1, untracked, len(tracks), (0, 0, 0))
    return e, found, vetoed


@pytest.mark.parametrize("pdg", [PION, MUON, ELECTRON])
def test_what_stays_in_the_beam_pipe_is_not_seen(pdg):
    _, found, vetoed = signals(particle(pdg, 50000.0))
    assert found == (0, 0, 0)
    assert not vetoed


@pytest.mark.parametrize("z", [110000.0, 130000.0, 198000.0])
def test_a_large_angle_station_sees_and_stops_it(z):
    c, state = constants(), particle(PION, 15000.0, z=z, to=(0.0, 30.0), at=z + 1000.0)
    e, found, vetoed = signals(state)
    assert (found, vetoed) == ((1, 0, 0), True)
    detector, station = e.vetoes[0, :2]
    assert detector == v.IN_LAV
    assert station == 1 + np.flatnonzero((c.lav_z > z) & (30e-3 * (c.lav_z_back - z) > c.lav_r_min))[0]


def test_the_inner_ring_sees_and_stops_it():
    c = constants()
    e, found, vetoed = signals(particle(PION, 50000.0, to=(c.irc_x + 100.0, 0.0), at=c.irc_z))
    seen = list(e.vetoes[: found[0], 0])
    assert v.IN_IRC in seen
    assert v.IN_LAV not in seen
    assert found[1:] == (0, 0)
    assert vetoed


@pytest.mark.parametrize(("pdg", "energy", "width"), [(ELECTRON, 20000.0, 0.1), (MUON, 550.0, 0.5)])
def test_the_calorimeter_has_the_energy_of_an_electron_and_the_ionisation_of_a_muon(pdg, energy, width):
    rng, found = np.random.default_rng(2), []
    for _ in range(200):
        e, (_, deposits, _), vetoed = signals(particle(pdg, 20000.0, to=(400.0, 300.0)), rng=rng)
        assert deposits == 1
        assert vetoed
        assert e.deposits[0, :2] == pytest.approx([400.0, 300.0])
        found.append(e.deposits[0, 2])
    assert np.median(found) == pytest.approx(energy, rel=0.03)
    assert np.mean(np.abs(np.array(found) / energy - 1) < width) > 0.9


def test_muons_are_seen_by_the_hodoscope_and_the_muon_detector_where_they_go():
    c = constants()
    e, (vetoes, _, muons), _ = signals(particle(MUON, 30000.0, to=(400.0, 300.0)))
    tile = e.vetoes[:vetoes][e.vetoes[:vetoes, 0] == v.IN_CHOD][0]
    assert tile[1:3] == pytest.approx(np.array([400.0, 300.0]) * (c.chod_z - 200000) / (c.lkr_z - 200000))
    assert muons == 1
    expected = np.array([400.0, 300.0]) * (c.muv3_z - 200000) / (c.lkr_z - 200000)
    assert np.abs(e.accidental_muons[0, :2] - expected).max() < 0.5 * c.muv3_tile + c.muv3_search / 30000.0


@pytest.mark.parametrize("momentum", [12000.0, 16000.0, 35000.0])
def test_rings_have_the_hits_of_their_radius(momentum):
    """Photons per length follow sin^2 of the angle: none below threshold."""
    c, rng, hits, n = constants(), np.random.default_rng(3), 0.0, 2000
    for _ in range(n):
        e, (vetoes, _, _), _ = signals(particle(PION, momentum, to=(400.0, 300.0)), rng=rng)
        rows = e.vetoes[:vetoes]
        hits += rows[rows[:, 0] == v.IN_RICH, 2].sum()
    squared = 2 * c.rich_refractivity - (MASS_PI / momentum) ** 2
    expected = c.rich_hits * max(squared, 0.0) / (2 * c.rich_refractivity)
    assert (ring_radius(c, momentum, MASS_PI) > 0) == (expected > 0)
    assert hits / n == pytest.approx(expected, abs=5 * np.sqrt(expected / n))


@pytest.mark.parametrize(("away", "expected"), [(0.9, False), (1.1, True)])
def test_beside_a_track_the_calorimeter_vetoes_nothing(away, expected):
    state = particle(MUON, 30000.0, to=(400.0, 300.0))
    assert signals(state, tracks=[(400.0, 300.0 + away * v.NEAR)])[2] == expected


def test_the_magnet_bends_what_is_lost_before_it():
    c, z = constants(), 184000.0
    e, (_, deposits, _), _ = signals(particle(ELECTRON, 20000.0, z=z, to=(900.0, 0.0)))
    assert deposits == 1
    moved = c.magnet_kick / 20000.0 * (c.lkr_z - c.magnet_z)
    assert e.deposits[0, 0] == pytest.approx(900.0 + moved, abs=5.0)


def test_nothing_is_seen_of_what_is_lost_for_good():
    assert signals(particle(PION, 20000.0, to=(400.0, 0.0)), left=-1.0)[1:] == ((0, 0, 0), False)


def test_every_pion_that_points_at_the_hodoscope_leaves_a_tile():
    """Independent straight lines of the true pions of K+ -> pi+ pi+ pi-, with and without a track."""
    c, decays = constants(), 4000
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    out = decay_simulation("K+ -> pi+ pi+ pi-", "all", RareResponses(), running, 5).block(0, decays)
    downstream = out.event["truth_z"] > c.trim5_z  # the magnet there bends what comes from upstream
    true = out.Generated[(out.Generated["parent"] < 0) & np.repeat(downstream, out.event["nGenerated"])]
    at = {}
    for name in "xy":
        slope = true[f"p{name}"] / true["pz"]
        kick = c.magnet_kick * true["pdg"] / PION / true["pz"] if name == "x" else 0.0
        for plane, z in [("lav", (c.lav_z[-1])), ("chod", c.chod_z)]:
            at[plane, name] = true[name] + slope * (z - true["z"]) + kick * (z - c.magnet_z)
    r_lav, r_chod = (np.hypot(at[plane, "x"], at[plane, "y"]) for plane in ("lav", "chod"))
    expected = np.sum((r_chod > c.chod_r_min) & (r_chod < c.chod_r_max) & (r_lav < c.lav_r_min[-1]))
    event = np.repeat(np.arange(len(out.event)), out.event["nChod"])
    late = np.where(downstream[event], np.abs(out.Chod["time"] - out.event["trigger_time"][event]), np.inf)
    window, off = 1.5, (late > 3.0) & (late < 28.0)  # what comes at other times is by accident
    counted = np.sum(late < window) - np.sum(off) * window / 25.0
    assert counted == pytest.approx(expected, rel=0.02)
    assert np.sum((out.Chod["track_index"] < 0) & (late < window)) > 0.1 * counted


def test_what_the_sampling_takes_for_hidden_is_what_no_veto_sees():
    """Pions of K+ -> pi+ pi+ pi- on straight lines that do not decay: the two descriptions are independent."""
    c, n = constants(), 3000
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    rng = random_stream(1, 4)
    made = decay_simulation("K+ -> pi+ pi+ pi-", "single_track_tail", RareResponses(), running, 6).generator
    d, row, unseen = made.block(rng, running, n), np.zeros(t.COLUMNS), 0
    for i in np.flatnonzero(d.vertex[2] > c.trim5_z):
        for k in range(3):
            state = np.zeros(t.COLUMNS)
            state[[t.PDG, t.CHARGE, t.PARENT]] = d.pdg[k], d.charge[k], 0
            state[t.PX : t.ENERGY + 1], state[t.X : t.Z + 1] = d.momenta[k, :, i], d.vertex[:, i]
            depth = depth_in_detectors(c, d, k, i, 1.0, row)
            unseen += depth == 0
            assert (depth > 0) == signals(state)[2]
    assert unseen > n // 10
