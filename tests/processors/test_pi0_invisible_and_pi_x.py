"""pi0 -> invisible and K+ -> pi+ X, which share the selections of K+ -> pi+ nu nu: regions, boxes and records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0
from rarekaon.analysis.processing.blinding import Blinding, Box, current_blinding, shares_box
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.processing.unblinding import write_record
from rarekaon.analysis.search.channels import search
from tests.ideal_single_tracks import ideal_single_tracks
from tests.processors.test_pi_nu_nu import photon
from tests.reading import columns_of, nano_events
from tests.records import record

EVENTS = 400
PI0 = search("pi0_invisible", "2016-2017")
PI_X = search("pi_x", "2016-2017")


@pytest.fixture(scope="module")
def peak():
    return ideal_single_tracks(MASS_PI0, EVENTS, seed=8, particle="pi+", vertices=(106e3, 164e3))


def book(events, path, **replaced):
    file = events.write(path / "events.root", **replaced)
    booked = SearchProcessor(("pi0_invisible",)).process(nano_events(file, "pi_pi0_missed"))
    return booked["pi0_invisible"]["pi_pi0_missed"]["2016-2017"]


def counts(booked, selection):
    regions = booked[selection]["regions"]
    return {name: regions[name].value for name in regions.axes[0]}


def test_a_pi0_that_is_not_seen_is_signal_and_one_that_is_seen_is_not(peak, tmp_path):
    silent = book(peak, tmp_path)
    assert counts(silent, "signal")["signal"] > 30
    assert counts(silent, "signal")["control 1"] == counts(silent, "signal")["control 2"] == 0
    seen = book(peak, tmp_path, **photon(peak, "Lav", 0.0))
    assert counts(seen, "signal")["signal"] == 0
    assert counts(seen, "normalisation")["normalisation"] == counts(silent, "normalisation")["normalisation"] > 30


def test_the_box_hides_silent_pi0_and_leaves_the_tagged_ones(peak, tmp_path):
    box = Blinding((Box("pi0_invisible"),))
    passing = counts(book(peak, tmp_path), "signal")["signal"]
    silent = columns_of(peak.write(tmp_path / "data.root", truth=False))
    assert box.masked(silent).sum() >= passing
    tagged = columns_of(peak.write(tmp_path / "tagged.root", truth=False, **photon(peak, "Lav", 0.0)))
    assert not box.masked(tagged).any()
    without_trigger = {"trigger_pinunu": np.zeros(EVENTS, bool)}
    assert box.masked(columns_of(peak.write(tmp_path / "other.root", truth=False, **without_trigger))).any()


def test_a_shared_box_is_that_of_the_other_search():
    assert shares_box(PI_X)
    assert "pi_x" not in {box.search for box in current_blinding().boxes}
    assert PI_X.signal is search("pi_nu_nu", "2016-2017").signal
    with pytest.raises(ValueError, match="shares the box of pi_nu_nu and opens with it: unblind pi_nu_nu"):
        write_record(record("pi_x", "2016-2017"))


def test_a_box_that_is_not_the_other_searchs_is_no_way_around_it():
    """A search that names another one as its box but masks other regions would be open without a record."""
    elsewhere = replace(PI_X, signal=PI0.signal)
    with pytest.raises(ValueError, match="cannot share the box of pi_nu_nu"):
        shares_box(elsewhere)
    with pytest.raises(ValueError, match="cannot share the box of pi_x"):
        shares_box(replace(PI0, box_of="pi_x"))


def test_the_scan_lies_in_the_published_ranges_and_in_the_signal_region():
    region = PI_X.signal.region("signal")
    published = [m for m in PI_X.inference.masses if m <= 110 or 154 <= m <= 260]
    assert tuple(published) == PI_X.inference.masses
    outside = [m for m in published if not region.mask(np.array([m**2 + 1.0]))[0]]
    assert outside == [100.0, 105.0, 160.0]  # beside the edges: part of the window is inside
    assert max(published) < MASS_K - 139.57
