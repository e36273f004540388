"""Workspaces are valid HistFactory and say what was put in."""

import json

import pytest

from rarekaon.analysis.statistics import ArgumentError
from rarekaon.analysis.statistics.pyhf_check import expected_events, validate
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace, write_workspace

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
    assert modifiers == {"mu", "branching fraction", "candidates", "misid", "statistics pi0D e nu signal"}
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
