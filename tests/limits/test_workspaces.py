"""Workspaces from events load in pyhf and hold the counts they were made from."""

import pyhf
import pytest

from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.limits.backgrounds import BackgroundRow, total_row
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.from_publications import recomputed_limit
from rarekaon.analysis.limits.workspaces import (
    _systematics,
    events_export,
    published_export,
    total_error,
    unit_of,
)
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search, searches
from rarekaon.analysis.statistics.hybrid import workspace_limit
from rarekaon.analysis.statistics.normalisation import Measurement
from tests.hand_made import booked


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyhf's use of jsonschema
@pytest.mark.parametrize("dataset", ["2016-2018", "2022"])
def test_events_make_a_valid_workspace(dataset):
    made = booked(search("pi_ee", dataset), observed={"signal": (1.0, 1.0)})
    record, rows = limit_from_events(made)
    workspace = pyhf.Workspace(events_export(made).workspace())
    model = workspace.model()
    assert workspace.channels == ["lower", "signal", "upper"]
    parameters = model.config.suggested_init()
    parameters[model.config.poi_index] = 0.0
    expected = dict(zip(model.config.channels, model.expected_actualdata(parameters), strict=True))
    for region in workspace.channels:
        assert expected[region] == pytest.approx(total_row(rows, region).expected, abs=1e-5)
    parameters[model.config.poi_index] = 1.0
    unit = unit_of(Measurement(record.single_event_sensitivity))
    signal = model.expected_actualdata(parameters)[model.config.channels.index("signal")] - expected["signal"]
    assert signal == pytest.approx(unit / record.single_event_sensitivity, rel=1e-6)
    observed = workspace.observations["signal"][0]
    assert observed == (round(total_row(rows, "signal").expected) if dataset == "2022" else 1.0)


def test_correlated_errors_share_a_name():
    channels = {c["name"]: c for c in events_export(booked()).workspace()["channels"]}
    names = [
        modifier["name"]
        for sample in channels["signal"]["samples"]
        for modifier in sample["modifiers"]
        if modifier["type"] == "histosys"
    ]
    assert names.count("eminus_to_piminus_misidentification") == 2


def test_a_systematic_error_stands_on_its_sample_and_nowhere_else():
    """Samples of one decay in two parts, as decays upstream: the error of one is not the other's."""
    for found in (s for every in searches().values() for s in every):
        modes = {catalogue().simulation[s].mode: s for s in found.samples.backgrounds}
        for sample in (*found.samples.backgrounds, *{name for s in found.systematics for name in s.samples}):
            mode = next((m for m, s in modes.items() if s == sample), sample)
            row = BackgroundRow(found.name, found.dataset, "signal", mode, 2.0, 0.0, 0.0, sample=sample)
            exported = dict(_systematics(found, row))
            declared = {s.name: 2.0 * s.relative for s in found.systematics if sample in s.samples}
            assert exported == pytest.approx(declared)


@pytest.mark.parametrize("key", [k for k, paper in all_published().items() if paper.count is not None])
def test_the_published_workspace_has_the_background_of_the_limit(key):
    paper = all_published()[key]
    exported = published_export(paper)
    (region,) = exported.regions
    assert sum(s.expected for s in region.samples) == pytest.approx(paper.count.expected, abs=0.02)
    assert total_error(region.samples) == pytest.approx(paper.count.error, rel=1e-6)
    engine = recomputed_limit(paper).upper_limit
    found = workspace_limit(exported.workspace()).upper_limit * exported.unit
    assert found == pytest.approx(engine, rel=0.02)


def test_a_region_where_nothing_is_expected_is_left_out():
    made = booked(observed={"signal": (1.0, 1.0)})
    for sample in made.search.samples.backgrounds:
        made.samples[sample][made.search.dataset]["signal"]["regions"]["upper"] = [0.0, 0.0]
    assert {c["name"] for c in events_export(made).workspace()["channels"]} == {"lower", "signal"}
