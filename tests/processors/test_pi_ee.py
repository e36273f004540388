"""Each cut of K+ -> pi- e+ e+ removes what it is there to remove, and only that."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import search
from tests.ideal_events import ideal_events
from tests.reading import nano_events

LNV = ("pi-", "e+", "e+")
SM = ("pi+", "e+", "e-")
FULL, PART = "2016-2018", "2017"


def regions(events, path, selection, dataset=FULL):
    booked = process(events, path)[dataset][selection]["regions"]
    return {name: booked[name].value for name in booked.axes[0]}


def cutflow(events, path, selection, dataset=FULL):
    booked = process(events, path)[dataset][selection]["cutflow"]
    return {name: booked[name].value for name in booked.axes[0]}


def process(events, path):
    file = events.write(path / "events.root", truth=True)
    return SearchProcessor(("pi_ee",)).process(nano_events(file, "pi_ee_lnv"))["pi_ee"]["pi_ee_lnv"]


@pytest.fixture(scope="module")
def lnv():
    return ideal_events(LNV, 400, seed=7)


@pytest.fixture(scope="module")
def passing(lnv, tmp_path_factory):
    return regions(lnv, tmp_path_factory.mktemp("lnv"), "signal")["signal"]


def test_ideal_signal_peaks_in_the_signal_region(passing, lnv, tmp_path):
    flow = cutflow(lnv, tmp_path, "signal")
    assert 50 < passing < 400
    assert flow["read"] == flow["candidate"] == flow["trigger"] == flow["identified as pi- e+ e+"] == 400
    assert regions(lnv, tmp_path, "signal")["lower"] == regions(lnv, tmp_path, "signal")["upper"] == 0
    assert regions(lnv, tmp_path, "normalisation")["normalisation"] == 0


def per_track(events, field, slots, value):
    values = ak.to_numpy(events.columns[f"Track_{field}"]).copy()
    values[:, slots] = value
    return {f"Track_{field}": ak.from_regular(ak.from_numpy(values))}


def lav_hit(events, station, time):
    n = len(events.vertex)
    one = ak.from_regular(ak.from_numpy(np.zeros((n, 1), np.float32)))
    return {
        "Lav_station": ak.values_astype(one + station, np.uint8),
        "Lav_time": ak.values_astype(one + time, np.float32),
        "Lav_energy": one,
    }


BREAKS = {
    "trigger": lambda e: {f"trigger_{line}": np.zeros(400, bool) for line in ("MT", "eMT")},
    "identified as pi- e+ e+": lambda e: per_track(e, "lkr_energy", [0], 60 * GeV),
    "track time to trigger time < 2.5 ns": lambda e: {"trigger_time": np.full(400, 2.6, np.float32)},
    "LAV signals downstream of the vertex within 4 ns = 0": lambda e: lav_hit(e, 12, 3.9),
    "|total momentum - beam momentum| < 2 GeV/c": lambda e: {"beam_momentum": np.full(400, 77.2 * GeV, np.float32)},
    "total transverse momentum < 30 MeV/c": lambda e: {"beam_slope_x": np.full(400, 4.2e-4, np.float32)},
    "RICH log L(e+) - log L(pi+) > 1.4": lambda e: per_track(e, "rich_log_e", [2], -30.0),
}


@pytest.mark.parametrize("row", BREAKS)
def test_breaking_one_requirement_empties_the_cutflow_at_its_row(row, lnv, passing, tmp_path):
    broken = replace(lnv, columns=lnv.columns | BREAKS[row](lnv))
    flow = cutflow(broken, tmp_path, "signal")
    names = list(flow)
    assert flow[names[names.index(row) - 1]] > 0
    assert all(flow[name] == 0 for name in names[names.index(row) :])


HARMLESS = {
    "a LAV signal upstream": lambda e: lav_hit(e, 1, 0.0),
    "a late LAV signal": lambda e: lav_hit(e, 12, 4.1),
    "a time within the window": lambda e: {"trigger_time": np.full(400, -2.4, np.float32)},
    "a beam off by less than 2 GeV": lambda e: {"beam_momentum": np.full(400, 76.8 * GeV, np.float32)},
    "RICH of the pi- is not asked": lambda e: per_track(e, "rich_log_pi", [0], -30.0),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_the_paper_allows_costs_nothing(change, lnv, passing, tmp_path):
    changed = replace(lnv, columns=lnv.columns | HARMLESS[change](lnv))
    kept = {"a LAV signal upstream": 0.6}.get(change, 1.0)  # vertices upstream of station 1 (z = 121 m) lose it
    assert kept * passing <= regions(changed, tmp_path, "signal")["signal"] <= passing


def test_events_of_one_line_count_as_often_as_they_are_recorded(lnv, passing, tmp_path):
    """CERN-EP-2022-018 Section 1: MT keeps one event in 100, eMT one in 8, whatever the period."""
    only = replace(lnv, columns=lnv.columns | {"trigger_eMT": np.zeros(400, bool)})
    share = 0.01 / (1 - 0.99 * 7 / 8)
    assert regions(only, tmp_path, "signal")["signal"] == pytest.approx(share * passing)


def test_the_2017_values_are_used_for_2017(lnv, tmp_path):
    late = replace(lnv, columns=lnv.columns | {"trigger_time": np.full(400, 5.0, np.float32)})
    assert regions(late, tmp_path, "signal", FULL)["signal"] == 0
    assert regions(late, tmp_path, "signal", PART)["signal"] > 0
    upstream = replace(lnv, columns=lnv.columns | lav_hit(lnv, 1, 0.0))
    assert regions(upstream, tmp_path, "signal", PART)["signal"] == 0


def test_normalisation_takes_the_standard_model_decay_above_the_pi0_mass(tmp_path):
    sm = ideal_events(SM, 400, seed=8)
    assert regions(sm, tmp_path, "normalisation")["normalisation"] > 20
    assert regions(sm, tmp_path, "signal")["signal"] == 0
    with_rich = process(replace(sm, columns=sm.columns | per_track(sm, "rich_log_e", [1], -30.0)), tmp_path)
    assert with_rich[FULL]["normalisation"]["regions"]["normalisation"].value > 0
    assert with_rich[PART]["normalisation"]["regions"]["normalisation"].value == 0


def test_missing_momentum_control_has_no_signal(lnv, tmp_path):
    assert regions(lnv, tmp_path, "missing_momentum")["all"] == 0
    faster_beam = replace(lnv, columns=lnv.columns | {"beam_momentum": np.full(400, 90 * GeV, np.float32)})
    assert regions(faster_beam, tmp_path, "missing_momentum")["all"] > 0


def test_cuts_read_as_the_papers_print_them():
    rows = search("pi_ee", FULL).signal.cutflow
    assert "track momentum 6 to 44 GeV/c" in rows
    assert "angle between tracks in the RICH > 4 mrad" in rows
    assert "track momentum 8 to 45 GeV/c" in search("pi_ee", PART).signal.cutflow
    assert "track separation in STRAW chamber 1 > 15 mm" in search("pi_ee", PART).signal.cutflow
