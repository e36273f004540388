"""Exposure adds up, or says what does not."""

import numpy as np
import pytest
import uproot

from analysis.events.exposure import Exposure, ExposureError, exposure
from analysis.schema import GENERATION
from tests.toy_events import write_toy_file


def test_simulated_exposure_is_the_sum_over_blocks(tmp_path):
    files = [str(write_toy_file(tmp_path / f"{seed}.root", 50, seed=seed, truth=True)) for seed in (1, 2)]
    both, parts = exposure(files), [exposure([f]) for f in files]
    assert both.simulated
    assert both.events == 100
    assert both.generated == 1000
    assert both.weight_in_fv == sum(p.weight_in_fv for p in parts)
    assert Exposure.from_numbers(both.as_numbers()) == both


def test_data_exposure_counts_bursts(tmp_path):
    found = exposure([str(write_toy_file(tmp_path / "data.root", 60))])
    assert (found.simulated, found.events, found.generated) == (False, 60, 0)
    assert found.bursts > 0


def test_the_same_block_twice_is_an_error(tmp_path):
    path = str(write_toy_file(tmp_path / "a.root", 10, truth=True))
    with pytest.raises(ExposureError, match="occurs twice"):
        exposure([path, path])


def test_mixed_files_are_an_error(tmp_path):
    data = str(write_toy_file(tmp_path / "data.root", 10))
    simulated = str(write_toy_file(tmp_path / "mc.root", 10, truth=True))
    with pytest.raises(ExposureError, match="mixes data"):
        exposure([data, simulated])


def test_a_file_that_lost_an_event_is_refused(tmp_path):
    path = write_toy_file(tmp_path / "mc.root", 10, truth=True, trees=("Events",))
    row = {b.name: np.array([11], b.dtype) for b in GENERATION.fields}
    with uproot.update(path) as file:
        file.mktree("Generation", {b.name: b.dtype for b in GENERATION.fields}).extend(row)
    with pytest.raises(ExposureError, match="holds 10 events, its side tree says 11"):
        exposure([str(path)])
