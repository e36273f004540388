"""`kaon run` from files to histogram files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rarekaon.analysis.cli.run import command
from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import searches
from tests.toy_events import write_toy_file

SEARCH = next(iter(searches()))


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy files for every sample of a search, under the names that `kaon simulate` gives them."""
    place = tmp_path_factory.mktemp("samples")
    names = dict.fromkeys(sample for search in searches()[SEARCH] for sample in search.samples.all)
    for number, name in enumerate(names):
        if (sample := catalogue().simulation.get(name)) is None:
            write_toy_file(place / f"{name}.root", 60, seed=number + 1)
        else:
            write_toy_file(place / f"{name}.root", 60, seed=sample.seed, truth=True, decay=mode(sample.decay).code)
    return place


def kaon_run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture(scope="session")
def written(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("histograms")
    result = kaon_run(SEARCH, "--samples", samples, "--output", output, "--backend", "iterative")
    assert result.exit_code == 0
    simulated = sum(path.stem in catalogue().simulation for path in samples.iterdir())
    assert f"{60 * simulated} simulated events and all data" in result.output
    return output


def test_one_file_a_search_and_the_record(written: Path) -> None:
    assert sorted(p.name for p in written.iterdir()) == [f"{SEARCH}.zip", "pieces.log", "run.json"]


def test_histograms_carry_the_exposure_of_their_sample(written: Path, samples: Path) -> None:
    content = load(written / f"{SEARCH}.zip")
    assert sorted(content) == sorted(p.stem for p in samples.iterdir())
    for name, sample in content.items():
        assert sample["exposure"]["events"] == (60 if name in catalogue().simulation else 0)
        assert sample["exposure"]["generated"] == (600 if name in catalogue().simulation else 0)


def test_the_record_says_what_was_read(written: Path, samples: Path) -> None:
    record = json.loads((written / "run.json").read_text())
    files = list(samples.iterdir())
    assert record["searches"] == [SEARCH]
    assert record["closure"]["events"] == 60 * sum(path.stem in catalogue().simulation for path in files)
    assert {i["name"] for i in record["provenance"]["inputs"]} == {p.name for p in files}
    assert record["provenance"]["volatile"]["backend"] == "iterative"


def test_two_runs_write_the_same_bytes(written: Path, samples: Path, tmp_path: Path) -> None:
    kaon_run(SEARCH, "--samples", samples, "--output", tmp_path, "--workers", "2")
    assert (tmp_path / f"{SEARCH}.zip").read_bytes() == (written / f"{SEARCH}.zip").read_bytes()


def test_a_dry_run_lists_the_files_and_writes_nothing(samples: Path, tmp_path: Path) -> None:
    result = kaon_run(SEARCH, "--samples", samples, "--output", tmp_path / "out", "--dry-run")
    assert all(str(path) in result.output for path in samples.iterdir())
    assert not (tmp_path / "out").exists()


def test_a_dry_run_on_a_batch_system_prints_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "distributed.cli.dask_worker" in kaon_run("--backend", "slurm", "--dry-run").output


def test_an_unknown_search() -> None:
    result = kaon_run("pi_pi", "--backend", "iterative")
    assert result.exit_code == 2
    assert f"unknown search pi_pi: there are {SEARCH}" in result.output
