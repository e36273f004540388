"""Histogram files: exact, deterministic, and clear about what they cannot read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boost_histogram as bh
import hist
import numpy as np
import pytest
import uhi.io.zip
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.execution.store import FORMAT, StoreError, load, save

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
KEYS = st.text(min_size=1).filter(lambda key: key != "$histogram")


def weighted() -> hist.Hist:
    histogram = hist.Hist(
        hist.axis.Regular(7, -1, 2, name="mass", label="m [MeV]"),
        hist.axis.Variable([0, 1, 4, 9.5], name="momentum", flow=False),
        hist.axis.StrCategory(["lower", "upper"], name="region"),
        storage=hist.storage.Weight(),
        name="spectrum",
        label="weighted",
    )
    rng = np.random.default_rng(3)
    histogram.fill(
        mass=rng.normal(size=999),
        momentum=rng.uniform(0, 12, 999),
        region=np.where(rng.random(999) < 0.3, "lower", "upper"),
        weight=rng.exponential(size=999),
    )
    return histogram


STORAGES = {
    "double": hist.new.Reg(3, 0, 1, name="x").Double().fill([0.1, 0.5, 2.0], weight=[0.1, 0.2, 1e-300]),
    "int": hist.new.Reg(3, 0, 1, name="x").Int64().fill([0.1, 0.5, 2.0]),
    "integer axis": hist.new.Int(0, 4, name="n").Weight().fill([0, 1, 1, 9], weight=0.3),
    "no flow": hist.new.Reg(3, 0, 1, name="x", flow=False).Weight().fill([0.1], weight=1 / 3),
    "integer category": hist.new.IntCat([3, 1], name="c").Weight().fill([3, 1, 1], weight=0.7),
    "boolean": hist.new.Bool(name="b").Weight().fill([True], weight=0.1),
    "weighted": weighted(),
    "empty": hist.new.Reg(3, 0, 1, name="x").Weight(),
}


def same(a: hist.Hist, b: hist.Hist) -> bool:
    return (
        a == b
        and a.view(flow=True).tobytes() == b.view(flow=True).tobytes()
        and [(x.name, x.label, x.traits) for x in a.axes] == [(x.name, x.label, x.traits) for x in b.axes]
        and (a.name, a.label, a.storage_type) == (b.name, b.label, b.storage_type)
    )


@pytest.mark.parametrize("kind", STORAGES)
def test_histograms_come_back_exactly(kind: str, tmp_path: Path) -> None:
    save(tmp_path / "h.zip", {"search": {"sample": {"h": STORAGES[kind]}}})
    back = load(tmp_path / "h.zip")["search"]["sample"]["h"]
    assert isinstance(back, hist.Hist)
    assert same(back, STORAGES[kind])


def test_a_histogram_can_be_filled_and_added_after_it_came_back(tmp_path: Path) -> None:
    save(tmp_path / "h.zip", {"h": weighted()})
    doubled = load(tmp_path / "h.zip")["h"] + weighted()
    assert np.array_equal(doubled.variances(flow=True), 2 * weighted().variances(flow=True))


@given(st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=10))
def test_plain_values_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("store") / "v.zip"
    save(path, {"value": value})
    back = load(path)["value"]
    assert back == value
    assert type(back) is type(value)


def test_numpy_scalars_become_numbers(tmp_path: Path) -> None:
    save(tmp_path / "v.zip", {"n": np.int64(3), "x": np.float64(0.1), "f": np.float32(0.1), "b": np.bool_(True)})
    assert load(tmp_path / "v.zip") == {"n": 3, "x": 0.1, "f": float(np.float32(0.1)), "b": True}


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / name, {"one": {"h": weighted()}, "n": 3})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_anyone_can_read_the_histograms(tmp_path: Path) -> None:
    save(tmp_path / "h.zip", {"s": {"h": weighted()}})
    with zipfile.ZipFile(tmp_path / "h.zip") as archive:
        index = json.loads(archive.read("index.json"))
        assert index["content"] == {"s": {"h": {"$histogram": 0}}}
        assert bh.Histogram(uhi.io.zip.read(archive, "0")).values().sum() == weighted().values().sum()


def test_an_existing_file_survives_a_failed_save(tmp_path: Path) -> None:
    path = tmp_path / "h.zip"
    save(path, {"n": 1})
    with pytest.raises(StoreError, match="a/b: a list cannot be stored"):
        save(path, {"a": {"b": [1]}})
    assert load(path) == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["h.zip"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan")])
def test_numbers_must_be_finite(value: float, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"n is .*only finite"):
        save(tmp_path / "v.zip", {"n": value})


@pytest.mark.parametrize("key", [1, "$histogram"])
def test_keys_must_be_strings(key: object, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="keys must be strings"):
        save(tmp_path / "v.zip", {"a": {key: 1}})


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"h.zip does not exist.*kaon run"):
        load(tmp_path / "h.zip")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_file(share: float, tmp_path: Path) -> None:
    path = tmp_path / "h.zip"
    save(path, {"h": weighted()})
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(StoreError, match=r"h.zip .*make it again"):
        load(path)


def test_flipped_bytes(tmp_path: Path) -> None:
    path = tmp_path / "h.zip"
    save(path, {"h": weighted()})
    content = bytearray(path.read_bytes())
    for i in range(100, 200):
        content[i] ^= 255
    path.write_bytes(content)
    with pytest.raises(StoreError, match="make it again"):
        load(path)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (None, "is not a file of"),
        ({"format": "something else"}, "is not a file of"),
        ({"format": FORMAT, "version": 99, "content": {}}, "version 99"),
        ({"format": FORMAT, "version": 1, "content": {"h": {"$histogram": 7}}}, "cannot be read"),
    ],
)
def test_foreign_file(index: object, message: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("other.txt" if index is None else "index.json", json.dumps(index))
    with pytest.raises(StoreError, match=message):
        load(tmp_path / "f.zip")


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    """An array file with pickled objects in it is refused, not loaded."""
    save(tmp_path / "h.zip", {"h": STORAGES["double"]})
    with zipfile.ZipFile(tmp_path / "h.zip") as source, zipfile.ZipFile(tmp_path / "evil.zip", "w") as target:
        for name in source.namelist():
            if name.endswith(".npy"):
                with target.open(name, "w") as stream:
                    np.save(stream, np.array([print], dtype=object), allow_pickle=True)
            else:
                target.writestr(name, source.read(name))
    with pytest.raises(StoreError, match="cannot be read"):
        load(tmp_path / "evil.zip")


def test_other_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the seed of their hashes, which decides in what order a set is gone through."""
    program = (
        "import sys, hist\nfrom pathlib import Path\nfrom rarekaon.analysis.execution.store import save\n"
        "axes = hist.axis.Variable([0, 1, 3], name='x'), hist.axis.StrCategory(['a', 'b'], name='s')\n"
        "save(Path(sys.argv[1]), {'h': hist.Hist(*axes, storage=hist.storage.Weight()), 'n': 1})"
    )
    written = set()
    for seed in ("0", "1", "2", "3"):
        path = tmp_path / f"{seed}.zip"
        subprocess.run(
            [sys.executable, "-c", program, str(path)], env=os.environ | {"PYTHONHASHSEED": seed}, check=True
        )
        written.add(path.read_bytes())
    assert len(written) == 1
