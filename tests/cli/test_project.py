"""`kaon project`, from a limits file made by hand."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.project import command
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.results.records import Limits, write_json
from rarekaon.analysis.search.channels import search
from tests.hand_made import booked


@pytest.fixture
def limits(tmp_path):
    found = [limit_from_events(booked(search("pi_ee", dataset)))[0] for dataset in ("2016-2018", "2022")]
    write_json(tmp_path / "limits.json", Limits(confidence_level=0.9, limits=tuple(found)))
    return tmp_path


def run(place, *arguments):
    return CliRunner().invoke(
        command, ["--limits", str(place / "limits.json"), "--output", str(place / "out"), *arguments]
    )


def test_figures_and_numbers_of_every_search(limits):
    result = run(limits, "--points", "3", "--times", "10")
    assert result.exit_code == 0, result.output
    content = json.loads((limits / "out/projections.json").read_text())
    assert [(p["search"], p["dataset"]) for p in content["projections"]] == [("pi_ee", "2016-2018"), ("pi_ee", "2022")]
    for projection in content["projections"]:
        decays = [p["kaon_decays"] for p in projection["points"]]
        assert decays[0] == pytest.approx(projection["kaon_decays"] / 2)
        assert decays[-1] == pytest.approx(projection["kaon_decays"] * 10)
        assert (limits / f"out/pi_ee_{projection['dataset']}_events.png").stat().st_size > 10_000


def test_wrong_calls_say_what_to_do(limits, tmp_path):
    assert "unknown search pi_ex" in run(limits, "pi_ex").output
    assert "no counting limit from published" in run(limits, "--origin", "published").output
    (tmp_path / "empty").mkdir()
    assert "run `make limits` first" in run(tmp_path / "empty").output
