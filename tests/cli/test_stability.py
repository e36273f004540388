"""`kaon stability`, on the small samples."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from rarekaon.analysis.cli.stability import command

SAMPLES = Path(__file__).resolve().parents[2] / "samples/quick"


def run(place, *arguments):
    return CliRunner().invoke(
        command, [*arguments, "--backend", "iterative", "--samples", str(SAMPLES), "--output", str(place)]
    )


def test_one_command_draws_and_writes(tmp_path):
    result = run(tmp_path, "pi_ee", "2017", "--cut", "vertex_z:low=105,112", "--periods")
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "stability_pi_ee_2017.json").read_text())
    assert [p["value"] for p in content["points"] if p["quantity"] == "vertex_z"] == [105000.0, 112000.0]
    assert {p["end"] for p in content["points"] if p["quantity"] == "period"} == {"2017A"}
    assert "largest change of N_K" in result.output
    assert "low end at 112 m" in " ".join(result.output.split())
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_an_unknown_cut_is_named(tmp_path):
    result = run(tmp_path, "pi_ee", "2017", "--cut", "nothing")
    assert "has no cut on 'nothing'" in str(result.exception)
