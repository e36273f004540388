"""Trigger decisions, once more from what the record of the event says."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.samples.blocks import decay_simulation

DECAYS = ("K+ -> pi+ nu nu", "K+ -> pi+ pi0, pi0 -> gamma gamma", "K+ -> mu+ nu_mu", "K+ -> pi+ pi+ pi-")


@pytest.fixture(scope="module", params=DECAYS)
def output(request):
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    return decay_simulation(request.param, "all", RareResponses(), running, 3).block(0, 4000)


def sums(output, name, values):
    """Sum of `values` over the objects of each event."""
    event = np.repeat(np.arange(len(output.event)), output.event[f"n{name}"])
    return np.bincount(event, values, minlength=len(output.event))


def opposite_quadrants(output, counts):
    """Events with hodoscope signals that count, shape (signals,), in diagonally opposite quadrants."""
    chod = output.Chod
    quadrants = [
        sums(output, "Chod", counts & ((chod["x"] < 0) == left) & ((chod["y"] < 0) == low)) > 0
        for left, low in ((False, False), (True, True), (False, True), (True, False))
    ]
    return (quadrants[0] & quadrants[1]) | (quadrants[2] & quadrants[3])


def test_several_tracks_ask_for_opposite_quadrants_in_time_whoever_made_the_signals(output):
    event, chod = output.event, output.Chod
    late = np.abs(chod["time"] - np.repeat(event["trigger_time"], event["nChod"]))
    # the trigger's time is the decay's to 70 ps: signals at the edge of the window are left out, or in
    surely, perhaps = (opposite_quadrants(output, late < edge) for edge in (9.5, 10.5))
    negative = sums(output, "Track", (output.Track["charge"] < 0) & (output.Track["rich_hits"] > 0)) > 0
    fired = event["trigger_MT"]
    assert not (fired & ~perhaps).any()
    # A negative track with a ring is enough of the other conditions, unless it is another decay's.
    assert (surely & negative & ~fired).mean() < 1e-3
    if fired.any():  # of three tracks in one half of the hodoscope
        tracks = chod["track_index"] >= 0
        assert (fired & ~opposite_quadrants(output, tracks)).any()


def test_pinunu_asks_for_a_ring_and_vetoes_muons_energy_and_opposite_quadrants(output):
    opposite = opposite_quadrants(output, np.ones(len(output.Chod), bool))
    quiet = (output.event["nMuv3"] == 0) & (sums(output, "Cluster", output.Cluster["energy"]) < 30 * GeV)
    ring = (sums(output, "Track", output.Track["rich_hits"]) > 0) & (output.event["nChod"] > 0)
    wanted = ring & quiet & ~opposite
    # The line sees the decay alone: accidental signals in the record can only take events from `wanted`, but for a
    # ring of another kaon's muon, and for tiles that reach over the border of a quadrant.
    assert (wanted & ~output.event["trigger_pinunu"]).mean() < 1e-2
    assert wanted.any()


def test_pinunu_leaves_out_what_the_lines_for_several_tracks_take(output):
    event = output.event
    taken = np.logical_or.reduce([event[f"trigger_{line}"] for line in ("MT", "eMT", "muMT", "dimuon")])
    assert not (event["trigger_pinunu"] & taken).any()
    assert (event["trigger_minimum_bias"] | ~event["trigger_pinunu"]).all()
