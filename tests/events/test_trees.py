"""Columns read straight from a tree are those that uproot reads."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from analysis import schema
from analysis.events.columns import Columns
from analysis.events.trees import TreeSource
from tests.reading import columns_of
from tests.toy_events import toy_columns, write_toy_file

EVENTS = 1000


@pytest.fixture(scope="module")
def several_baskets(tmp_path_factory):
    """A TTree of four baskets per branch of unequal length."""
    path = tmp_path_factory.mktemp("trees") / "baskets.root"
    counters = {c.branch(f.name): c.counter for c in schema.COLLECTIONS for f in c.fields}
    parts = [toy_columns(n, seed=n) for n in (1, 400, 0, 599)]
    types = {k: v.dtype if isinstance(v, np.ndarray) else ak.type(v).content for k, v in parts[1].items()}
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", types, counter_name=lambda branch: counters[branch])
        for part in parts:
            counts = {counters[k]: ak.to_numpy(ak.num(v)).astype("int32") for k, v in part.items() if k in counters}
            tree.extend(part | counts)
    return path


@pytest.mark.parametrize("window", [(0, EVENTS), (0, 1), (1, 401), (17, 17), (399, 402), (1000, 1000)])
def test_any_window_over_any_baskets(window, several_baskets):
    with uproot.open(several_baskets) as file:
        tree = file["Events"]
        source = TreeSource(tree, *window)
        assert len(source) == window[1] - window[0]
        for c in (schema.TRACK, schema.LAV):
            for field in c.fields:
                wanted = tree[c.branch(field.name)].array(entry_start=window[0], entry_stop=window[1])
                flat = source.flat(c.name, field.name)
                assert flat.dtype == np.dtype(field.dtype)
                np.testing.assert_array_equal(flat, ak.to_numpy(ak.flatten(wanted)))
                np.testing.assert_array_equal(source.counts(c.name), ak.to_numpy(ak.num(wanted)))
        np.testing.assert_array_equal(source.event("event"), tree["event"].array()[slice(*window)])


@pytest.mark.parametrize("rntuple", [False, True], ids=["TTree", "RNTuple"])
def test_both_formats_give_the_columns_of_nano_events(rntuple, tmp_path):
    path = write_toy_file(tmp_path / "toy.root", 200, truth=True, rntuple=rntuple)
    direct, nano = Columns(TreeSource(uproot.open(path)["Events"], 50, 150)), columns_of(
        path, entry_start=50, entry_stop=150
    )  # fmt: skip
    assert direct.simulated
    assert nano.simulated
    for name in ("momentum", "charge", "cluster_index"):
        np.testing.assert_array_equal(direct.flat("Track", name), nano.flat("Track", name))
    np.testing.assert_array_equal(direct.offsets("Track"), nano.offsets("Track"))
    np.testing.assert_array_equal(direct.event("truth_weight"), nano.event("truth_weight"))


class Counting:
    """A source that counts how often it is read."""

    def __init__(self, source):
        self.source, self.reads = source, []
        self.fields = source.fields

    def __len__(self):
        return len(self.source)

    def event(self, name):
        self.reads.append(name)
        return self.source.event(name)

    def flat(self, collection, field):
        self.reads.append(f"{collection}_{field}")
        return self.source.flat(collection, field)

    def counts(self, collection):
        self.reads.append(f"n{collection}")
        return self.source.counts(collection)


def test_no_column_is_read_twice_and_all_are_said(several_baskets):
    with uproot.open(several_baskets) as file:
        source = Counting(TreeSource(file["Events"], 0, EVENTS))
        columns = Columns(source)
        for _ in range(2):
            columns.event("run"), columns.flat("Track", "momentum"), columns.offsets("Track"), columns.offsets("Lav")
        assert sorted(source.reads) == sorted(columns.read) == ["Track_momentum", "nLav", "nTrack", "run"]


@pytest.mark.parametrize("seed", range(4))
def test_columns_without_some_events_are_those_of_the_others(seed, several_baskets):
    rng = np.random.default_rng(seed)
    hidden = rng.random(EVENTS) < (0.01, 0.5, 0.99, 1.0)[seed]
    with uproot.open(several_baskets) as file:
        tree = file["Events"]
        columns = Columns(TreeSource(tree, 0, EVENTS))
        columns.event("run"), columns.flat("Track", "momentum"), columns.offsets("Track")
        left = columns.without(hidden)
        arrays = tree.arrays(["run", "event", "Track_momentum", "Track_charge", "Lav_time", "nLav"])[~hidden]
    assert len(left) == len(arrays)
    np.testing.assert_array_equal(left.event("run"), arrays["run"])
    np.testing.assert_array_equal(np.diff(left.offsets("Track")), ak.to_numpy(ak.num(arrays["Track_momentum"])))
    with uproot.open(several_baskets) as file:
        left.source._source._tree = file["Events"]
        np.testing.assert_array_equal(left.event("event"), arrays["event"])
        np.testing.assert_array_equal(left.flat("Track", "momentum"), ak.to_numpy(ak.flatten(arrays["Track_momentum"])))
        np.testing.assert_array_equal(left.flat("Track", "charge"), ak.to_numpy(ak.flatten(arrays["Track_charge"])))
        np.testing.assert_array_equal(left.flat("Lav", "time"), ak.to_numpy(ak.flatten(arrays["Lav_time"])))
        np.testing.assert_array_equal(np.diff(left.offsets("Lav")), arrays["nLav"])
