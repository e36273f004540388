"""`kaon limits` and `kaon unblind`, on histograms made by hand: control regions first, the box afterwards."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.limits import command as limits
from rarekaon.analysis.cli.unblind import command as unblind
from rarekaon.analysis.execution.store import save
from rarekaon.analysis.processing import blinding
from rarekaon.analysis.results.records import Limits
from rarekaon.analysis.search.channels import search
from tests.hand_made import booked

BLIND = search("pi_ee", "2022")


@pytest.fixture
def stored(tmp_path):
    def store(controls):
        content = {}
        for dataset in ("2016-2018", "2017", "2022"):
            what = search("pi_ee", dataset)
            observed = None if dataset == "2022" else {"signal": (0.0, 0.0)}
            for sample, part in booked(what, observed=observed, controls=controls).samples.items():
                content.setdefault(sample, {}).update(part)
        save(tmp_path / "histograms/pi_ee.zip", content)
        return ["--histograms", str(tmp_path / "histograms"), "--output", str(tmp_path / "limits.json")]

    return store


@pytest.fixture
def masked(tmp_path, monkeypatch):
    """Records of the published data sets, in a directory of the test's own."""
    directory = tmp_path / "unblinding"
    directory.mkdir()
    for path in blinding.unblinding_directory().glob("*.yaml"):
        (directory / path.name).write_text(path.read_text())
    monkeypatch.setattr(blinding, "unblinding_directory", lambda: directory)
    return directory


def opening(tmp_path):
    return [
        "pi_ee", "2022", "--who", "A. Student", "--why", "approved", "--backgrounds", str(tmp_path / "backgrounds.json")
    ]  # fmt: skip


def test_limits_are_written_and_shown(stored, tmp_path):
    result = CliRunner().invoke(limits, stored((9, 2)), catch_exceptions=False)
    assert result.exit_code == 0
    found = Limits.read(tmp_path / "limits.json")
    assert {r.origin for r in found.limits} == {"events", "published"}
    assert "blind" in result.output
    assert "masked" in result.output
    assert "5.3e-11" in result.output
    assert json.loads((tmp_path / "backgrounds.json").read_text())


def test_published_limits_need_no_events(tmp_path):
    result = CliRunner().invoke(limits, ["--origin", "published", "--output", str(tmp_path / "limits.json")])
    assert result.exit_code == 0
    assert len(Limits.read(tmp_path / "limits.json").limits) == 7


def test_limits_without_histograms_say_what_to_do(tmp_path):
    result = CliRunner().invoke(limits, ["--histograms", str(tmp_path), "--output", str(tmp_path / "limits.json")])
    assert result.exit_code != 0
    assert "run `make histograms`" in result.output


def test_the_box_opens_after_the_control_regions_agree(stored, masked, tmp_path):
    early = CliRunner().invoke(unblind, opening(tmp_path))
    assert early.exit_code != 0
    assert "control regions come first" in early.output
    assert CliRunner().invoke(limits, stored((11, 2))).exit_code == 0
    expected = {r["region"]: r["expected"] for r in json.loads((tmp_path / "backgrounds.json").read_text())
                if (r["dataset"], r["mode"]) == ("2022", "total")}  # fmt: skip
    CliRunner().invoke(limits, stored((round(expected["lower"]), round(expected["upper"]))), catch_exceptions=False)
    opened = CliRunner().invoke(unblind, opening(tmp_path), catch_exceptions=False)
    assert opened.exit_code == 0, opened.output
    assert (masked / "pi_ee_2022.yaml").exists()
    assert ("pi_ee", "2022") in {(r.search, r.dataset) for r in blinding.records()}


def test_disagreeing_control_regions_keep_the_box_shut(stored, masked, tmp_path):
    CliRunner().invoke(limits, stored((10_000, 2)))
    refused = CliRunner().invoke(unblind, opening(tmp_path))
    assert refused.exit_code != 0
    assert "the box stays masked" in refused.output
    assert not (masked / "pi_ee_2022.yaml").exists()
