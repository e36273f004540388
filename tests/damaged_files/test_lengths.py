"""Branches of unequal length, counters that do not count, references that lead nowhere: refused and named, in every
format and packing, by whichever way the file is read."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from tests.damaged_files.damage import add, cut, one_each, rolled, shortened
from tests.damaged_files.judging import ByRecords, Unvetoed, judge
from tests.damaged_files.sample import PACKINGS, counts_of, good_columns, write

FORMATS = pytest.mark.parametrize("rntuple", [False, True], ids=["TTree", "RNTuple"])


@pytest.fixture(scope="module")
def columns():
    return good_columns()


@pytest.fixture(scope="module")
def right(columns):
    """Events that pass, counted from the arrays."""
    vetoed = ak.any(abs(columns["Lav_time"]) < 4, axis=1)
    return int(ak.sum(~vetoed))


@FORMATS
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("parts", [1, 3])
def test_good_files_are_exact(rntuple, packing, parts, columns, right, tmp_path):
    path = write(tmp_path / "good.root", columns, packing=packing, rntuple=rntuple, parts=parts)
    for chunk_size in (1_000_000, 77):
        assert judge([path], chunk_size=chunk_size).count == right


@pytest.mark.parametrize("branch", ["Track_slope_x", "Lav_time", "trigger_time", "trigger_MT", "nLav", "run"])
@pytest.mark.parametrize("parts", [1, 3], ids=["none left", "two baskets left"])
def test_a_branch_that_was_not_always_filled(branch, parts, columns, tmp_path):
    path = shortened(write(tmp_path / "short.root", columns, parts=parts), branch)
    with uproot.open(path) as file:
        assert file["Events"][branch].num_entries < file["Events"].num_entries
    said = judge([path]).says
    assert "short.root" in said
    assert f"tree Events has {len(columns['run'])} entries but {branch} has" in said


def test_a_field_that_was_added_late(columns, tmp_path):
    """Clusters of an RNTuple without pages of a field, as one has that was added after they were written."""
    path = write(tmp_path / "late.root", columns, rntuple=True, parts=2)
    with uproot.open(path) as file:
        ntuple = file["Events"]
        field = ntuple["trigger_time"].field_id
        (column,) = [c.idx for c in ntuple.column_records if c.field_id == field]
        ntuple.page_link_list[0][column].pages = []
        from rarekaon.analysis.events.trees import UprootTree

        assert UprootTree(ntuple).lengths()["trigger_time"] == len(columns["run"]) - len(columns["run"]) // 2


CASES = {
    "one branch cut": lambda c: (cut(c, ["Lav_time"], lambda v: v < 4), "Lav_time"),
    "all branches cut": lambda c: (cut(c, ["Lav_station", "Lav_time", "Lav_energy"], lambda v: v > 1e9), "Lav_"),
    "one object an event": lambda c: (one_each(c), "Lav_time"),
    "shifted by an event": lambda c: (rolled(c), "Lav_"),
}


READERS = pytest.mark.parametrize("processor", [Unvetoed(), ByRecords()], ids=["columns", "NanoEvents"])


@FORMATS
@READERS
@pytest.mark.parametrize("case", CASES)
def test_arrays_that_are_not_those_that_were_counted(case, processor, rntuple, columns, tmp_path):
    wrong, name = CASES[case](columns)
    path = write(tmp_path / "wrong.root", wrong, false_counters={"nLav": counts_of(columns)["nLav"]}, rntuple=rntuple)
    said = judge([path], processor=processor).says
    assert "wrong.root, entry" in said
    assert name in said
    assert "objects where its counter says" in said


COUNTS = {
    "one more": lambda n: add(n, 10, 1),
    "one less": lambda n: add(n, int(np.argmax(n > 0)), -1),
    "moved": lambda n: add(add(n, int(np.argmax(n > 0)), -1), 10, 1),
    "a million": lambda n: add(n, 10, 1_000_000),
    "negative": lambda n: add(n, 10, -7),
    "far below": lambda n: add(n, 10, -(2**31) + 7),
    "none": lambda n: 0 * n,
    "doubled": lambda n: 2 * n,
}


@FORMATS
@READERS
@pytest.mark.parametrize("counter", ["nLav", "nTrack", "nCluster"])
@pytest.mark.parametrize("case", COUNTS)
def test_counters_that_do_not_count(case, counter, processor, rntuple, columns, tmp_path):
    if counter == "nCluster":
        case = "a million" if case in ("one less", "moved", "none", "doubled") else case  # there are no clusters
    false = COUNTS[case](counts_of(columns)[counter])
    path = write(tmp_path / "wrong.root", columns, false_counters={counter: false}, rntuple=rntuple)
    said = judge([path], processor=processor).says
    assert "wrong.root, entry" in said
    assert counter in said or counter[1:] + "_" in said


@FORMATS
@pytest.mark.parametrize("index", [-2, 7, 32767])
def test_references_to_what_is_not_there(index, rntuple, columns, tmp_path):
    wrong = np.asarray(ak.flatten(columns["Track_cluster_index"])).copy()
    wrong[100] = index
    changed = ak.unflatten(wrong, ak.num(columns["Track_cluster_index"]))
    path = write(tmp_path / "wrong.root", columns | {"Track_cluster_index": changed}, rntuple=rntuple)
    said = judge([path]).says
    assert f"wrong.root, entry 33: Track_cluster_index is {index} where the event has 0 Cluster objects" in said
