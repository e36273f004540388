"""Foreign trees through a branch map give the columns that the same events have in the event contract."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.events.trees import open_file, open_tree
from rarekaon.analysis.facts.branch_maps import BranchMap, branch_map
from rarekaon.analysis.facts.models import read_facts
from tests.bench.mapped import EVENT, IN_GEV, files
from tests.bench.mapped import TRACK as TRACK_FIELDS
from tests.toy_events import toy_columns

EVENTS = 500
TRACK = ("x", "y", "slope_x", "slope_y", "momentum", "lkr_energy", "rich_hits", "charge", "muv3_index")
AS_THEY_ARE = {"run": "RunNumber", "burst": "BurstID", "event": "TimeStamp"}


@pytest.fixture(scope="module")
def toys() -> dict[str, Any]:
    return toy_columns(EVENTS, seed=7)


def written(path, content, **types):
    with uproot.recreate(path) as file:
        if types:
            file.mktree("ntuple/Reco", {k: types.get(k, np.asarray(v).dtype) for k, v in content.items()}).extend(
                content
            )
        else:
            file.mktree("ntuple/Reco", {k: _type(v) for k, v in content.items()}).extend(content)
    return path


def _type(values: Any) -> Any:
    return values.dtype if isinstance(values, np.ndarray) else ak.type(values).content


def mapped(path, **content):
    branches = BranchMap.model_validate({"name": "mine", "source": "a test", "tree": "ntuple/Reco", **content})
    return MappedTree(open_tree(open_file(str(path)), "ntuple/Reco"), branches, str(path))


def base(toys):
    """What an ntuple has of the event: signed numbers of many sizes."""
    return {
        "RunNumber": toys["run"].astype("int32"),
        "BurstID": toys["burst"].astype("int16"),
        "TimeStamp": toys["event"].astype("int64"),
    }


def test_names_units_and_types(toys, tmp_path):
    """Arrays with a counter, in GeV and cm, with flags as numbers."""
    content = base(toys) | {
        "P": toys["beam_momentum"].astype("float64") / 1000,
        "fired": toys["trigger_MT"].astype("int8"),
        "Trk_p": ak.values_astype(toys["Track_momentum"], "float64") / 1000,
        "Trk_x": ak.values_astype(toys["Track_x"], "float64") / 10,
        "Trk_q": ak.values_astype(toys["Track_charge"], "int32"),
    }
    path = written(tmp_path / "f.root", content)
    tree = mapped(
        path,
        event={**AS_THEY_ARE, "beam_momentum": {"of": "P", "unit": "GeV"}, "trigger_MT": "fired"},
        collections={
            "Track": {
                "counter": "nTrk_p",
                "fields": {
                    "momentum": {"of": "Trk_p", "unit": "GeV"},
                    "x": {"of": "Trk_x", "unit": "cm"},
                    "charge": "Trk_q",
                },
            }
        },
    )
    assert tree.entries == EVENTS
    assert tree.types()["Track_charge"] == "int8[]"
    assert set(tree.lengths().values()) == {EVENTS}
    columns = Columns(tree.source(100, 400))
    for name in ("run", "burst", "event", "trigger_MT"):
        np.testing.assert_array_equal(columns.event(name), toys[name][100:400])
        assert columns.event(name).dtype == toys[name].dtype
    np.testing.assert_allclose(columns.event("beam_momentum"), toys["beam_momentum"][100:400], rtol=1e-6)
    np.testing.assert_array_equal(np.diff(columns.offsets("Track")), ak.num(toys["Track_charge"])[100:400])
    for field, rtol in (("momentum", 1e-6), ("x", 1e-6), ("charge", 0)):
        wanted = ak.to_numpy(ak.flatten(toys[f"Track_{field}"][100:400]))
        np.testing.assert_allclose(columns.flat("Track", field), wanted, rtol=rtol)
        assert columns.flat("Track", field).dtype == wanted.dtype


def test_slots(toys, tmp_path):
    """Objects in slots: those that exist, in the order of the slots, event by event."""
    kept = {field: toys[f"Track_{field}"][:, :3] for field in ("momentum", "charge")}
    exists = ak.to_numpy(ak.fill_none(ak.pad_none(kept["charge"], 3, clip=True), -9)) != -9
    content = base(toys)
    for slot in range(3):
        content[f"t{slot}_there"] = exists[:, slot]
        for field, values in kept.items():
            full = ak.to_numpy(ak.fill_none(ak.pad_none(values, 3, clip=True), -9))
            content[f"t{slot}_{field}"] = full[:, slot]
    track = {"slots": ["t0", "t1", "t2"], "exists": "{slot}_there", "fields": {f: "{slot}_" + f for f in kept}}
    columns = Columns(
        mapped(written(tmp_path / "f.root", content), event=AS_THEY_ARE, collections={"Track": track}).source(0, EVENTS)
    )
    np.testing.assert_array_equal(np.diff(columns.offsets("Track")), exists.sum(axis=1))
    for field, values in kept.items():
        np.testing.assert_array_equal(columns.flat("Track", field), ak.to_numpy(ak.flatten(values)))


def test_what_was_not_measured(toys, tmp_path):
    """A sentinel becomes what the contract says, whatever unit the others are in."""
    time = np.where(np.arange(EVENTS) % 3 == 0, -999.0, 0.004)
    content = base(toys) | {"t": time}
    column = {"of": "t", "unit": "us", "absent": -999, "instead": 0}
    columns = Columns(
        mapped(written(tmp_path / "f.root", content), event={**AS_THEY_ARE, "trigger_time": column}).source(0, EVENTS)
    )
    np.testing.assert_allclose(columns.event("trigger_time"), np.where(time < 0, 0, 4), rtol=1e-6)


def test_a_number_that_does_not_fit_is_named(toys, tmp_path):
    run = toys["run"].astype("int32")
    run[123] = -1
    path = written(tmp_path / "f.root", base(toys) | {"RunNumber": run})
    source = mapped(path, event=AS_THEY_ARE).source(100, 200)
    with pytest.raises(UnfitEventsError, match=r"f\.root, entry 123: RunNumber is -1, which is no uint32"):
        source.event("run")


def test_what_the_tree_lacks_is_not_given(toys, tmp_path):
    """Nothing is invented; only events that cannot be told apart are refused."""
    path = written(tmp_path / "f.root", base(toys) | {"p": toys["beam_momentum"]})
    tree = mapped(path, event={**AS_THEY_ARE, "beam_momentum": ["P_mean", "p"], "beam_x": "bx", "trigger_MT": "1"})
    assert {"beam_momentum", "trigger_MT"} <= tree.types().keys()
    assert "beam_x" not in tree.types()
    with pytest.raises(ValueError, match="gives beam_x"):
        tree.source(0, 1).event("beam_x")
    with pytest.raises(UnfitEventsError, match=r"no columns for run of the branch map mine \(BurstID, Run, TimeStamp"):
        mapped(path, event={**AS_THEY_ARE, "run": "Run"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"event": {"run": "r", "burst": "b"}}, "needs event"),
        ({"event": AS_THEY_ARE | {"momentum": "p"}}, "has no momentum"),
        ({"event": AS_THEY_ARE, "collections": {"Tracks": {"counter": "n", "fields": {"x": "x"}}}}, "has no Tracks"),
        ({"event": AS_THEY_ARE, "collections": {"Track": {"counter": "n", "fields": {"px": "x"}}}}, "has no Track_px"),
        ({"event": AS_THEY_ARE, "collections": {"Track": {"fields": {"x": "x"}}}}, "either slots or a counter"),
        ({"event": AS_THEY_ARE | {"beam_x": {"of": "x", "unit": "GeV"}}}, "in mm: it can be in um, mm, cm, m"),
        ({"event": AS_THEY_ARE | {"beam_x": "open(x)"}}, "is no expression"),
        ({"event": AS_THEY_ARE, "python": "x"}, "python"),
    ],
)  # fmt: skip
def test_a_map_that_is_wrong_names_the_file(content, message, tmp_path):
    path = tmp_path / "map.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "source": "a test", "tree": "t", **content}))
    with pytest.raises(ValueError, match=message) as error:
        read_facts(BranchMap, path)
    assert str(path) in str(error.value)


def test_the_map_that_is_shipped():
    assert branch_map("NA62Flat").collections["Track"].slots == ("track1", "track2", "track3")
    with pytest.raises(FileNotFoundError, match="or one of NA62Flat"):
        branch_map("NA61Flat")
    assert {*branch_map("NA62Flat").event} < {b.name for b in schema.EVENT}


def test_what_is_measured_is_the_same_columns(tmp_path):
    """`tests.bench.mapped` compares the cost of reading these."""
    plain, foreign = (Columns(tree.source(0, tree.entries)) for tree in files(tmp_path, 300))
    for name in EVENT:
        np.testing.assert_array_equal(foreign.event(name), plain.event(name))
    for field in TRACK_FIELDS:
        rtol = 2e-7 if field in IN_GEV else 0
        np.testing.assert_allclose(foreign.flat("Track", field), plain.flat("Track", field), rtol=rtol)
        assert foreign.flat("Track", field).dtype == plain.flat("Track", field).dtype
