"""The whole chain on small samples, as `make limits QUICK=1` leaves it: `make test` runs that first."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis import simulation
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.published import published
from rarekaon.analysis.limits.from_events import limit_from_events, normalise
from rarekaon.analysis.limits.inference import limits_from_events
from rarekaon.analysis.limits.resolutions import gaussian_core
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.results.records import Limits
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.pseudo_data import QUICK
from rarekaon.analysis.statistics import Background, significance
from tests.processors import plain
from tests.reading import columns_of
from tests.selecting import selected

ROOT = Path(__file__).resolve().parents[1]
SAMPLES, RESULTS = ROOT / "samples/quick", ROOT / "results/quick"
PUBLISHED = [("pi_ee", "2016-2018"), ("pi_ee", "2017")]


@pytest.fixture(scope="module")
def limits() -> Limits:
    path = RESULTS / "limits.json"
    assert path.exists(), "run `make limits QUICK=1` first (`make test` does)"
    return Limits.read(path)


@pytest.fixture(scope="module")
def store():
    return load(RESULTS / "histograms/pi_ee.zip")


def record(limits, name, dataset, origin="events"):
    (found,) = [r for r in limits.limits if (r.search, r.dataset, r.origin) == (name, dataset, origin)]
    return found


def test_the_contract_of_limits_json(limits):
    content = json.loads((RESULTS / "limits.json").read_text())
    assert content["confidence_level"] == 0.9
    wanted = {
        "search", "dataset", "origin", "kaon_decays", "kaon_decays_error", "acceptance_signal",
        "acceptance_normalisation", "single_event_sensitivity", "single_event_sensitivity_error", "background",
        "background_error", "observed", "upper_limit", "upper_limit_at_published_count", "expected_upper_limit",
        "published_upper_limit", "quantity", "unit",
    }  # fmt: skip
    for row in content["limits"]:
        assert wanted <= set(row)
        assert len(row["expected_upper_limit"]) == 5
        assert row["origin"] in {"events", "published"}
    assert {"versions", "code", "datasets"} <= set(content["provenance"])


@pytest.mark.parametrize(("name", "dataset"), PUBLISHED)
def test_the_published_sensitivity_and_limit_come_out_of_the_events(limits, name, dataset):
    """Small pseudo-data hold a tenth of the kaon decays, so sensitivity and limit are ten times weaker."""
    found, paper = record(limits, name, dataset), published(name, dataset)
    assert found.single_event_sensitivity * QUICK == pytest.approx(paper.single_event_sensitivity.value, rel=0.2)
    assert found.upper_limit_at_published_count * QUICK == pytest.approx(paper.upper_limit.value, rel=0.2)
    assert found.acceptance_signal == pytest.approx(paper.acceptance_signal.value, rel=0.2)
    assert found.acceptance_normalisation == pytest.approx(paper.normalisation.acceptance.value, rel=0.2)


@pytest.mark.parametrize(("name", "dataset"), PUBLISHED)
def test_kaon_decays_are_those_the_data_were_made_of(store, name, dataset):
    decays, contamination = normalise(SearchHistograms(search(name, dataset), store))
    made = QUICK * conditions().kaon_decays(dataset, ("MT", "eMT"))
    assert abs(decays.value - made) < 3 * math.hypot(decays.stat, decays.syst)  # the branching fraction is exact here
    assert contamination < 0.01


@pytest.mark.parametrize("sample", ["pi_ee_sm", "pi_ee_lnv"])
def test_masses_peak_at_the_kaon_mass_with_the_published_resolution(store, sample):
    s = search("pi_ee", "2016-2018")
    spectrum = store[sample]["2016-2018"]["normalisation" if sample == "pi_ee_sm" else "signal"]["m_piee"]
    centres, values = spectrum.axes[0].centers, spectrum.values()
    near = np.abs(centres - 493.7) < 5
    mean = np.average(centres[near], weights=values[near])
    width = math.sqrt(np.average((centres[near] - mean) ** 2, weights=values[near]))
    assert mean == pytest.approx(493.677, abs=0.5)
    assert width == pytest.approx(published("pi_ee", s.dataset).resolutions["mass_pi_ee"].value, rel=0.15)


def test_the_neutral_vertex_has_nearly_the_published_resolution():
    """It is a quarter better than published, and the comparison says so: here only that it is no more."""
    booked = load(RESULTS / "histograms/pi_pi0_ee.zip")["pi_pi0_ee_lnv"]["2016-2018"]["signal"]
    of_paper = published("pi_pi0_ee", "2016-2018").resolutions
    width, error = gaussian_core(booked["resolution neutral_vertex_z"])
    assert (
        abs(1000 * width - of_paper["neutral_vertex_z"].value) < 0.3 * of_paper["neutral_vertex_z"].value + 3000 * error
    )
    assert booked["regions"]["signal"].value > 100 * booked["regions"]["control"].value


def test_the_blind_data_set_shows_no_count(limits, store):
    found = record(limits, "pi_ee", "2022")
    assert found.observed is None
    assert found.upper_limit is None
    regions = store["data_2022"]["2022"]["signal"]["regions"]
    assert regions["signal"].value == regions["masked"].value == 0
    rows = json.loads((RESULTS / "backgrounds.json").read_text())["rows"]
    observed = {r["region"]: r["observed"] for r in rows if (r["dataset"], r["mode"]) == ("2022", "total")}
    assert observed["signal"] is None
    assert observed["masked"] is None
    assert observed["lower"] is not None


def test_a_sample_is_the_same_whatever_the_number_of_workers(tmp_path):
    for workers in (1, 2):
        simulation.simulate("pi_ee_sm", tmp_path / f"{workers}.root", quick=True, workers=workers)
    one, two = (columns_of(tmp_path / f"{workers}.root") for workers in (1, 2))
    assert len(one) == len(two)
    for name in ("momentum", "slope_x", "lkr_energy", "rich_log_e"):
        np.testing.assert_array_equal(one.flat("Track", name), two.flat("Track", name))
    np.testing.assert_array_equal(one.event("truth_weight"), two.event("truth_weight"))


def test_histograms_and_limits_are_the_same_under_every_backend(store):
    needed = list(dict.fromkeys(n for s in search_datasets() for n in s.samples.all))
    result = run(
        SearchProcessor(("pi_ee",)), fileset(needed, SAMPLES), backend=Backend("iterative"), chunk_size=100_000,
        progress=False,
    )  # fmt: skip
    booked = {s: {**c, "exposure": result.exposure(s).as_numbers()} for s, c in result.output["pi_ee"].items()}
    assert limits_from_events({"pi_ee": booked}) == limits_from_events({"pi_ee": store})
    for sample, content in result.output["pi_ee"].items():
        for dataset, selections in content.items():
            for name, histograms in selections.items():
                for key, histogram in histograms.items():
                    assert histogram == store[sample][dataset][name][key]


def test_an_injected_signal_is_found(limits, store, tmp_path):
    """Ten times the sensitivity: about ten events in the signal region, and a limit that says so."""
    sensitivity = record(limits, "pi_ee", "2016-2018").single_event_sensitivity
    simulation.simulate(
        "data_2016_2018", tmp_path / "data_2016_2018.root", quick=True, workers=2,
        inject={"K+ -> pi- e+ e+": 10 * sensitivity},
    )  # fmt: skip
    data = {"data_2016_2018": [str(tmp_path / "data_2016_2018.root")]}
    result = run(SearchProcessor(("pi_ee",)), data, backend=Backend("iterative"), progress=False)
    exposure = result.exposure("data_2016_2018").as_numbers()
    injected = {**store, "data_2016_2018": {**result.output["pi_ee"]["data_2016_2018"], "exposure": exposure}}
    found, _ = limit_from_events(SearchHistograms(search("pi_ee", "2016-2018"), injected))
    assert 3 <= found.observed <= 20
    assert found.upper_limit > 2 * record(limits, "pi_ee", "2016-2018").upper_limit
    assert (
        significance(found.observed, Background(found.background, found.background_error, "truncated_gaussian")).sigmas
        > 3
    )


def search_datasets():
    return [search("pi_ee", dataset) for dataset in ("2016-2018", "2017", "2022")]


@pytest.mark.parametrize(("sample", "signal"), [("pi_ee_lnv", True), ("pi_ee_sm", False)])
@pytest.mark.parametrize("dataset", ["2016-2018", "2017"])
def test_plain_python_selects_exactly_the_same_events(sample, signal, dataset):
    """20 000 events and more over the four cases; the selection written again from the text of the papers."""
    selection = search("pi_ee", dataset).signal if signal else search("pi_ee", dataset).normalisation
    check_against_plain(sample, selection, partial(plain.pi_ee, signal=signal, year=dataset), 6000, 800)


def test_plain_python_selects_exactly_the_same_events_with_a_pi0():
    check_against_plain("pi_pi0_ee_lnv", search("pi_pi0_ee", "2016-2018").signal, plain.pi_pi0_ee, 24_000, 500)


def check_against_plain(sample, selection, mass_of, events, at_least):
    """The first `events` of a sample: the same ones chosen, with the same mass."""
    path = SAMPLES / f"{sample}.root"
    columns = columns_of(path, sample, entry_start=0, entry_stop=events)
    expected = {
        row: mass for row, event in enumerate(plain.events_of(path, 0, events)) if (mass := mass_of(event)) is not None
    }
    c = selected(selection, columns)
    assert len(c) > at_least
    assert dict(zip(c.event.tolist(), selection.observable.of(c).tolist(), strict=True)) == pytest.approx(expected)
