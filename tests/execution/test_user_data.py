"""A user's own files are run over as the contract's are: in a folder, under other names, with branches missing."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from click.testing import CliRunner

from rarekaon.analysis.cli.data import command as data
from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import AbsentBranchError
from rarekaon.analysis.execution import Backend, layouts, run
from rarekaon.analysis.execution.errors import ExecutionError
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.inputs import inspect_file
from rarekaon.analysis.execution.user_data import check_file, needed, unable
from rarekaon.analysis.processing.blinding import current_blinding
from rarekaon.analysis.processing.processor import SearchProcessor
from tests.search.test_user_catalogue import forget, written  # noqa: F401 (a fixture)
from tests.toy_events import toy_columns

EVENTS = 400


def forget_all() -> None:
    forget()
    layouts.map_of.cache_clear()


def foreign(path, *, without=(), prefix="my_", extra=None):
    """Toy data as an ntuple of one's own has them: in a folder, other names, GeV, signed runs; with `extra` columns."""
    columns = {k: v for k, v in toy_columns(EVENTS, seed=3).items() if k not in without}
    counters = {c.branch(f.name): c.counter for c in schema.COLLECTIONS for f in c.fields}
    content, types = {}, {}
    columns["run"] = columns["run"].astype("int32")
    columns["Track_momentum"] = ak.values_astype(columns["Track_momentum"], "float64") / 1000
    for name, values in columns.items():
        content[prefix + name] = values
        types[prefix + name] = values.dtype if isinstance(values, np.ndarray) else ak.type(values).content
        if name in counters:
            content[prefix + counters[name]] = ak.to_numpy(ak.num(values)).astype("int32")
    content |= extra or {}
    types |= {name: values.dtype for name, values in (extra or {}).items()}
    with uproot.recreate(path) as file:
        tree = file.mktree("ntuple/Reco", types, counter_name=lambda branch: prefix + counters[branch[len(prefix) :]])
        tree.extend(content)
    return path


def whole_map(prefix="my_"):
    """The map of such a file."""
    collections = {
        c.name: {"counter": prefix + c.counter, "fields": {f.name: prefix + c.branch(f.name) for f in c.fields}}
        for c in schema.COLLECTIONS
        if not c.truth
    }
    collections["Track"]["fields"]["momentum"] = {"of": prefix + "Track_momentum", "unit": "GeV"}
    event = {b.name: prefix + b.name for b in schema.EVENT}
    return {"name": "mine", "source": "a test", "tree": "ntuple/Reco", "event": event, "collections": collections}


@pytest.fixture
def mine(written, tmp_path):  # noqa: F811
    """Writes foreign files and a catalogue that has them as the sample `mine`."""

    def write(*without, branches=None):
        foreign(tmp_path / "a.root", without=without)
        (tmp_path / "map.yaml").write_text(yaml.safe_dump(branches or whole_map()))
        written("data:\n  mine: {files: ['*.root'], dataset: 2016-2018, map: map.yaml}\n")
        forget_all()

    yield write
    layouts.map_of.cache_clear()


def test_a_foreign_file_is_looked_into_through_its_map(mine, tmp_path):
    mine()
    found = inspect_file(("mine", str(tmp_path / "a.root")))
    assert not found.simulated
    toys = toy_columns(EVENTS, seed=3)
    assert found.events == EVENTS == found.bursts["events"].sum()
    assert found.exposure.bursts == len({*zip(toys["run"].tolist(), toys["burst"].tolist(), strict=True)})


def test_it_is_run_over_and_what_boxes_mask_stays_masked(mine, tmp_path):
    mine()
    result = run(SearchProcessor(("pi_ee",)), fileset(["mine"], tmp_path), backend=Backend("iterative"), progress=False)
    assert [f.events for f in result.files] == [EVENTS]
    cutflow = result.output["pi_ee"]["mine"]["2016-2018"]["signal"]["cutflow"]
    assert 0 < cutflow["read"].value <= EVENTS


def test_columns_are_those_of_the_contract(mine, tmp_path):
    mine()
    toys = toy_columns(EVENTS, seed=3)
    with uproot.open(tmp_path / "a.root") as file:
        columns = Columns(layouts.open_events(file, "a.root", "mine").source(0, EVENTS))
        for c in schema.COLLECTIONS:
            for field in () if c.truth else c.fields:
                wanted = ak.to_numpy(ak.flatten(toys[c.branch(field.name)]))
                np.testing.assert_allclose(columns.flat(c.name, field.name), wanted, rtol=1e-6, err_msg=field.name)
        for branch in schema.EVENT:
            np.testing.assert_array_equal(columns.event(branch.name), toys[branch.name])


def test_what_a_search_lacks_is_named_and_nothing_is_shown_that_cannot_be_judged(mine, tmp_path):
    branches = whole_map()
    del branches["collections"]["Track"]["fields"]["muv3_index"]
    mine("Track_muv3_index", branches=branches)
    report = check_file(("mine", str(tmp_path / "a.root")))
    assert report.problem == ""
    assert report.events == EVENTS
    assert all(missing == ("Track_muv3_index",) for missing in report.lacking.values())
    output = CliRunner().invoke(data, ["check", "--workers", "1"]).output
    assert f"{EVENTS} events in" in output
    assert unable(("pi_ee", "pi_mumu")).keys() <= {"pi_mumu"}
    with uproot.open(tmp_path / "a.root") as file:
        columns = Columns(layouts.open_events(file, "a.root", "mine").source(0, EVENTS))
        with pytest.raises(AbsentBranchError, match="the events have no Track_muv3_index"):
            columns.flat("Track", "muv3_index")
        assert current_blinding().masked(columns).all(), "a box that needs the branch masks whatever may be inside"


def test_every_search_says_what_it_needs(mine, tmp_path):
    """With nothing but identities every search lacks its trigger lines."""
    mine(branches={**whole_map(), "collections": {}, "event": {n: f"my_{n}" for n in ("run", "burst", "event")}})
    with uproot.open(tmp_path / "a.root") as file:
        tree = layouts.open_events(file, "a.root", "mine")
        lacks = schema.branches(truth=False).keys() - tree.types().keys()
        assert "trigger_MT" in needed("pi_ee", "mine", tree.source(0, EVENTS), lacks)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tree": "ntuple/Events"}, "has no tree 'ntuple/Events'; it holds"),
        ({"event": {"run": "Run", "burst": "my_burst", "event": "my_event"}}, "has no columns for run"),
        ({"name": 3, "nam": 4}, "nam"),
    ],
)
def test_what_is_wrong_with_a_map_is_said_before_any_run(mine, tmp_path, change, message):
    mine(branches={**whole_map(), **change})
    report = check_file(("mine", str(tmp_path / "a.root")))
    assert message in report.problem
    with pytest.raises((ExecutionError, ValueError), match=message[:12]):
        inspect_file(("mine", str(tmp_path / "a.root")))
