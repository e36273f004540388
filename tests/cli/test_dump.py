"""`kaon dump`: tables, figures and data; a model of the user's own; wrong calls."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.dump import command

MINE = """
from dataclasses import replace
from rarekaon.analysis.dump.benchmarks import MODELS
MODEL = replace(MODELS["dark_photon"], name="mine", production=MODELS["dark_photon"].production[:1])
NUMBER = 3
"""


def run(place, *arguments):
    return CliRunner().invoke(command, ["--output", str(place / "dump.json"), "--particles", "2000", *arguments])


def test_contours_of_a_model(tmp_path):
    result = run(tmp_path, "alp", "--mass", "100", "--mass", "900", "--protons", "1e18")
    assert result.exit_code == 0, result.output
    assert "none" in result.output
    (contour,) = json.loads((tmp_path / "dump.json").read_text())["contours"]
    assert (contour["model"], contour["protons"], contour["mode"], contour["events"]) == (
        "alp",
        1e18,
        "gamma gamma",
        2.3,
    )
    assert contour["masses"] == [100.0, 900.0]
    assert contour["low"][0] == pytest.approx(1.24e-6, rel=0.3)
    assert contour["high"][1] is None
    assert (tmp_path / "dump/alp.png").stat().st_size > 10_000


def test_a_model_of_ones_own(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    result = run(tmp_path, "--model", f"{tmp_path}/mine.py:MODEL", "--mass", "50", "--protons", "1e18")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "dump.json").read_text())["contours"]
    assert {c["model"] for c in found} == {"mine"}


def test_wrong_calls_say_what_to_do(tmp_path):
    (tmp_path / "mine.py").write_text("NUMBER = 3\n")
    assert "unknown model axion: there are alp, dark_photon" in run(tmp_path, "axion").output
    assert "must be above zero" in run(tmp_path, "alp", "--protons", "-1").output
    assert "must be above zero" in run(tmp_path, "alp", "--mass", "0").output
    assert "is no Model but int" in run(tmp_path, "--model", f"{tmp_path}/mine.py:NUMBER").output
    assert "has no model 'MODEL'" in run(tmp_path, "--model", f"{tmp_path}/mine.py:MODEL").output
    assert "with a file that exists" in run(tmp_path, "--model", "nowhere.py:MODEL").output
    assert not (tmp_path / "dump.json").exists()
