"""Each condition on the photons of K+ -> pi- pi0 e+ e+ removes what it is there to remove, and only that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import search
from tests.ideal_events import clusters, ideal_events_with_pi0
from tests.reading import nano_events

EVENTS = 400
PHOTONS = "photon candidates in time = 2"


@pytest.fixture(scope="module")
def lnv():
    return ideal_events_with_pi0(("pi-", "e+", "e+"), EVENTS, seed=7)


def booked(events, path):
    file = events.write(path / "events.root", truth=True)
    output = SearchProcessor(("pi_pi0_ee",)).process(nano_events(file, "pi_pi0_ee_lnv"))
    return output["pi_pi0_ee"]["pi_pi0_ee_lnv"]["2016-2018"]


def cutflow(selection):
    return {name: selection["cutflow"][name].value for name in selection["cutflow"].axes[0]}


def changed(events, **change):
    """Clusters with some of their fields changed: energy factor, added time, or number kept."""
    fields = {k: np.asarray(events.columns[f"Cluster_{k}"]).copy() for k in ("energy", "x", "y", "time")}
    fields["energy"] *= change.get("energy", 1.0)
    fields["time"] += np.asarray(change.get("time", (0.0, 0.0)))
    kept = {k: v[:, : change.get("kept", 2)] for k, v in fields.items()}
    return replace(events, columns=events.columns | clusters(kept))


def test_the_ideal_signal_is_in_the_signal_region(lnv, tmp_path):
    found = booked(lnv, tmp_path)
    flow, regions = cutflow(found["signal"]), found["signal"]["regions"]
    assert flow["identified as pi- e+ e+"] == EVENTS
    assert regions["signal"].value > 20
    assert regions["control"].value == 0
    assert regions["signal"].value == flow["total transverse momentum < 30 MeV/c"]
    for late in ("one_photon_out_of_time", "two_photons_out_of_time"):
        assert sum(found[late]["regions"].values()) == 0


@pytest.mark.parametrize(
    ("row", "change"),
    [
        (PHOTONS, {"kept": 1}),
        (PHOTONS, {"time": (5.1, 0.0)}),
        (PHOTONS, {"energy": 0.02}),
        ("|vertex z - neutral vertex z| < 8 m", {"energy": 1.3}),
    ],
)
def test_breaking_one_requirement_empties_the_cutflow_at_its_row(row, change, lnv, tmp_path):
    flow = cutflow(booked(changed(lnv, **change), tmp_path)["signal"])
    names = list(flow)
    assert flow[names[names.index(row) - 1]] > 0
    assert all(flow[name] == 0 for name in names[names.index(row) :])


def test_late_photons_move_events_to_their_control_selection(lnv, tmp_path):
    passing = booked(lnv, tmp_path)["signal"]["regions"]["signal"].value
    one = booked(changed(lnv, time=(5.5, 0.0)), tmp_path)
    two = booked(changed(lnv, time=(29.0, -6.0)), tmp_path)
    assert one["one_photon_out_of_time"]["regions"]["signal"].value == passing
    assert two["two_photons_out_of_time"]["regions"]["signal"].value == passing
    for found, other in ((one, "two_photons_out_of_time"), (two, "one_photon_out_of_time")):
        assert sum(found[other]["regions"].values()) == sum(found["signal"]["regions"].values()) == 0


def test_the_control_region_leaves_out_the_signal_region():
    control = search("pi_pi0_ee", "2016-2018").signal.region("control")
    assert control.mask(np.array([399.0, 401, 483, 484.5, 494, 503, 505, 599, 601])).tolist() == [
        False, True, True, False, False, False, True, True, False,
    ]  # fmt: skip


def test_cuts_read_as_the_paper_prints_them():
    rows = search("pi_pi0_ee", "2016-2018").signal.cutflow
    assert "distance of the photons in the LKr plane > 150 mm" in rows
    assert "|total momentum - beam momentum| < 3 GeV/c" in rows
    assert "control: 400 to 600 without 484 to 504" in [
        f"{r.name}: {r.text()}" for r in search("pi_pi0_ee", "2016-2018").signal.regions
    ]
