"""The wheel: complete, and usable beside a user's own folder `analysis` (`make wheel` tries more)."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(tmp_path_factory.mktemp("wheel"), "--no-build-isolation")


@pytest.fixture(scope="module")
def site(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a directory, as pip lays it out; what it needs is that of this environment."""
    place = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(built).extractall(place)
    return place


@pytest.fixture
def folder() -> Iterator[Path]:
    with wheel.empty_folder() as place:
        yield place


def python(site: Path, folder: Path, code: str, *arguments: str) -> str:
    """Output of Python code that finds the wheel's content before anything else, in the user's folder."""
    command = [sys.executable, "-c", f"import sys; sys.path.remove(''); {code}", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kaon(site: Path, folder: Path, *arguments: str) -> str:
    return python(site, folder, "from rarekaon.analysis.cli.main import main; sys.exit(main(sys.argv[1:]))", *arguments)


def tracked(*folders: str) -> list[str]:
    command = ["git", "ls-files", *folders]
    return subprocess.run(command, cwd=wheel.ROOT, capture_output=True, text=True, check=True).stdout.split()


def test_it_holds_one_package_with_its_facts_and_types(built: Path) -> None:
    names = zipfile.ZipFile(built).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"rarekaon"}
    assert sorted({f"rarekaon/{name}" for name in tracked("analysis", "processors", "datasets")} - set(names)) == []
    assert "rarekaon/py.typed" in names


def test_it_runs_from_there(site: Path, folder: Path) -> None:
    places = python(site, folder, "import rarekaon.analysis.facts.paths as p; print(p.__file__, p.datasets_path())")
    assert all(Path(name).is_relative_to(site) for name in places.split())


def test_searches_and_samples_are_found(site: Path, folder: Path) -> None:
    assert "K+ -> pi- e+ e+" in kaon(site, folder, "searches", "pi_ee")
    assert "pi_ee_sm" in kaon(site, folder, "samples")


def test_limits_from_numbers_and_from_published_inputs(site: Path, folder: Path) -> None:
    assert "8.1" in kaon(site, folder, "limit", "--observed", "0", "--background", "0.26", "--ses", "3.53e-11")
    kaon(site, folder, "limits", "--origin", "published", "--output", "published.json")
    assert (folder / "published.json").exists()
