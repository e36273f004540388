"""A bundle is verified as it is, and not with one bit changed, which is named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rarekaon.analysis.cli.main import main
from rarekaon.analysis.execution import Backend
from rarekaon.analysis.execution.store import load, save
from rarekaon.analysis.limits.inference import limits_from_events
from rarekaon.analysis.report.bundle import (
    MANIFEST,
    BundleError,
    difference,
    differing_histogram,
    verify_bundle,
    verify_from_samples,
    write_bundle,
)
from rarekaon.analysis.results.provenance import RUN_RECORD
from rarekaon.analysis.results.records import Limits, write_json
from tests.results_by_hand import made_by_hand

ROOT = Path(__file__).resolve().parents[2]
QUICK, SAMPLES = ROOT / "results/quick/histograms", ROOT / "samples/quick"


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
    said = json.loads(capsys.readouterr().out)
    assert said == {"bundle": str(bundle), "verified": True, "from_samples": [], "notes": []}


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


def bundle_of_one_search(place: Path, change=lambda store: None) -> Path:
    """Of a small search, with its quick histograms as they are or changed, and the limits that they give."""
    store = load(QUICK / "pi_mu_e.zip")
    change(store)
    save(place / "histograms/pi_mu_e.zip", store)
    (place / "histograms" / RUN_RECORD).write_bytes((QUICK / RUN_RECORD).read_bytes())
    write_json(
        place / "limits.json", Limits(confidence_level=0.9, limits=limits_from_events({"pi_mu_e": store}).records)
    )
    write_bundle(place / "bundle.zip", place / "limits.json", place / "histograms")
    verify_bundle(place / "bundle.zip")
    return place / "bundle.zip"


def test_histograms_come_out_of_the_samples_again(tmp_path: Path) -> None:
    bundle = bundle_of_one_search(tmp_path)
    assert verify_from_samples(bundle, SAMPLES, Backend("iterative")) == ("pi_mu_e",)
    assert verify_from_samples(bundle, tmp_path, Backend("iterative")) == ()


def test_a_bundle_that_its_samples_do_not_give_is_named(tmp_path: Path) -> None:
    """Histograms, limits and digests agree with each other; one bin is one unit in the last place off."""

    def forge(store) -> None:
        view = store["pi_mu_e_lnv"]["2022"]["signal"]["vertex_z"].view()
        (filled,) = view["value"].nonzero()
        view["value"][filled[0]] *= 1 + 2.3e-16

    bundle = bundle_of_one_search(tmp_path, forge)
    with pytest.raises(BundleError, match=r"not what the samples give: pi_mu_e_lnv/2022/signal/vertex_z"):
        verify_from_samples(bundle, SAMPLES, Backend("iterative"))


def test_the_first_histogram_that_differs_is_named() -> None:
    assert differing_histogram({"a": {"b": 1.0}}, {"a": {"b": 1.0}}) == ""
    assert differing_histogram({"a": {"b": 1.0, "c": 2}}, {"a": {"b": 1.0, "c": 3}}) == "a/c"
    assert differing_histogram({"a": {}}, {"a": {}, "b": {}}) == "b"
