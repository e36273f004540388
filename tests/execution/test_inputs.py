"""Unfit files are refused before work starts, with the name of the file and of what is wrong in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.events.trees import open_tree
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.inputs import check_distinct
from rarekaon.analysis.execution.layouts import open_events
from rarekaon.analysis.execution.planning import inspect_fileset
from tests.toy_events import toy_columns, write_toy_file


def inspect(path: Path) -> Any:
    return inspect_fileset({"toy": [str(path)]})[0][0]


@pytest.mark.parametrize("rntuple", [False, True])
@pytest.mark.parametrize("truth", [False, True])
@pytest.mark.parametrize("events", [0, 37])
def test_valid_files(truth: bool, rntuple: bool, events: int, tmp_path: Path) -> None:
    found = inspect(write_toy_file(tmp_path / "toy.root", events, truth=truth, rntuple=rntuple))
    assert (found.sample, found.events, found.simulated) == ("toy", events, truth)
    assert found.size == (tmp_path / "toy.root").stat().st_size
    assert found.seeds == ((1,) if truth else ())


def test_exposure_of_simulation(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", 20, truth=True)
    weights = uproot.open(path)["Events"]["truth_weight"].array(library="np")
    exposure = inspect(path).exposure
    assert (exposure.events, exposure.generated, exposure.bursts) == (20, 200, 0)
    assert exposure.weight == pytest.approx(10 * weights.sum())
    assert exposure.weight_in_fv == pytest.approx(5 * weights.sum())


def test_exposure_of_data(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", 500)
    bursts = np.unique(uproot.open(path)["Events"]["burst"].array(library="np")).size
    assert inspect(path).exposure.bursts == bursts > 10


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"nowhere.root does not exist: make the sample toy \(`kaon simulate toy`"):
        inspect(tmp_path / "nowhere.root")


@pytest.mark.parametrize("content", [b"", b"root", b"not a ROOT file " * 100])
def test_garbage(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.root").write_bytes(content)
    with pytest.raises(InputFileError, match=r"bad.root cannot be read as a ROOT file"):
        inspect(tmp_path / "bad.root")


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.99])
def test_truncated_file(share: float, tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", 500)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputFileError, match=r"toy.root .*cut short"):
        inspect(path)


def test_missing_tree(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", trees=("Bursts",))
    with pytest.raises(InputFileError, match=r"toy.root has no tree 'Events'; it holds Bursts"):
        inspect(path)


@pytest.mark.parametrize("events", [0, 100])
def test_data_without_their_bursts(events: int, tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", events, trees=("Events",))
    with pytest.raises(InputFileError, match=r"toy.root has no tree 'Bursts', nor has another file of sample toy"):
        inspect(path)


def test_simulation_without_its_generation_tree(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", truth=True, trees=("Events",))
    with pytest.raises(InputFileError, match="no tree 'Generation'"):
        inspect(path)


@pytest.mark.parametrize("branch", ["run", "Track_momentum", "trigger_eMT"])
def test_missing_branch(branch: str, tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", drop=(branch,))
    with pytest.raises(InputFileError, match=rf"toy.root: tree Events lacks {branch}; .*kaon schema"):
        inspect(path)


def test_truth_is_whole_or_absent(tmp_path: Path) -> None:
    """A file with some truth branches is not taken for data."""
    path = write_toy_file(tmp_path / "toy.root", truth=True, drop=("truth_weight",))
    with pytest.raises(InputFileError, match="lacks truth_weight"):
        inspect(path)


def test_many_missing_branches_are_counted(tmp_path: Path) -> None:
    names = tuple(b.name for b in schema.EVENT[1:8])
    path = write_toy_file(tmp_path / "toy.root", drop=names)
    with pytest.raises(InputFileError, match=r"lacks burst, event, trigger_time, beam_momentum and 3 more"):
        inspect(path)


@pytest.mark.parametrize("rntuple", [False, True])
def test_wrong_type(rntuple: bool, tmp_path: Path) -> None:
    wrong = {"run": np.ones(100, dtype="float64")}
    path = write_toy_file(tmp_path / "toy.root", replace=wrong, rntuple=rntuple)
    with pytest.raises(InputFileError, match=r"wrong types: run \(float64 instead of uint32\)"):
        inspect(path)


def test_flat_where_jagged_is_expected(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", replace={"Gtk_time": np.ones(100, dtype="float32")})
    with pytest.raises(InputFileError, match=r"Gtk_time \(float32 instead of float32\[\]\)"):
        inspect(path)


def test_additional_branches_are_allowed(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", replace={"extra": np.ones(100)})
    assert inspect(path).events == 100


@pytest.mark.parametrize("truth", [False, True])
def test_a_filtered_file_is_found_out(truth: bool, tmp_path: Path) -> None:
    """The side tree says more events than there are: the exposure would be wrong."""
    path = write_toy_file(tmp_path / "toy.root", 90, truth=truth, lost=10)
    side = "Generation" if truth else "Bursts"
    with pytest.raises(InputFileError, match=rf"holds 90 events but its tree {side} accounts for 100"):
        inspect(path)


@pytest.mark.parametrize("truth", [False, True])
def test_side_trees_may_stand_in_one_part(truth: bool, tmp_path: Path) -> None:
    """As ROOT leaves them where it splits its output: what all parts stand for is what the first says."""
    whole = inspect(write_toy_file(tmp_path / "whole.root", 300, truth=truth))
    columns, parts = toy_columns(300, truth=truth), []
    sides = ("Generation" if truth else "Bursts",)
    for n, rows in enumerate((slice(0, 120), slice(120, 300))):
        part = tmp_path / f"part{n}.root"
        write_toy_file(part, 300, truth=truth, replace={k: v[rows] for k, v in columns.items()}, trees=("Events",))
        parts.append(part)
    with uproot.open(tmp_path / "whole.root") as file, uproot.update(parts[0]) as first:
        first.mktree(
            sides[0],
            {b.name: b.dtype for b in schema.GENERATION.fields + schema.BURSTS.fields if b.name in file[sides[0]]},
        ).extend(file[sides[0]].arrays(library="np"))
    found, _ = inspect_fileset({"toy": [str(p) for p in parts]})
    assert [f.events for f in found] == [120, 180]
    for name in ("generated", "weight", "weight_in_fv"):
        assert sum(getattr(f.exposure, name) for f in found) == getattr(whole.exposure, name)
    if not truth:
        assert frozenset[Any]().union(*(f.blocks for f in found)) == whole.blocks
    for alone in ([parts[1]], [parts[0]]):
        with pytest.raises(InputFileError, match=r"accounts for 300|has no tree"):
            inspect_fileset({"toy": [str(p) for p in alone]})


@pytest.mark.parametrize(
    ("branch", "dtype"),
    [("run", "int32"), ("run", "int64"), ("event", "int64"), ("trigger_MT", "int8"), ("trigger_eMT", "int32"),
     ("downscaling_MT", "uint8"), ("burst", "uint64")],
)  # fmt: skip
@pytest.mark.parametrize("rntuple", [False, True])
def test_whole_numbers_of_other_types_are_exact(branch: str, dtype: str, rntuple: bool, tmp_path: Path) -> None:
    columns = toy_columns(100)
    path = write_toy_file(tmp_path / "toy.root", replace={branch: columns[branch].astype(dtype)}, rntuple=rntuple)
    assert inspect(path).events == 100
    with uproot.open(path) as file:
        read = Columns(open_events(file, str(path), "toy").source(20, 100)).event(branch)
    assert read.dtype == columns[branch].dtype
    np.testing.assert_array_equal(read, columns[branch][20:])


@pytest.mark.parametrize("dtype", ["int32", "int64", "int16"])
def test_objects_with_whole_numbers_of_other_types_are_exact(dtype: str, tmp_path: Path) -> None:
    columns = toy_columns(100)
    names = ("Track_charge", "Muv3_outer", "Track_cluster_index", "Lav_station")
    path = write_toy_file(tmp_path / "toy.root", replace={n: ak.values_astype(columns[n], dtype) for n in names})
    inspect(path)
    with uproot.open(path) as file:
        read = Columns(open_events(file, str(path), "toy").source(0, 100))
        for name in names:
            found = read.flat(*name.split("_", 1))
            np.testing.assert_array_equal(found, ak.to_numpy(ak.flatten(columns[name])))
            assert found.dtype == ak.to_numpy(ak.flatten(columns[name])).dtype


@pytest.mark.parametrize(
    ("branch", "dtype", "number", "message"),
    [
        ("run", "int32", -5, r"toy.root, entry 33: run is -5, which is no uint32: write it as `kaon schema` says"),
        ("burst", "int64", 2**32 + 1, "burst is 4294967297, which is no uint32"),
        ("trigger_MT", "int8", 2, "trigger_MT is 2, which is no bool"),
        ("event", "int64", -(2**63), "which is no uint64"),
    ],
)
def test_a_whole_number_that_does_not_fit_is_named(branch, dtype, number, message, tmp_path: Path) -> None:
    values = toy_columns(100)[branch].astype(dtype)
    values[33] = number
    path = write_toy_file(tmp_path / "toy.root", replace={branch: values})
    with uproot.open(path) as file, pytest.raises(UnfitEventsError, match=message):
        Columns(open_events(file, str(path), "toy").source(0, 100)).event(branch)


def test_an_rntuple_without_counters_is_counted_by_its_arrays(tmp_path: Path) -> None:
    """As `file["Events"] = {...}` of uproot writes it."""
    columns = toy_columns(100)
    side = write_toy_file(tmp_path / "toy.root", trees=("Bursts",))
    with uproot.update(side) as file:
        file.mkrntuple("Events", columns)
    assert inspect(side).events == 100
    with uproot.open(side) as file:
        read = Columns(open_events(file, str(side), "toy").source(10, 90))
        for c in (schema.TRACK, schema.LAV):
            np.testing.assert_array_equal(
                np.diff(read.offsets(c.name)), ak.num(columns[c.branch(c.fields[0].name)])[10:90]
            )
            for field in c.fields:
                wanted = ak.to_numpy(ak.flatten(columns[c.branch(field.name)][10:90]))
                np.testing.assert_array_equal(read.flat(c.name, field.name), wanted)


def test_types_of_a_file_are_those_of_the_contract(tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", truth=True)
    assert open_tree(uproot.open(path), "Events").types() == schema.stored_types(schema.branches(truth=True))


def test_the_same_path_twice(tmp_path: Path) -> None:
    file = inspect(write_toy_file(tmp_path / "toy.root"))
    with pytest.raises(InputFileError, match=r"listed 2 times \(same path\): .*toy.root \(toy\), .*list it once"):
        check_distinct([file, file])


def test_a_link_is_the_same_file(tmp_path: Path) -> None:
    write_toy_file(tmp_path / "toy.root")
    (tmp_path / "link.root").symlink_to(tmp_path / "toy.root")
    with pytest.raises(InputFileError, match="same path"):
        check_distinct([inspect(tmp_path / "toy.root"), inspect(tmp_path / "link.root")])


def test_files_without_an_identity_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    """ROOT writes one UUID into all files that are made to be reproducible, and a copy keeps that of its original."""
    shutil.copy(write_toy_file(tmp_path / "toy.root"), tmp_path / "copy.root")
    files = [inspect(tmp_path / name) for name in ("toy.root", "copy.root")]
    assert files[0].uuid == files[1].uuid
    check_distinct(files)
    with pytest.raises(InputFileError, match=r"is there twice, in .*toy.root and .*copy.root"):
        inspect_fileset({"toy": [str(tmp_path / "toy.root"), str(tmp_path / "copy.root")]})


def test_the_same_decays_simulated_twice(tmp_path: Path) -> None:
    """Two files of other length, and so another identity, from the same seed."""
    files = [inspect(write_toy_file(tmp_path / f"{n}.root", n, truth=True, seed=7)) for n in (10, 20)]
    with pytest.raises(InputFileError, match=r"same simulated decays \(decay code, seed, block = \(1, 7, 0\)\)"):
        check_distinct(files)


def test_data_and_simulation_do_not_mix(tmp_path: Path) -> None:
    files = [inspect(write_toy_file(tmp_path / f"{truth}.root", truth=truth)) for truth in (False, True)]
    with pytest.raises(InputFileError, match=r"sample toy mixes data \(.*False.root\) and simulation"):
        check_distinct(files)


def test_distinct_files_pass(tmp_path: Path) -> None:
    files = [inspect(write_toy_file(tmp_path / f"{seed}.root", truth=True, seed=seed)) for seed in (1, 2)]
    check_distinct(files)
