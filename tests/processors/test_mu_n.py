"""The single-muon selection: against plain Python on simulated events, cut by cut on perfect ones."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from tests.ideal_single_tracks import ideal_single_tracks, several
from tests.processors import plain_single
from tests.reading import columns_of, nano_events
from tests.selecting import selected

EVENTS = 300
SIGNAL = search("mu_n", "2016-2018").signal


@pytest.mark.parametrize(
    ("decay", "decays", "at_least"),
    [("K+ -> mu+ nu nu", 15000, 2000), ("K+ -> mu+ nu_mu gamma", 12000, 3), ("K+ -> pi+ pi+ pi-", 4000, 0)],
)
def test_plain_python_selects_exactly_the_same_events(tmp_path, decay, decays, at_least):
    """More than 20 000 events over the three modes, with photons, several tracks and beam pileup."""
    path = tmp_path / "sample.root"
    sample = SimulatedSample(decay=decay, stream="all", decays=decays, quick=decays, seed=4)
    simulate_sample("sample", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    rows = plain_single.events_of(path, 0, decays)
    assert len(rows) > 0.2 * decays  # K+ -> mu+ nu gamma has no decays of soft photons
    expected = {n: m2 for n, event in enumerate(rows) if (m2 := plain_single.single_muon(event)) is not None}
    c = selected(SIGNAL, columns_of(path))
    assert len(expected) >= at_least
    assert dict(zip(c.event.tolist(), SIGNAL.observable.of(c).tolist(), strict=True)) == pytest.approx(
        expected, abs=0.01
    )


@pytest.fixture(scope="module")
def events():
    return ideal_single_tracks(300.0, EVENTS, seed=8)


def book(events, path, name="mu_n", sample="mu_invisible", **replaced):
    file = events.write(path / "events.root", **replaced)
    return SearchProcessor((name,)).process(nano_events(file, sample))[name][sample]["2016-2018"]


def cutflow(events, path, **replaced):
    flow = book(events, path, **replaced)["signal"]["cutflow"]
    return {name: flow[name].value for name in flow.axes[0]}


def test_ideal_signal_is_in_the_scan_region(events, tmp_path):
    booked = book(events, tmp_path)
    flow = booked["signal"]["cutflow"]
    rows = {name: flow[name].value for name in flow.axes[0]}
    assert rows["read"] == rows["candidate"] == rows["trigger"] == rows["identified as mu+"] == EVENTS
    assert booked["signal"]["regions"]["scan"].value == list(rows.values())[-1] > 100
    assert booked["normalisation"]["regions"]["normalisation"].value == 0
    mass = booked["signal"]["missing_mass"]
    assert mass[299j:301j].sum().value == mass.sum().value


def test_the_sm_decay_is_in_the_normalisation_region(tmp_path):
    booked = book(ideal_single_tracks(0.0, EVENTS, seed=9), tmp_path)
    assert booked["normalisation"]["regions"]["normalisation"].value > 100
    assert booked["signal"]["regions"]["scan"].value == booked["signal"]["regions"]["control"].value == 0


def full(value, dtype="float32"):
    return several(np.full(EVENTS, value), dtype=dtype)


def veto(collection, time, **fields):
    return {f"{collection}_time": full(time)} | {f"{collection}_{k}": full(*v) for k, v in fields.items()}


BREAKS = {
    "trigger": {"trigger_minimum_bias": np.zeros(EVENTS, bool)},
    "identified as mu+": {"Muv3_time": full(3.1), "Track_muv3_time": full(3.1)},
    "track momentum 5 to 70 GeV/c": {"Track_momentum": full(71 * GeV)},
    "KTAG time to track time < 1 ns": {"Ktag_time": full(1.1), "Gtk_time": full(1.1)},
    "closest approach to the kaon < 7 mm": {"Gtk_y": full(60.0)},
    "LAV signals in all stations within 3 ns = 0": veto("Lav", 2.9, station=(7, "uint8"), energy=(200,)),
    "inner-ring calorimeter signals within 3 ns = 0": veto("Irc", -2.9, energy=(5000,)),
    "small-angle calorimeter signals within 3 ns = 0": veto("Sac", 2.9, energy=(5000,)),
    "guard-ring hodoscope signals within 4 ns = 0": veto("Chanti", 3.9),
    "LKr clusters above 0.1 GeV off the tracks within 12 ns = 0": {
        **veto("Cluster", 11.0, energy=(2000,), x=(-900.0,), y=(500.0,)),
    },
    "RICH hits on no track's ring within 3 ns < 3.5": {"RichHit_time": several(*(np.zeros(EVENTS),) * 4)},
}


@pytest.mark.parametrize("row", BREAKS)
def test_breaking_one_requirement_empties_the_cutflow_at_its_row(row, events, tmp_path):
    flow = cutflow(events, tmp_path, **BREAKS[row])
    names = list(flow)
    assert row in names
    left = flow[names[names.index(row) - 1]]
    assert left > 0
    kept = [flow[name] for name in names[names.index(row) :]]
    # a few muons point to where the cluster is, or pass the shifted kaon sideways
    assert max(kept) <= (0.1 * left if row.startswith(("LKr", "closest")) else 0)


HARMLESS = {
    "a late LAV signal": veto("Lav", 3.1, station=(7, "uint8"), energy=(200,)),
    "a late CHANTI signal": veto("Chanti", 4.1),
    "three hits off the ring": {"RichHit_time": several(*(np.zeros(EVENTS),) * 3)},
    "a second kaon out of time": {
        "Ktag_time": several(np.zeros(EVENTS), np.full(EVENTS, 5.0)),
        "Ktag_sectors": several(*2 * [np.full(EVENTS, 8)], dtype="uint8"),
    },
    "a faint cluster": veto("Cluster", 0.0, energy=(90,), x=(-900.0,), y=(500.0,)),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_the_paper_allows_costs_nothing(change, events, tmp_path):
    last = list(cutflow(events, tmp_path).values())[-1]
    assert list(cutflow(events, tmp_path, **HARMLESS[change]).values())[-1] == last


def test_the_least_z_falls_with_the_angle_from_35_to_8_metres(events, tmp_path):
    cut = next(c for c in SIGNAL.cuts if c.quantity.name == "vertex_beyond")
    c = selected(SIGNAL, columns_of(events.write(tmp_path / "e.root")))
    least = 140000 - 27000 * events.angle[c.event] / np.pi
    np.testing.assert_allclose(cut.quantity.of(c), c.vertex[:, 2] - least, atol=30)


def test_data_events_count_with_what_they_were_prescaled_by(events, tmp_path):
    factors = np.where(np.arange(EVENTS) % 3 == 0, 400 * 50, 400).astype(np.uint32)
    file = events.write(tmp_path / "data.root", truth=False, downscaling_minimum_bias=factors)
    columns = columns_of(file)
    c = selected(SIGNAL, columns)
    assert SIGNAL.weight is not None
    np.testing.assert_array_equal(SIGNAL.weight(c), np.where(c.event % 3 == 0, 50, 1))


def test_all_four_searches_share_one_selection():
    names = ("mu_n", "mu_nu_x_scalar", "mu_nu_x_vector", "mu_nu_nu_nu")
    found = [search(name, "2016-2018") for name in names]
    assert {s.signal.cuts for s in found} == {SIGNAL.cuts}
    assert {s.normalisation.cuts for s in found} == {SIGNAL.cuts}
    assert {r.name for s in found for r in s.signal.masked} == {"scan", "masked", "signal"}
