"""Two runs side by side: all that differs, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
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


def with_candidates(run: Path, place: Path, *rows: tuple[str, int, int]) -> Path:
    """A copy of a run with saved candidates: sample, event, cuts that fail."""
    shutil.copytree(run, place)
    samples, events, failed = zip(*rows, strict=True)
    table = pa.table(
        {"sample": samples, "run": [8000] * len(rows), "burst": [3] * len(rows), "event": events, "failed": failed}
    )
    (place / "histograms/candidates").mkdir()
    pq.write_table(table, place / "histograms/candidates/pi_ee_2016-2018_signal.parquet")
    return place


def test_events_that_pass_in_one_run_alone_are_named(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of data: one that fails a cut in the second run, one that only the first has; simulated events move unsaid."""
    data, simulated = "data_2016_2018", "pi_ee_sm"
    first = ((data, 1, 0), (data, 2, 0), (data, 3, 0), (data, 4, 1), (simulated, 9, 0))
    a = with_candidates(runs[0], tmp_path / "a", *first)
    b = with_candidates(runs[0], tmp_path / "b", (data, 1, 0), (data, 2, 1), (data, 4, 0), (simulated, 9, 1))
    found = compared(a, b, capsys)
    assert [(row["event"], row["passes in"]) for row in found["events"]] == [("2", "A"), ("3", "A"), ("4", "B")]
    assert {(row["selection"], row["run"], row["burst"]) for row in found["events"]} == {
        ("pi_ee_2016-2018_signal", "8000", "3")
    }
    assert found["limits"] == []
