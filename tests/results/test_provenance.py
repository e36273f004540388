"""Provenance: equal for equal runs, different as soon as anything that matters is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rarekaon.analysis.contract.documents import DocumentError
from rarekaon.analysis.results import provenance as module
from rarekaon.analysis.results.provenance import PACKAGES, Input, collect, facts_state, provenance, revision, versions
from rarekaon.analysis.results.records import write_json
from tests.records import own_facts

BOXES = [{"search": "pi_ee", "dataset": "2017", "who": "A. Student"}]
INPUT = Input("sample", "a.root", "1234", 1000, 10, (7,))


def test_two_collections_differ_only_in_what_is_volatile() -> None:
    first, second = (
        collect([INPUT], {"chunk_size": 5}, workers=1, open_boxes=[]),
        collect([INPUT], {"chunk_size": 5}, workers=2, open_boxes=[]),
    )
    assert first.stable() == second.stable()
    assert first.volatile != second.volatile


@pytest.mark.parametrize(
    "other", [Input("sample", "a.root", "1235", 1000, 10, (7,)), Input("sample", "a.root", "1234", 1000, 10, (8,))]
)
def test_another_input_shows(other: Input) -> None:
    assert collect([INPUT], open_boxes=[]).stable() != collect([other], open_boxes=[]).stable()


def test_it_is_ready_for_json(tmp_path: Path) -> None:
    content = collect([INPUT], {"chunk_size": 5}, workers=1, open_boxes=[]).as_dict()
    write_json(tmp_path / "p.json", content)
    back = json.loads((tmp_path / "p.json").read_text())
    assert back["inputs"][0]["uuid"] == "1234"
    assert back["volatile"]["workers"] == 1
    assert back["volatile"].keys() >= {"date", "host"}


def test_nothing_volatile_is_in_the_stable_part() -> None:
    text = json.dumps(collect([INPUT], open_boxes=[]).stable())
    assert str(Path.cwd()) not in text
    assert collect(open_boxes=[]).volatile["date"] not in text


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
    run = collect([INPUT], workers=2, open_boxes=[]).as_dict()
    write_json(tmp_path / "run.json", {"provenance": run, "histograms": {"pi_ee": {"sha256": "ab"}}})
    content = provenance(tmp_path, open_boxes=BOXES)
    assert content["histograms"]["inputs"][0]["uuid"] == "1234"
    assert content["volatile"]["histograms"]["workers"] == 2
    assert "volatile" not in content["histograms"]
    assert content["histograms"]["files"] == {"pi_ee": "ab"}
    assert content["open_boxes"] == tuple(BOXES)


def test_a_damaged_run_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"provenance": {')
    with pytest.raises(DocumentError, match=r"run\.json, line 1: .*not written to its end.*make histograms"):
        provenance(tmp_path, open_boxes=[])


def test_facts_that_are_not_committed_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of one's own, a record that git does not know, or one that it ignores."""

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    folder = own_facts(tmp_path, monkeypatch)
    assert facts_state() == {"shipped": False, "revision": None, "uncommitted": None}
    git("init")
    git("add", "datasets")
    git("commit", "-m", "one")
    state = facts_state()
    assert len(state["revision"]) == 40
    assert state["uncommitted"] == []
    (tmp_path / ".gitignore").write_text("ignored*\n")
    for name in ("forged.yaml", "ignored.yaml"):
        (folder / name).write_text("who: me\n")
    (folder.parent / "conditions.yaml").write_text("periods: {}\n")
    assert facts_state()["uncommitted"] == [
        "datasets/conditions.yaml", "datasets/unblinding/forged.yaml", "datasets/unblinding/ignored.yaml"
    ]  # fmt: skip


def test_a_result_without_histograms(tmp_path: Path) -> None:
    assert "histograms" not in provenance(open_boxes=[])
    assert "histograms" not in provenance(tmp_path, open_boxes=BOXES)
