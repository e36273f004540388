"""Names of the catalogue to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.facts.models import DataFiles
from rarekaon.analysis.search.catalogue import catalogue

SIMULATED = next(iter(catalogue().simulation))
PSEUDO = next(iter(catalogue().pseudo_data))


@pytest.fixture(autouse=True)
def with_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The catalogue and a sample "real" of files in the directory of the test."""
    files = DataFiles(files=(f"{tmp_path}/b*.root", "root://far/away.root"), dataset="2022")
    content = catalogue().model_copy(update={"data": {"real": files}})
    monkeypatch.setattr("rarekaon.analysis.execution.fileset.catalogue", lambda: content)


def test_made_samples_are_in_the_directory(tmp_path: Path) -> None:
    for name in (SIMULATED, PSEUDO):
        (tmp_path / f"{name}.root").touch()
    assert fileset([PSEUDO, SIMULATED, PSEUDO], tmp_path) == {
        PSEUDO: (f"{tmp_path}/{PSEUDO}.root",),
        SIMULATED: (f"{tmp_path}/{SIMULATED}.root",),
    }


def test_patterns_are_expanded_in_order(tmp_path: Path) -> None:
    for name in ("b2", "b10", "b1", "c1"):
        (tmp_path / f"{name}.root").touch()
    found = fileset(["real"], tmp_path)["real"]
    assert found == (*(f"{tmp_path}/{name}.root" for name in ("b1", "b10", "b2")), "root://far/away.root")


def test_a_pattern_without_files(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"sample real: no file matches .*b\*.root"):
        fileset(["real"], tmp_path)


def test_a_sample_that_was_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=rf"{SIMULATED}.root does not exist: make it with `kaon simulate"):
        fileset([SIMULATED], tmp_path)


def test_an_unknown_sample(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=rf"no sample 'simm' in .*; it has {SIMULATED}, .*, real"):
        fileset(["simm"], tmp_path)
