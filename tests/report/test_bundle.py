"""A bundle is verified as it is, and not with one bit changed, which is named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rarekaon.analysis.cli.main import main
from rarekaon.analysis.report.bundle import MANIFEST, BundleError, difference, verify_bundle, write_bundle
from tests.results_by_hand import made_by_hand


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_by_hand(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def bundle(run: Path) -> Path:
    write_bundle(run / "bundle.zip", run / "limits.json", run / "histograms")
    return run / "bundle.zip"


def changed(bundle: Path, place: Path, change) -> Path:
    """The bundle with the content of its files changed; digests of the manifest stay."""
    with zipfile.ZipFile(bundle) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return place


def test_it_is_whole_and_its_limits_come_out_again(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"bundle": str(bundle), "verified": True, "notes": []}


def test_equal_runs_have_equal_bundles(run: Path, bundle: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "again.zip", run / "limits.json", run / "histograms")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


@pytest.mark.parametrize("name", ["limits.json", "histograms/pi_ee.zip", "histograms/run.json", "backgrounds.json"])
def test_one_changed_bit_is_named(name: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def flip(content: dict[str, bytes]) -> None:
        data = bytearray(content[name])
        data[len(data) // 2] ^= 1
        content[name] = bytes(data)

    assert main(["verify", str(changed(bundle, tmp_path / "b.zip", flip))]) == 1
    assert f"{name} was changed" in capsys.readouterr().err


def test_a_file_less_or_more_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"scans\.json is not in it"):
        verify_bundle(changed(bundle, tmp_path / "less.zip", lambda c: c.pop("scans.json")))
    with pytest.raises(BundleError, match="extra is not in its manifest"):
        verify_bundle(changed(bundle, tmp_path / "more.zip", lambda c: c.update(extra=b"x")))


def test_limits_that_the_histograms_do_not_give_are_named(bundle: Path, tmp_path: Path) -> None:
    """Changed with its digest: what is recomputed shows it."""
    from hashlib import sha256

    def forge(content: dict[str, bytes]) -> None:
        limits = json.loads(content["limits.json"])
        limits["limits"][0]["background"] *= 1 + 1e-14
        content["limits.json"] = json.dumps(limits).encode()
        manifest = json.loads(content[MANIFEST])
        manifest["files"]["limits.json"] = sha256(content["limits.json"]).hexdigest()
        content[MANIFEST] = json.dumps(manifest).encode()

    with pytest.raises(BundleError, match=r"\[0\].background"):
        verify_bundle(changed(bundle, tmp_path / "forged.zip", forge))


def test_what_is_no_bundle_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    with pytest.raises(BundleError, match="cannot be read"):
        verify_bundle(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"a": [1, 2.0]}, {"a": [1, 2.0]}, ""),
        ({"a": 1}, {"a": 1.0}, "a: 1 here, 1.0 there"),
        ({"a": {"b": 1}}, {"a": {}}, "a.b: something here"),
        ([1], [1, 2], ": [1] here, [1, 2] there"),
        ({}, {"c": None}, "c: nothing here"),
    ],
)
def test_the_first_difference(ours: object, theirs: object, said: str) -> None:
    assert difference(ours, theirs) == said
