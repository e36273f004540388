"""Columns of a tree are those that uproot reads, straight from the baskets and through uproot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
import uproot

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.baskets import Basket
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.tree_headers import UnknownHeaderError, read_header
from rarekaon.analysis.events.trees import StoredTree, UprootTree, open_file, open_tree
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


WAYS = {"baskets": lambda file: open_tree(file, "Events"), "uproot": lambda file: UprootTree(file["Events"])}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("window", [(0, EVENTS), (0, 1), (1, 401), (17, 17), (399, 402), (1000, 1000)])
def test_any_window_over_any_baskets(window, way, several_baskets):
    with uproot.open(several_baskets) as file:
        tree = file["Events"]
        source = WAYS[way](file).source(*window)
        assert len(source) == window[1] - window[0]
        for c in (schema.TRACK, schema.LAV):
            for field in c.fields:
                wanted = tree[c.branch(field.name)].array(entry_start=window[0], entry_stop=window[1])
                flat = source.flat(c.name, field.name)
                assert flat.dtype.newbyteorder("=") == np.dtype(field.dtype)
                np.testing.assert_array_equal(flat, ak.to_numpy(ak.flatten(wanted)))
                np.testing.assert_array_equal(source.counts(c.name), ak.to_numpy(ak.num(wanted)))
        np.testing.assert_array_equal(source.event("event"), tree["event"].array()[slice(*window)])


@pytest.mark.parametrize("rntuple", [False, True], ids=["TTree", "RNTuple"])
def test_both_formats_give_the_columns_of_nano_events(rntuple, tmp_path):
    path = write_toy_file(tmp_path / "toy.root", 200, truth=True, rntuple=rntuple)
    direct, nano = Columns(open_tree(uproot.open(path), "Events").source(50, 150)), columns_of(
        path, entry_start=50, entry_stop=150
    )  # fmt: skip
    assert direct.simulated
    assert nano.simulated
    for name in ("momentum", "charge", "cluster_index"):
        np.testing.assert_array_equal(direct.flat("Track", name), nano.flat("Track", name))
    np.testing.assert_array_equal(direct.offsets("Track"), nano.offsets("Track"))
    np.testing.assert_array_equal(direct.event("truth_weight"), nano.event("truth_weight"))


@pytest.mark.parametrize("packing", [None, uproot.ZSTD(3), uproot.ZLIB(1), uproot.LZ4(1)], ids=repr)
def test_baskets_packed_in_any_way(packing, tmp_path):
    path, events = tmp_path / "packed.root", 5000
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 4, events)
    momentum = ak.unflatten(rng.integers(0, 9, counts.sum()).astype(np.float32), counts)
    with uproot.recreate(path, compression=packing) as file:
        tree = file.mktree(
            "Events", {"run": "int32", "Track_momentum": "var * float32"}, counter_name=lambda branch: "nTrack"
        )
        for rows in (slice(0, 2000), slice(2000, events)):
            tree.extend({
                "run": np.arange(events, dtype=np.int32)[rows],
                "Track_momentum": momentum[rows],
                "nTrack": counts[rows].astype(np.int32),
            })  # fmt: skip
    with uproot.open(path) as file:
        assert isinstance(open_tree(file, "Events"), StoredTree)
        for window in ((100, 4000), (0, events), (2000, events), (0, 2000), (1999, 2001)):
            source = open_tree(file, "Events").source(*window)
            wanted = ak.to_numpy(ak.flatten(momentum[slice(*window)]))
            np.testing.assert_array_equal(source.event("run"), np.arange(*window))
            np.testing.assert_array_equal(source.flat("Track", "momentum"), wanted)


def packed_basket(content, full, lost=0):
    """A basket of ZSTD that should have `full` bytes, the last packed ones `lost`."""
    frame = pa.compress(content, codec="zstd", asbytes=True)
    frame = frame[: len(frame) - lost]
    data = b"ZS\1" + len(frame).to_bytes(3, "little") + full.to_bytes(3, "little") + frame
    return Basket(SimpleNamespace(raw_data=np.frombuffer(data, np.uint8)), 7, 0, full, full)


def test_a_basket_that_is_cut_short_is_refused():
    content = np.random.default_rng(1).bytes(1_000_000)
    assert packed_basket(content, len(content)).unpack().tobytes() == content
    with pytest.raises(ValueError, match="the basket at byte 7 is damaged"):
        packed_basket(content, len(content), lost=1000).unpack()


def test_a_basket_that_ends_too_early_is_refused():
    with pytest.raises(ValueError, match="the basket at byte 7 is damaged"):
        packed_basket(bytes(100), 200).unpack()


def test_a_damaged_basket_is_refused(tmp_path):
    path = tmp_path / "damaged.root"
    with uproot.recreate(path, compression=uproot.ZSTD(3)) as file:
        file.mktree("Events", {"run": "int32"}).extend({"run": np.zeros(5000, np.int32)})
    with uproot.open(path) as file:
        stored: Any = open_tree(file, "Events").source(0, 1)
        place = int(stored._header.branches["run"].seek[0])
    packed = bytearray(path.read_bytes())
    block = packed.index(b"ZS", place) + 9
    packed[block : block + 4] = bytes(4)  # no frame of ZSTD begins so
    path.write_bytes(packed)
    with uproot.open(path) as file, pytest.raises(ValueError, match="byte"):
        open_tree(file, "Events").source(0, 5000).event("run")


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

    def flat(self, collection, field, offsets=None):
        self.reads.append(f"{collection}_{field}")
        return self.source.flat(collection, field, offsets)

    def counts(self, collection):
        self.reads.append(f"n{collection}")
        return self.source.counts(collection)


def test_no_column_is_read_twice_and_all_are_said(several_baskets):
    with uproot.open(several_baskets) as file:
        source = Counting(open_tree(file, "Events").source(0, EVENTS))
        columns = Columns(source)
        for _ in range(2):
            columns.event("run"), columns.flat("Track", "momentum"), columns.offsets("Track"), columns.offsets("Lav")
        assert sorted(source.reads) == sorted(columns.read) == ["Track_momentum", "nLav", "nTrack", "run"]


@pytest.mark.parametrize("seed", range(4))
def test_columns_without_some_events_are_those_of_the_others(seed, several_baskets):
    rng = np.random.default_rng(seed)
    masked = rng.random(EVENTS) < (0.01, 0.5, 0.99, 1.0)[seed]
    with uproot.open(several_baskets) as file:
        columns = Columns(open_tree(file, "Events").source(0, EVENTS))
        columns.event("run"), columns.flat("Track", "momentum"), columns.offsets("Track")
        left = columns.without(masked)
        names = ["run", "event", "Track_momentum", "Track_charge", "Lav_time", "nLav"]
        arrays = file["Events"].arrays(names)[~masked]
        assert len(left) == len(arrays)
        np.testing.assert_array_equal(left.event("run"), arrays["run"])
        np.testing.assert_array_equal(np.diff(left.offsets("Track")), ak.to_numpy(ak.num(arrays["Track_momentum"])))
        np.testing.assert_array_equal(left.event("event"), arrays["event"])
        np.testing.assert_array_equal(left.flat("Track", "momentum"), ak.to_numpy(ak.flatten(arrays["Track_momentum"])))
        np.testing.assert_array_equal(left.flat("Track", "charge"), ak.to_numpy(ak.flatten(arrays["Track_charge"])))
        np.testing.assert_array_equal(left.flat("Lav", "time"), ak.to_numpy(ak.flatten(arrays["Lav_time"])))
        np.testing.assert_array_equal(np.diff(left.offsets("Lav")), arrays["nLav"])


def test_events_can_be_taken_out_before_anything_asked_for_offsets(several_baskets):
    masked = np.arange(EVENTS) % 7 == 0
    with uproot.open(several_baskets) as file:
        columns = Columns(open_tree(file, "Events").source(0, EVENTS))
        columns.flat("Track", "momentum")
        left = columns.without(masked)
        wanted = ak.flatten(file["Events"]["Track_momentum"].array()[~masked])
        np.testing.assert_array_equal(left.flat("Track", "momentum"), ak.to_numpy(wanted))


def test_some_objects_are_those_of_the_whole_column(several_baskets):
    index = np.array([[5, 0, 900], [17, 17, 3]])
    with uproot.open(several_baskets) as file:
        tree = open_tree(file, "Events")
        for names in (("momentum", "charge"), ("charge", "momentum")):
            columns, fresh = (Columns(tree.source(0, EVENTS)) for _ in range(2))
            for name in names:
                some = columns.at("Track", name, index)
                assert some.dtype.isnative
                np.testing.assert_array_equal(some, fresh.flat("Track", name)[index])
                np.testing.assert_array_equal(columns.flat("Track", name), fresh.flat("Track", name))
                np.testing.assert_array_equal(columns.at("Track", name, index), some)


@pytest.mark.parametrize("truth", [False, True])
def test_headers_say_what_uproot_finds(truth, tmp_path):
    path = write_toy_file(tmp_path / "toy.root", 50, truth=truth)
    with uproot.open(path) as file:
        for name in file.keys(cycle=False):
            ours, theirs = open_tree(file, name), UprootTree(file[name])
            assert isinstance(ours, StoredTree)
            assert ours.entries == theirs.entries
            assert list(ours.types().items()) == list(theirs.types().items())


def test_trees_that_are_written_in_another_way_are_left_to_uproot(tmp_path):
    with uproot.recreate(tmp_path / "vectors.root") as file:
        file.mktree("Events", {"x": np.dtype(("f8", (3,)))}).extend({"x": np.ones((5, 3))})
        file.mktree("Side", {"x": "f8"}).extend({"x": np.arange(5.0)})
    with uproot.open(tmp_path / "vectors.root") as file:
        tree = open_tree(file, "Events")
        assert isinstance(tree, UprootTree)
        np.testing.assert_array_equal(tree.source(1, 3).event("x"), np.ones((2, 3)))
        np.testing.assert_array_equal(open_tree(file, "Side").source(1, 3).event("x"), [1.0, 2.0])
        with pytest.raises(KeyError):
            open_tree(file, "Nothing")


def test_a_branch_that_is_not_there(several_baskets):
    with uproot.open(several_baskets) as file:
        source = open_tree(file, "Events").source(0, 10)
        with pytest.raises(ValueError, match="no branch 'nothing'"):
            source.event("nothing")
        with pytest.raises(ValueError, match="no jagged branch 'Track_run'"):
            source.flat("Track", "run")


@pytest.mark.parametrize("cut", [1, 60, 300, 5000])
def test_half_a_header_is_unknown(cut, several_baskets):
    with uproot.open(several_baskets) as file:
        key = file.key("Events")
        data = bytes(key.get_uncompressed_chunk_cursor()[0].raw_data)
        assert len(read_header(data, key.fKeylen).branches) == len(file["Events"].keys())
    with pytest.raises(UnknownHeaderError):
        read_header(data[:cut], key.fKeylen)


def test_a_file_of_this_machine_is_opened_once(tmp_path):
    """What is open can be read to the end, whatever becomes of its name."""
    path = write_toy_file(tmp_path / "events.root", 10)
    with open_file(str(path)) as file:
        source = open_tree(file, "Events").source(0, 10)
        path.unlink()
        assert len(source.event("run")) == 10
        assert len(source.flat("Track", "momentum")) == source.counts("Track").sum()
