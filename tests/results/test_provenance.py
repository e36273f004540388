"""Provenance: equal for equal runs, different as soon as anything that matters is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rarekaon.analysis.results import provenance as module
from rarekaon.analysis.results.provenance import PACKAGES, Input, collect, provenance, revision, versions
from rarekaon.analysis.results.records import write_json

INPUT = Input("sample", "a.root", "1234", 1000, 10, (7,))


def test_two_collections_differ_only_in_what_is_volatile() -> None:
    first, second = collect([INPUT], {"chunk_size": 5}, workers=1), collect([INPUT], {"chunk_size": 5}, workers=2)
    assert first.stable() == second.stable()
    assert first.volatile != second.volatile


@pytest.mark.parametrize(
    "other", [Input("sample", "a.root", "1235", 1000, 10, (7,)), Input("sample", "a.root", "1234", 1000, 10, (8,))]
)
def test_another_input_shows(other: Input) -> None:
    assert collect([INPUT]).stable() != collect([other]).stable()


def test_it_is_ready_for_json(tmp_path: Path) -> None:
    content = collect([INPUT], {"chunk_size": 5}, workers=1).as_dict()
    write_json(tmp_path / "p.json", content)
    back = json.loads((tmp_path / "p.json").read_text())
    assert back["inputs"][0]["uuid"] == "1234"
    assert back["volatile"]["workers"] == 1
    assert back["volatile"].keys() >= {"date", "host"}


def test_nothing_volatile_is_in_the_stable_part() -> None:
    text = json.dumps(collect([INPUT]).stable())
    assert str(Path.cwd()) not in text
    assert collect().volatile["date"] not in text


def test_versions_of_everything_that_computes() -> None:
    found = versions()
    assert set(found) == {"python", "rarekaon", *PACKAGES}
    assert "absent" not in found.values()


def test_a_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no-such-distribution",))
    assert versions()["no-such-distribution"] == "absent"


def _hash(root: Path) -> str:
    return module._hash_files([(root, sorted(p for p in root.rglob("*") if p.is_file()))])


def test_hashes_follow_contents_and_names_but_not_places(tmp_path: Path) -> None:
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "a" / "sub" / "x.py").write_text("x = 1\n")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    before = _hash(tmp_path / "a")
    assert _hash(tmp_path / "b") == before
    (tmp_path / "b" / "sub" / "x.py").write_text("x = 2\n")
    assert _hash(tmp_path / "b") != before
    (tmp_path / "a" / "sub" / "x.py").rename(tmp_path / "a" / "sub" / "y.py")
    assert _hash(tmp_path / "a") != before


@pytest.mark.parametrize("part", ["analysis/processing/processor.py", "processors/pi_ee.py"])
def test_the_code_hash_covers_both_packages(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("analysis", "processors"):
        shutil.copytree(module.PACKAGE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = module.code_hash.__wrapped__()
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    assert module.code_hash.__wrapped__() == before
    (tmp_path / part).write_text("changed = True\n")
    assert module.code_hash.__wrapped__() != before


def test_revision_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit; a plus where a tracked file was changed; nothing without a commit or a repository."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    assert revision() is None
    git("init")
    assert revision() is None
    (tmp_path / "x").write_text("1")
    git("add", "x")
    git("commit", "-m", "one")
    clean = revision()
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "x").write_text("2")
    assert revision() == clean + "+"


def test_a_result_names_the_run_its_histograms_came_from(tmp_path: Path) -> None:
    run = collect([INPUT], workers=2).as_dict()
    write_json(tmp_path / "run.json", {"provenance": run})
    content = provenance(tmp_path)
    assert content["histograms"]["inputs"][0]["uuid"] == "1234"
    assert content["volatile"]["histograms"]["workers"] == 2
    assert "volatile" not in content["histograms"]


def test_a_result_without_histograms(tmp_path: Path) -> None:
    assert "histograms" not in provenance()
    assert "histograms" not in provenance(tmp_path)
