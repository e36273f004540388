"""Two runs side by side: all that differs, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rarekaon.analysis.cli.main import main
from tests.results_by_hand import made_by_hand


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("runs")
    return made_by_hand(place / "a"), made_by_hand(place / "b", controls=(11, 2), code="b")


def compared(a: Path, b: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, str]]]:
    assert main(["compare", str(a), str(b), "--json"]) == 0
    found: dict[str, list[dict[str, str]]] = json.loads(capsys.readouterr().out)
    return found


def test_a_run_does_not_differ_from_itself(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(compared(runs[0], runs[0], capsys).values())


def test_what_was_changed_is_all_that_is_listed(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Two more events of data in a control region: code, region and cutflow differ, no limit does."""
    found = compared(*runs, capsys)
    assert found["made_of"] == [{"what": "code", "A": "a", "B": "b"}]
    assert found["limits"] == []
    assert {(r["region"], r["mode"], r["A"], r["B"]) for r in found["regions"]} == {
        ("lower", "total", "9.0000", "11.000")
    }
    assert {(r["selection"], r["A"], r["B"]) for r in found["cutflows"]} == {("signal", "11.000", "13.000")}


def test_tables_are_shown(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *map(str, runs)]) == 0
    assert "Regions that differ" in capsys.readouterr().out


def test_what_is_no_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 1
    assert "limits.json is not there" in capsys.readouterr().err
