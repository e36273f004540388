"""Files of samples in both formats."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rarekaon.analysis.facts.models import RareResponses, conditions
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.samples.blocks import decay_simulation
from rarekaon.analysis.simulation.samples.writer import SampleWriter


@pytest.fixture(scope="module")
def output():
    running = RunningConditions.of(conditions().of("2016-2018"), downscaled=False)
    return decay_simulation("K+ -> pi+ nu nu", "all", RareResponses(), running, 3).block(0, 1000)


def written(path, outputs, file_format):
    with SampleWriter(path, truth=True, identity="test", file_format=file_format) as writer:
        for one in outputs:
            writer.write(one)
    return uproot.open(path)["Events"]


def test_both_formats_hold_the_same(output, tmp_path):
    tree, ntuple = (written(tmp_path / f"{f}.root", [output, output], f) for f in ("ttree", "rntuple"))
    assert tree.num_entries == ntuple.num_entries == 2 * len(output.event)
    for name in ("truth_weight", "nTrack", "nGtk"):
        np.testing.assert_array_equal(tree[name].array(library="np"), ntuple[name].array(library="np"))


def test_no_cluster_of_an_rntuple_is_empty(output, tmp_path):
    """ROOT refuses to read a file with one."""
    ntuple = written(tmp_path / "x.root", [output], "rntuple")
    assert [c.num_entries for c in ntuple.cluster_summaries] == [len(output.event)]


@pytest.mark.parametrize("file_format", ["ttree", "rntuple"])
def test_a_sample_without_events_can_be_read(file_format, tmp_path):
    assert written(tmp_path / "x.root", [], file_format).num_entries == 0
