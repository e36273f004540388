"""NanoEvents of the contract: records, vectors, cross references; the same from both file formats."""

import awkward as ak
import numpy as np
import pytest

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.nano_schema import MissingBranchError
from tests.reading import columns_of, nano_events
from tests.toy_events import toy_columns, write_toy_file


@pytest.fixture(scope="module", params=[False, True], ids=["ttree", "rntuple"])
def file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.root"
    return write_toy_file(path, 300, seed=5, truth=True, rntuple=request.param), toy_columns(300, seed=5, truth=True)


def test_every_branch_comes_back_as_it_was_written(file):
    path, written = file
    columns = columns_of(path)
    for c in schema.COLLECTIONS:
        for field in c.fields:
            expected = ak.to_numpy(ak.flatten(written[c.branch(field.name)]))
            np.testing.assert_array_equal(columns.flat(c.name, field.name), expected)
        np.testing.assert_array_equal(np.diff(columns.offsets(c.name)), ak.num(written[c.branch(c.fields[0].name)]))
    for branch in (*schema.EVENT, *schema.TRUTH):
        np.testing.assert_array_equal(columns.event(branch.name), written[branch.name])


def test_tracks_are_vectors(file):
    events = nano_events(file[0])
    track = events.Track
    np.testing.assert_allclose(
        ak.to_numpy(ak.flatten(track.p3.mag)), np.abs(ak.to_numpy(ak.flatten(track.momentum))), rtol=1e-6
    )
    four = ak.flatten(track.p4(139.57))
    np.testing.assert_allclose(ak.to_numpy(four.tau), 139.57, rtol=1e-6)
    assert ak.to_numpy(four.px).dtype == np.float64


@pytest.mark.parametrize("first", [0, 37])
def test_cross_references_find_their_objects_after_slicing(file, first):
    events = nano_events(file[0])[first:]
    for associated, index, energy in (("cluster", "cluster_index", "Cluster"), ("muv3", "muv3_index", "Muv3")):
        found = ak.to_list(getattr(events.Track, associated).time)
        indices, times = ak.to_list(events.Track[index]), ak.to_list(events[energy].time)
        expected = [[t[i] if i >= 0 else None for i in row] for row, t in zip(indices, times, strict=True)]
        assert found == expected


def test_only_touched_branches_are_read(file):
    columns = columns_of(file[0])
    columns.flat("Track", "momentum")
    assert set(columns._columns) == {("Track", "momentum")}


def test_a_missing_branch_is_named(tmp_path):
    path = write_toy_file(tmp_path / "bad.root", 10, drop=("Lav_station",))
    with pytest.raises(MissingBranchError, match="Lav_station"):
        nano_events(path)
