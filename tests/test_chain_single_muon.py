"""The single-muon searches from simulated events to limits, on the quick samples that `make limits QUICK=1` writes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.limits.response import Response
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.blinding import Blinding, Box
from rarekaon.analysis.results.records import Limits
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.pseudo_data import QUICK
from tests.reading import columns_of
from tests.test_chain import RESULTS, SAMPLES

NAMES = ("mu_n", "mu_nu_x_scalar", "mu_nu_x_vector", "mu_nu_nu_nu")


@pytest.fixture(scope="module")
def records():
    path = RESULTS / "limits.json"
    assert path.exists(), "run `make limits QUICK=1` first (`make test` does)"
    found = [r for r in Limits.read(path).limits if r.search in NAMES and r.origin == "events"]
    assert {r.search for r in found} == set(NAMES)
    return found


@pytest.fixture(scope="module")
def columns():
    return {s["search"]: s["columns"] for s in json.loads((RESULTS / "scans.json").read_text())["rows"]}


def test_acceptance_and_kaon_decays_are_those_of_the_paper(records):
    paper = all_published()["mu_nu_nu_nu", "2016-2018"]
    for r in records:
        assert r.acceptance_normalisation == pytest.approx(paper.normalisation.acceptance.value, rel=0.10)
        assert r.kaon_decays == pytest.approx(QUICK * paper.kaon_decays.value, rel=0.15)
    (counting,) = [r for r in records if r.search == "mu_nu_nu_nu"]
    assert counting.acceptance_signal == pytest.approx(paper.acceptance_signal.value, rel=0.15)
    expected = 1 / (QUICK * paper.kaon_decays.value * paper.acceptance_signal.value)
    assert counting.single_event_sensitivity == pytest.approx(expected, rel=0.3)


def test_the_simulated_signal_and_the_reweighted_response_agree():
    """K+ -> mu+ nu nu nu simulated on its own, against the uniform sample weighted with its mass spectrum."""
    signal = search("mu_nu_nu_nu", "2016-2018")
    own = SearchHistograms(signal, load(RESULTS / "histograms/mu_nu_nu_nu.zip"))
    direct = own.acceptance("mu_nu_nu_nu", signal.signal, "signal")
    response = Response.of(SearchHistograms(search("mu_n", "2016-2018"), load(RESULTS / "histograms/mu_n.zip")))
    reweighted = response.spectrum_above("K+ -> mu+ nu nu nu", None, np.sqrt([0.1e6]))[0]
    assert reweighted == pytest.approx(direct.value, abs=4 * direct.error + 0.02 * direct.value)


def test_resolution_shrinks_towards_the_end_and_limits_are_of_the_published_order(columns):
    heavy = columns["mu_n"]
    assert len(heavy["resolution"]) == 269
    assert (np.diff(heavy["resolution"]) < 0).all()
    assert heavy["resolution"][0] == pytest.approx(2.8, abs=0.3)
    assert heavy["resolution"][-1] < 0.35
    # ten times fewer kaons: about three times weaker than 1e-8
    expected = np.array(heavy["expected_+0_sigma"])
    assert 1e-8 < np.median(expected) < 1e-7
    assert np.max(heavy["significance"]) < 4


def test_mediators_lie_between_the_published_orders_and_scalars_are_stronger(columns):
    scalar, vector = (np.array(columns[f"mu_nu_x_{kind}"]["expected_+0_sigma"]) for kind in ("scalar", "vector"))
    assert len(scalar) == len(vector) == 37
    # equal where phase space leaves one mass
    assert (scalar < 1.03 * vector).all()
    assert (scalar[:30] < vector[:30]).all()
    assert 1e-6 < vector[0] < 1e-4
    assert 1e-8 < scalar[-1] < 1e-6


def test_shut_boxes_leave_the_normalisation_of_other_searches_alone():
    """The muons of K+ -> pi+ mu+ mu- point at invisible masses in the boxes, but are not alone."""
    columns = columns_of(SAMPLES / "data_2017_dimuon.root", "data_2017_dimuon")
    masked = Blinding(tuple(Box(name) for name in NAMES)).masked(columns)
    found = three_track_vertices(columns)
    assert len(found) > 500
    assert masked[found.event].mean() < 0.01
