"""Files of samples in both formats."""

from __future__ import annotations

import os
import socket
import subprocess

import numpy as np
import pytest
import uproot

from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
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


def test_what_an_interrupted_process_left_is_removed_by_the_next(output, tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = socket.gethostname()
    left, alive, elsewhere = (
        tmp_path / f".x.root.{name}" for name in (f"{host}.{ended.pid}", f"{host}.{os.getppid()}", "elsewhere.1")
    )
    for path in (left, alive, elsewhere):
        path.write_bytes(b"half")
    written(tmp_path / "x.root", [output], "ttree")
    assert sorted(tmp_path.iterdir()) == sorted([alive, elsewhere, tmp_path / "x.root"])


def test_no_name_of_this_process_is_in_a_file(output, tmp_path):
    written(tmp_path / "x.root", [output], "ttree")
    assert f".{os.getpid()}".encode() not in (tmp_path / "x.root").read_bytes()


def test_nothing_stays_of_a_file_that_is_not_finished(output, tmp_path):
    writer = SampleWriter(tmp_path / "x.root", truth=True, identity="x").__enter__()
    writer.write(output)
    writer.__exit__(RuntimeError, RuntimeError("no power"), None)
    assert not list(tmp_path.iterdir())
