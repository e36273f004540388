"""RNTuples as ROOT's `Snapshot` and importer write them: `tests.root.written_by_root` made the files with ROOT 6.40."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.errors import ExecutionError
from rarekaon.analysis.execution.layouts import open_events
from rarekaon.analysis.execution.planning import inspect_fileset
from rarekaon.analysis.processing.processor import SearchProcessor
from tests.execution.toy_processors import ToyProcessor
from tests.toy_events import toy_columns

EVENTS = 30
FILES = {name: Path(__file__).parent / "written_by_root" / f"{name}.root" for name in ("snapshot", "importer")}


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_the_events_are_those_that_were_written(path: Path) -> None:
    (found,), _ = inspect_fileset({"toy": [str(path)]})
    toys = toy_columns(EVENTS)
    assert found.events == EVENTS == found.bursts["events"].sum()
    with open_file(str(path)) as file:
        columns = Columns(open_events(file, str(path), "toy").source(3, EVENTS))
        for branch in schema.EVENT:
            np.testing.assert_array_equal(columns.event(branch.name), toys[branch.name][3:])
            assert columns.event(branch.name).dtype == branch.dtype
        for c in schema.COLLECTIONS:
            for field in () if c.truth else c.fields:
                wanted = toys[c.branch(field.name)][3:]
                np.testing.assert_array_equal(np.diff(columns.offsets(c.name)), ak.num(wanted))
                np.testing.assert_array_equal(columns.flat(c.name, field.name), ak.to_numpy(ak.flatten(wanted)))
                assert columns.flat(c.name, field.name).dtype == field.dtype


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_a_reader_that_knows_no_char_would_have_other_charges(path: Path) -> None:
    """Why these files are read here and not as they stand."""
    with uproot.open(path) as file:
        assert ak.max(file["Events"]["Track_charge"].array()) == 255


def test_a_search_runs_over_them_and_a_processor_of_nano_events_does_not() -> None:
    here = {"backend": Backend("iterative"), "progress": False}
    files = {"data_2016_2018": [str(FILES["snapshot"])]}
    result = run(SearchProcessor(("pi_ee",)), files, **here)
    assert result.output["pi_ee"]["data_2016_2018"]["2016-2018"]["signal"]["cutflow"]["read"].value <= EVENTS
    for name, message in (("snapshot", "Track_charge is 255"), ("importer", "a processor of NanoEvents cannot have")):
        with pytest.raises(ExecutionError, match=message):
            run(ToyProcessor(), {"data_2016_2018": [str(FILES[name])]}, **here)
