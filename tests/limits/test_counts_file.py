"""`kaon limit --input`: several channels in a file, and the same numbers as the functions give."""

import json

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.limit import command
from rarekaon.analysis.limits.counts_file import CountsFile, results_of
from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.combination import Channel, combined_limit

TWO = """
methods: [cls, bayes, rolke]
shared_ses_error: 0.03
channels:
  "2017":
    observed: 0
    ses: {value: 0.94e-10, error: 0.01e-10}
    backgrounds:
      a: {expected: 0.12, error: 0.02, prior: gamma_posterior, shared: {misid: 0.02}}
      b: {expected: 0.04}
  "2018":
    observed: 1
    ses: {value: 0.4e-10}
    backgrounds:
      a: {expected: 0.5, error: 0.1, error_down: 0.05, prior: truncated_gaussian}
      b: {expected: 0.3, shared: {misid: 0.05}}
"""


def written(tmp_path, text):
    path = tmp_path / "counts.yaml"
    path.write_text(text)
    return path


def test_two_channels_with_what_they_share(tmp_path):
    result = CliRunner().invoke(command, ["--input", str(written(tmp_path, TWO))])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    expected = combined_limit(
        [
            Channel(
                0, [Background(0.12, 0.02, "gamma_posterior"), Background(0.04)], 0.94e-10, 0.01e-10, (("misid", 0.02),)
            ),
            Channel(
                1, [Background(0.5, 0.1, "truncated_gaussian", 0.05), Background(0.3)], 0.4e-10, 0.0, (("misid", 0.05),)
            ),
        ],
        shared_ses_error=0.03,
    )
    assert found["combined"]["upper_limit"] == pytest.approx(expected.upper_limit)
    assert set(found["channels"]["2018"]["upper_limit"]) == {"cls", "bayes", "rolke"}
    scan = found["channels"]["2018"]["cls_scan"]
    assert scan["cls"][20] == pytest.approx(0.1, abs=1e-6)
    assert scan["branching_fraction"][20] == pytest.approx(found["channels"]["2018"]["upper_limit"]["cls"])
    assert found["channels"]["2018"]["least_coverage"]["rolke"] < 0.9
    assert found["provenance"]
    combined = found["combined"]
    assert combined["cls_scan"]["cls"][20] == pytest.approx(0.1, abs=1e-6)
    assert combined["interval"]["low"] <= combined["interval"]["value"] < combined["interval"]["high"]
    assert 0.1 < combined["p_value"] < 1


def test_the_scans_are_drawn(tmp_path):
    path, figure = written(tmp_path, TWO), tmp_path / "scans.svg"
    assert CliRunner().invoke(command, ["--input", str(path), "--figure", str(figure)]).exit_code == 0
    assert "combined" in figure.read_text()


def test_one_channel_is_the_single_limit(tmp_path):
    text = "channels: {a: {observed: 3, ses: {value: 2.0, error: 0.2}, backgrounds: {x: {expected: 1.5}}}}"
    found = results_of(CountsFile.read(written(tmp_path, text)))
    single = upper_limit(3, Background(1.5), ses=2.0, ses_error=0.2).upper_limit
    assert found["channels"]["a"]["upper_limit"]["cls"] == pytest.approx(single)
    assert found["combined"]["upper_limit"] == pytest.approx(single, rel=1e-6)


def test_expected_only(tmp_path):
    found = results_of(CountsFile.read(written(tmp_path, "channels: {a: {backgrounds: {x: {expected: 1.5}}}}")))
    assert found["channels"]["a"]["upper_limit"] == {}
    assert len(found["channels"]["a"]["expected_upper_limit"]["cls"]) == 5
    assert found["combined"] is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("channels: {}", "channels"),
        ("channels: {a: {observed: -1}}", "channels.a.observed"),
        ("channels: {a: {observed: 1.5}}", "channels.a.observed"),
        ("channels: {a: {observd: 1}}", "channels.a.observd"),
        ("channels: {a: {ses: {value: .nan}}}", "channels.a.ses.value"),
        ("channels: {a: {backgrounds: {x: {expected: 1, prior: guess}}}}", "channels.a.backgrounds.x.prior"),
        ("channels: [", "no YAML"),
        ("[1, 2]", "counts.yaml"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, place):
    with pytest.raises(ArgumentError, match=place):
        CountsFile.read(written(tmp_path, text))


def test_the_schema_is_shown():
    schema = json.loads(CliRunner().invoke(command, ["--schema"]).output)
    assert schema["additionalProperties"] is False
    assert "channels" in schema["required"]


def test_a_workspace_on_the_command_line(tmp_path):
    from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace, write_workspace

    path = tmp_path / "w.json"
    write_workspace(path, workspace([RegionCounts("signal", 3, (Sample("x", 1.5),), 0.5)]))
    found = json.loads(CliRunner().invoke(command, ["--workspace", str(path), "--json"]).output)
    assert found["upper_limit"] == pytest.approx(2 * upper_limit(3, Background(1.5)).signal_events, rel=1e-5)
    path.write_text("{}")
    assert "workspace" in CliRunner().invoke(command, ["--workspace", str(path)]).output
