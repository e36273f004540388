"""Workspaces are valid HistFactory and say what was put in."""

import json
import re

import pytest

from rarekaon.analysis.statistics import ArgumentError
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, about, workspace, write_workspace
from tests.statistics.with_pyhf import expected_events, validate

REGIONS = (
    RegionCounts(
        "lower",
        8,
        (Sample("K3pi", 0.9), Sample("Ke4", 3.3), Sample("pi0D e nu", 3.7, systematics=(("misid", 0.7),))),
    ),
    RegionCounts(
        "signal",
        0,
        (Sample("pi0D e nu", 0.29, 0.02, (("misid", 0.06),)), Sample("e nu e e", 0.14, 0.0, (("misid", 0.03),))),
        0.44,
    ),
)


def test_valid_with_named_modifiers_shared_between_regions():
    content = workspace(REGIONS, [("branching fraction", 0.03), ("candidates", 0.0095)])
    validate(content)
    modifiers = {m["name"] for c in content["channels"] for s in c["samples"] for m in s["modifiers"]}
    assert modifiers == {"mu", "branching_fraction", "candidates", "misid", "statistics_pi0D_e_nu_signal"}
    assert all(re.fullmatch(r"\w+", name) for name in modifiers)
    assert content["measurements"][0]["config"]["poi"] == "mu"


def test_expected_events_are_those_of_the_regions():
    content = workspace(REGIONS)
    assert expected_events(content, 0.0) == pytest.approx({"lower": 7.9, "signal": 0.43})
    assert expected_events(content, 3.0)["signal"] == pytest.approx(0.43 + 3 * 0.44)


def test_written_file_is_the_same_workspace(tmp_path):
    content = workspace(REGIONS)
    write_workspace(tmp_path / "w.json", content)
    assert json.loads((tmp_path / "w.json").read_text()) == content


def test_bad_input():
    with pytest.raises(ArgumentError, match="signal"):
        workspace(REGIONS[:1])
    with pytest.raises(ArgumentError, match="observed"):
        RegionCounts("x", -1, ())
    with pytest.raises(ArgumentError, match="relative"):
        Sample("x", 0.0, stat=0.1)
    with pytest.raises(ArgumentError, match="stat"):
        Sample("x", 1.0, stat=-0.1)
    with pytest.raises(ArgumentError, match="samples"):
        workspace([RegionCounts("empty", 0, ()), REGIONS[1]])
    with pytest.raises(ArgumentError, match="highest_mu"):
        workspace(REGIONS, highest_mu=0.0)


def test_two_names_that_become_one_are_refused():
    with pytest.raises(ArgumentError, match="one name"):
        workspace([RegionCounts("a", 1, (Sample("x y", 1.0), Sample("x.y", 1.0)), 1.0)])


def test_a_gaussian_error_is_linear_and_ends_where_its_sample_vanishes():
    content = workspace([RegionCounts("a", 1, (Sample("x", 2.0, systematics=(("big", 1.6),)),), 1.0)])
    (modifier,) = content["channels"][0]["samples"][1]["modifiers"]
    assert modifier["data"] == {"hi_data": [3.6], "lo_data": [pytest.approx(0.4)]}
    big = next(p for p in content["measurements"][0]["config"]["parameters"] if p["name"] == "big")
    assert big["bounds"] == [[pytest.approx(-1.25), 5.0]]


def test_about_says_whether_asymptotics_holds():
    few = about(REGIONS, [], 1e-11, "w.json")
    assert "does not hold" in few["asymptotics"]
    assert few["limit"] == "kaon limit --workspace w.json --toys 100000"
    many = about([RegionCounts("a", 60, (Sample("x", 55.0),), 1.0)], [], 1e-11, "w.json")
    assert many["asymptotics"] == "holds"
    assert many["names"] == {"a": "a", "x": "x"}
