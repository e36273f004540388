"""KTAG and GTK: the decayed kaon with its resolutions and efficiencies, and the others at the published rates."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.activity.beam_particles import MOST_TAGS, MOST_TRACKS, WINDOW
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.buffers import CAPACITY
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.samples.blocks import decay_simulation

EVENTS = 20000


@pytest.fixture(scope="module")
def output():
    running = RunningConditions.of(conditions().of("2017"), downscaled=False)
    return decay_simulation("K+ -> mu+ N", "all", RareResponses(), running, 5, mass=300.0).block(0, EVENTS)


def test_capacities_are_those_of_the_buffers():
    assert (CAPACITY["Ktag"], CAPACITY["Gtk"]) == (MOST_TAGS, MOST_TRACKS)


def test_other_beam_particles_come_at_their_rate(output):
    gtk, ktag = detector().gtk, detector().ktag
    reaches = (output.event["truth_z"] > gtk.z[2]).mean()  # a kaon that decays before GTK3 leaves no track
    assert 0.9 < reaches < 0.96
    expected = reaches * gtk.efficiency + 2 * WINDOW * gtk.rate
    assert output.event["nGtk"].mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / EVENTS))
    assert output.event["nGtk"].max() <= MOST_TRACKS
    expected = ktag.efficiency + 2 * WINDOW * ktag.rate
    assert output.event["nKtag"].mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / EVENTS))


def test_beam_tracks_measure_the_beam(output):
    beam, gtk, period = detector().beam, detector().gtk, conditions().of("2017")[0]
    slope = output.Gtk["slope_x"].astype(float) - period.beam_slope_x
    assert np.abs(slope.mean()) < 5e-6
    assert slope.std() == pytest.approx(np.hypot(beam.divergence_x, gtk.sigma_slope), rel=0.02)
    momentum = output.Gtk["momentum"].astype(float) / period.beam_momentum
    assert momentum.std() == pytest.approx(np.hypot(beam.momentum_rms, gtk.sigma_momentum), rel=0.02)
    assert np.abs(output.Gtk["x"] - period.beam_x).max() < beam.half_width_x + 1


def test_the_first_track_of_most_events_is_the_kaon(output):
    first = np.concatenate(([0], np.cumsum(output.event["nGtk"])[:-1]))[output.event["nGtk"] > 0]
    event = output.event[output.event["nGtk"] > 0]
    true = event["truth_kaon_px"].astype(float) / event["truth_kaon_pz"]
    close = np.abs(output.Gtk["slope_x"][first] - true) < 5 * constants().gtk_sigma_slope
    gtk = detector().gtk
    seen = gtk.efficiency * (output.event["truth_z"] > gtk.z[2]).mean()
    kaons = seen / (seen + (1 - seen) * (1 - np.exp(-2 * WINDOW * gtk.rate)))
    assert kaons - 0.01 < close.mean() < kaons + 0.5 * (1 - kaons)  # less than half of the others lie so near by chance
    off = output.Gtk["slope_x"][first] - true
    near = np.abs(off) < 3 * constants().gtk_sigma_slope
    assert np.std(off[near]) == pytest.approx(constants().gtk_sigma_slope, rel=0.1)
