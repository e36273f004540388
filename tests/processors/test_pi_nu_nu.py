"""K+ -> pi+ nu nu: against plain Python on simulated events, cut by cut on perfect ones, and its neutral bound."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.contract.units import GeV, MeV
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.facts.published import published
from rarekaon.analysis.limits.from_publications import grossman_nir
from rarekaon.analysis.processing.blinding import Blinding, Box
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from tests.ideal_single_tracks import ideal_single_tracks, one, several
from tests.processors import plain_single
from tests.processors.plain_pion import pion
from tests.reading import columns_of, nano_events
from tests.selecting import selected

EVENTS = 400
SEARCH = search("pi_nu_nu", "2016-2017")


@pytest.mark.parametrize(
    ("decay", "decays", "at_least"),
    [
        ("K+ -> pi+ nu nu", 20000, (300, 300)),
        ("K+ -> pi+ pi0, pi0 -> gamma gamma", 12000, (0, 300)),
        ("K+ -> mu+ nu_mu", 3000, (0, 0)),
    ],
)
def test_plain_python_selects_exactly_the_same_events(tmp_path, decay, decays, at_least):
    """More than 20 000 events, with photons, muons, pileup in the beam and accidental signals everywhere."""
    path = tmp_path / "sample.root"
    sample = SimulatedSample(decay=decay, stream="all", decays=decays, quick=decays, seed=5)
    simulate_sample("sample", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    rows = plain_single.events_of(path, 0, decays)
    assert len(rows) == decays
    columns = columns_of(path)
    for selection, alone, least in ((SEARCH.signal, True, at_least[0]), (SEARCH.normalisation, False, at_least[1])):
        expected = {n: m2 for n, event in enumerate(rows) if (m2 := pion(event, alone=alone)) is not None}
        c = selected(selection, columns)
        assert len(expected) >= least
        assert dict(zip(c.event.tolist(), selection.observable.of(c).tolist(), strict=True)) == pytest.approx(
            expected, abs=0.01
        )


def ideal(mass, seed=8):
    """K+ -> pi+ X with an unseen X of that mass."""
    return ideal_single_tracks(mass, EVENTS, seed=seed, particle="pi+", vertices=(106e3, 164e3))


@pytest.fixture(scope="module")
def events():
    return ideal(200.0)


def book(events, path, sample="pi_nu_nu", **replaced):
    file = events.write(path / "events.root", **replaced)
    return SearchProcessor(("pi_nu_nu",)).process(nano_events(file, sample))["pi_nu_nu"][sample]["2016-2017"]


def rows(histogram):
    return {name: histogram[name].value for name in histogram.axes[0]}


REGIONS = {50.0: "R1", 110.0: "control 1", MASS_PI0: "pi+ pi0", 155.0: "control 2", 200.0: "R2", 250.0: "R2"}


@pytest.mark.parametrize("mass", REGIONS)
def test_the_missing_mass_decides_the_region(mass, tmp_path):
    booked = book(ideal(mass), tmp_path)
    found = {name: n for name, n in rows(booked["signal"]["regions"]).items() if n}
    region = REGIONS[mass]
    assert set(found) == ({region, "signal"} if region.startswith("R") else {region})
    assert found[region] > 50
    assert found.get("signal", found[region]) == found[region]
    assert (rows(booked["normalisation"]["regions"])["normalisation"] > 50) == (region == "pi+ pi0")


def cutflow(events, path, selection="signal", **replaced):
    return rows(book(events, path, **replaced)[selection]["cutflow"])


def photon(events, detector, time):
    fields = {"Lav": {"station": 3.0, "energy": 500.0}, "Irc": {"energy": 5000.0}, "Sac": {"energy": 5000.0}}
    dtypes = {"station": "uint8"}
    zero = np.zeros(len(events.kaon))
    values = fields.get(detector, {}) | {"time": time}
    return {f"{detector}_{name}": one(zero + value, dtypes.get(name, "float32")) for name, value in values.items()}


def cluster(events, time):
    zero = np.zeros(len(events.kaon))
    values = {"energy": 1000.0, "x": 900.0, "y": 900.0, "time": time}
    return {f"Cluster_{name}": one(zero + value) for name, value in values.items()}


def tracks(events, name, value, dtype="float32"):
    return {f"Track_{name}": one(np.full(len(events.kaon), value), dtype)}


def beam(events, time):
    """A second beam track at that time, far from the pion."""
    names = ("momentum", "slope_x", "slope_y", "x", "y", "time", "chi2")
    own = {name: np.asarray(events.columns[f"Gtk_{name}"][:, 0]) for name in names}
    other = own | {"x": own["x"] + 40, "time": own["time"] + time}
    return {f"Gtk_{name}": several(own[name], other[name]) for name in names}


BREAKS = {
    "trigger": lambda e: {"trigger_pinunu": np.zeros(EVENTS, bool)},
    "identified as pi+": lambda e: tracks(e, "lkr_energy", 60 * GeV),
    "track momentum 15 to 35 GeV/c": lambda e: tracks(e, "momentum", 36 * GeV),
    "RICH hits of the track > 3.5": lambda e: tracks(e, "rich_hits", 2, "uint8"),
    "hodoscope tiles of the track > 0.5": lambda e: {"Chod_track_index": one(np.full(EVENTS, -1), "int16")},
    "KTAG time to track time < 0.5 ns": lambda e: {
        "Ktag_time": one(np.full(EVENTS, 0.6)),
        "Gtk_time": one(np.full(EVENTS, 0.6)),
    },
    "GTK time to KTAG time < 0.3 ns": lambda e: {"Gtk_time": one(np.full(EVENTS, 0.31))},
    "GTK tracks within 0.5 ns of the KTAG time = 1": lambda e: beam(e, 0.4),
    "RICH log L(pi+) - log L(mu+) > 3": lambda e: tracks(e, "rich_log_mu", -2.0),
    "RICH log L(pi+) - log L(e+) > 10": lambda e: tracks(e, "rich_log_e", -9.0),
    "calorimeter energy > 2 GeV": lambda e: tracks(e, "lkr_energy", 550 * MeV),
    "LAV signals in all stations within 3 ns = 0": lambda e: photon(e, "Lav", 2.9),
    "inner-ring calorimeter signals within 7 ns = 0": lambda e: photon(e, "Irc", -6.9),
    "small-angle calorimeter signals within 7 ns = 0": lambda e: photon(e, "Sac", 6.9),
    "LKr clusters above 0.1 GeV off the tracks within 8 ns = 0": lambda e: cluster(e, 7.9),
    "guard-ring hodoscope signals within 3 ns = 0": lambda e: photon(e, "Chanti", 2.9),
}


@pytest.mark.parametrize("row", BREAKS)
def test_breaking_one_requirement_empties_the_cutflow_at_its_row(row, events, tmp_path):
    flow = cutflow(events, tmp_path, **BREAKS[row](events))
    names = list(flow)
    assert flow[names[names.index(row) - 1]] > 0
    assert all(flow[name] == 0 for name in names[names.index(row) :])


def test_pions_from_just_behind_the_collimator_are_rejected(tmp_path):
    """At 15 GeV/c they make at most 15 mrad: 4.6 m behind its exit none is 100 mm away from the axis."""
    near = ideal_single_tracks(200.0, EVENTS, seed=8, particle="pi+", vertices=(105.2e3, 106e3))
    flow = cutflow(near, tmp_path)
    assert flow["vertex z 105 to 165 m"] > 100
    assert flow["track at the collimator, in boxes of 100 x 500 mm > 1"] == 0


HARMLESS = {
    "a late LAV signal": lambda e: photon(e, "Lav", 3.1),
    "a late IRC signal": lambda e: photon(e, "Irc", 7.1),
    "a late cluster": lambda e: cluster(e, 8.1),
    "a beam track out of time": lambda e: beam(e, 0.6),
    "a muon-like ring that is less likely": lambda e: tracks(e, "rich_log_mu", -3.1),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_is_out_of_time_costs_nothing(change, events, tmp_path):
    wanted = rows(book(events, tmp_path)["signal"]["regions"])["signal"]
    assert rows(book(events, tmp_path, **HARMLESS[change](events))["signal"]["regions"])["signal"] == wanted > 50


def test_the_normalisation_does_not_ask_for_silence_nor_for_the_signal_line(tmp_path):
    peak = ideal(MASS_PI0)
    wanted = rows(book(peak, tmp_path)["normalisation"]["regions"])["normalisation"]
    noisy = photon(peak, "Lav", 0.0) | {"trigger_pinunu": np.zeros(EVENTS, bool)}
    assert rows(book(peak, tmp_path, **noisy)["normalisation"]["regions"])["normalisation"] == wanted > 50


def test_a_normalisation_event_stands_for_all_that_its_line_and_its_stream_left_out(tmp_path):
    """Minimum bias keeps one event in 400 and the stream one of those in 2500; the signal's line keeps all."""
    factors = {"minimum_bias": 400 * 2500, "pinunu": 2500}
    kept = {f"downscaling_{line}": np.full(EVENTS, factor, np.uint32) for line, factor in factors.items()}
    file = ideal(MASS_PI0).write(tmp_path / "data.root", truth=False, **kept)
    name = "data_2016_2017_pi_pi0"
    data = SearchProcessor(("pi_nu_nu",)).process(nano_events(file, name))["pi_nu_nu"][name]["2016-2017"]
    flow = rows(data["normalisation"]["cutflow"])
    assert flow["identified as pi+"] == pytest.approx(1e6 * EVENTS, rel=1e-6)  # 1 - (1 - 1/D) is not exactly 1/D


def test_the_box_is_shut_for_signal_in_data_whatever_trigger_and_vetoes(events, tmp_path):
    blinding = Blinding((Box("pi_nu_nu"),))
    passing = rows(book(events, tmp_path)["signal"]["regions"])["signal"]
    for change in ({}, photon(events, "Lav", 0.0), BREAKS["trigger"](events)):
        data = columns_of(events.write(tmp_path / "data.root", truth=False, **change))
        assert blinding.masked(data).sum() >= passing
    peak = columns_of(ideal(MASS_PI0).write(tmp_path / "peak.root", truth=False))
    assert not blinding.masked(peak).any()
    muons = columns_of(ideal_single_tracks(200.0, EVENTS, seed=8).write(tmp_path / "muons.root", truth=False))
    assert not blinding.masked(muons).any()


def test_the_bound_on_the_neutral_decay_is_proportional_to_the_limit():
    paper = published("pi_nu_nu", "2016-2017")
    bound = paper.derived_limits["K_L -> pi0 nu nu"].value
    assert grossman_nir(paper, paper.upper_limit.value) == pytest.approx(bound, rel=1e-12)
    assert grossman_nir(paper, 2.0) == 2 * grossman_nir(paper, 1.0)


def test_what_is_taken_from_the_publication_is_published():
    paper = published("pi_nu_nu", "2016-2017")
    modes = paper.regions["signal_2017"].modes
    assert {b.mode for b in SEARCH.published_backgrounds} <= set(modes)
    ratio = paper.facts["single_event_sensitivity_2017"].value / paper.single_event_sensitivity.value
    assert all(b.scale == pytest.approx(ratio) for b in SEARCH.published_backgrounds)
