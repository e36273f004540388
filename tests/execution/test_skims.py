"""Skims and converted files give what their sources give, and say what is not in them."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
import yaml
from click.testing import CliRunner

from rarekaon.analysis.cli.convert import command as convert_command
from rarekaon.analysis.cli.skim import command as skim_command
from rarekaon.analysis.contract import schema
from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution import Backend, masked_skims, run, skims
from rarekaon.analysis.execution.errors import ExecutionError
from rarekaon.analysis.execution.planning import inspect_fileset
from rarekaon.analysis.execution.skims import convert, skim
from rarekaon.analysis.processing.blinding import Blinding, Box
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.catalogue import catalogue
from tests.damaged_files.sample import generation_of, good_columns, write
from tests.execution.test_user_data import forget_all, mine  # noqa: F401 (a fixture)
from tests.search.test_user_catalogue import written  # noqa: F401 (a fixture)
from tests.toy_events import toy_columns

HERE = {"backend": Backend("iterative"), "progress": False}
DATA, NORMALISATION = "data_2016_2018", "pi_ee_sm"
BEFORE_CANDIDATES = ("read", "candidate", "trigger")
COLUMNS = ("Track_momentum", "Track_cluster_index", "trigger_*")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("data") / "data.root", with_empty_events(good_columns()))


def with_empty_events(columns):
    """Every third event without its tracks."""
    full = np.arange(len(columns["run"])) % 3 > 0
    changed = {n: v[ak.local_index(v) < 99 * full] for n, v in columns.items() if n.startswith("Track_")}
    index = ak.where(full[:, np.newaxis], columns["Chod_track_index"], -1)
    return columns | changed | {"Chod_track_index": ak.values_astype(index, np.int16)}


class HalfOfTheEvents(Blinding):
    """Masks every event with an even number."""

    def masked(self, columns):
        return np.asarray(columns.event("event") % 2 == 0)


def histograms(path, sample):
    """Of all selections of a search, by name; of the cutflow the rows from the trigger on."""
    result = run(SearchProcessor(("pi_ee",)), {sample: [str(path)]}, **HERE)
    found = {
        (dataset, selection, name): h
        for dataset, selections in result.output["pi_ee"][sample].items()
        for selection, booked in selections.items()
        for name, h in booked.items()
    }
    return found, result.exposure(sample)


def compare(one, other):
    assert one.keys() == other.keys()
    for key, h in one.items():
        first = len(BEFORE_CANDIDATES) if key[2] == "cutflow" else 0  # events without candidates are gone
        np.testing.assert_array_equal(h.view()[first:], other[key].view()[first:], err_msg=str(key))


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_a_skim_of_data_gives_the_same_results(data, tmp_path, kind):
    (made,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path / "skim", kind=kind)
    whole, exposure = histograms(data, DATA)
    small, left = histograms(made.path, DATA)
    compare(whole, small)
    assert exposure == left
    with uproot.open(data) as before, uproot.open(made.path) as after:
        assert after["Events"].num_entries < before["Events"].num_entries
        kept = after["Bursts"].arrays(library="np")
        np.testing.assert_array_equal(kept["burst"], before["Bursts"].arrays(library="np")["burst"])
        assert kept["events"].sum() == after["Events"].num_entries


def test_a_skim_of_simulation_has_all_generated_decays(tmp_path):
    columns = with_empty_events(good_columns(truth=True))
    sample = catalogue().simulation[NORMALISATION]
    side = generation_of(columns, decay=mode(sample.decay).code, seed=sample.seed)
    source = write(tmp_path / "pi_ee_sm.root", columns, side=side)
    (made,) = skim(NORMALISATION, [str(source)], ["pi_ee"], tmp_path / "skim")
    whole, exposure = histograms(source, NORMALISATION)
    small, left = histograms(made.path, NORMALISATION)
    compare(whole, small)
    assert (left.generated, left.weight, left.weight_in_fv) == (
        exposure.generated,
        exposure.weight,
        exposure.weight_in_fv,
    )
    assert 0 < left.events == made.stored <= exposure.events


def test_what_is_masked_is_not_in_it_and_it_is_no_use_once_the_box_is_open(data, tmp_path, monkeypatch):
    (made,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path / "open")
    with uproot.open(made.path) as file:
        everything = set(zip(*(file["Events"][n].array().tolist() for n in ("burst", "event")), strict=True))
    hidden = HalfOfTheEvents((Box("pi_ee"),))
    for module in (masked_skims, skims):
        monkeypatch.setattr(module, "current_blinding", lambda: hidden)
    (made,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path / "hidden")
    inspect_fileset({DATA: [made.path]})
    with uproot.open(made.path) as file:
        left = set(zip(*(file["Events"][n].array().tolist() for n in ("burst", "event")), strict=True))
    assert left == {(burst, event) for burst, event in everything if event % 2}
    monkeypatch.setattr(masked_skims, "current_blinding", lambda: Blinding((Box("pi_ee", ((0, 99999),)),)))
    with pytest.raises(ExecutionError, match=r"was skimmed while the box of pi_ee was masked: .*make the skim again"):
        inspect_fileset({DATA: [made.path]})


def test_some_columns(data, tmp_path):
    (made,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path, columns=COLUMNS)
    with uproot.open(made.path) as file:
        names = {*file["Events"].keys()}
    assert {"run", "burst", "event", "nTrack", "nCluster", "Track_momentum", "trigger_MT", "trigger_time"} <= names
    assert not names & {"Track_chi2", "nLav", "beam_momentum", "Cluster_x"}
    with pytest.raises(ValueError, match="no branch is called 'Trck_\\*'"):
        skim(DATA, [str(data)], ["pi_ee"], tmp_path, columns=["Trck_*"])


def test_parquet(data, tmp_path):
    (made,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path / "p", columns=["Track_*"], kind="parquet")
    (same,) = skim(DATA, [str(data)], ["pi_ee"], tmp_path / "r", columns=["Track_*"])
    table = pq.read_table(made.path)
    with uproot.open(same.path) as file:
        tree = file["Events"]
        assert table.num_rows == tree.num_entries
        assert table["event"].to_pylist() == tree["event"].array().tolist()
        assert table["Track_momentum"].to_pylist() == tree["Track_momentum"].array().tolist()
    kept = json.loads(pq.read_metadata(made.path).metadata[b"Bursts"])
    assert sum(kept["events"]) == table.num_rows


def test_a_skim_does_not_write_over_its_source(data):
    with pytest.raises(ExecutionError, match="would be written over"):
        skim(DATA, [str(data)], ["pi_ee"], data.parent)


def test_a_foreign_file_is_converted_and_what_is_lost_is_said(mine, tmp_path):  # noqa: F811
    mine()
    (made,) = convert("mine", [str(tmp_path / "a.root")], tmp_path / "converted")
    assert "Track_momentum: my_Track_momentum is rounded to 24 bits" in made.lost
    toys = toy_columns(400, seed=3)
    with uproot.open(made.path) as file:
        for name, branch in schema.branches(truth=False).items():
            found = file["Events"][name].array()
            if name in toys and name != "Track_momentum":
                assert ak.array_equal(found, toys[name], dtype_exact=True), name
            assert branch.dtype in str(found.type)
    inspect_fileset({DATA: [made.path]})


def test_columns_that_no_branch_takes_and_sentinels_are_named(mine, tmp_path):  # noqa: F811
    from tests.execution.test_user_data import whole_map

    branches = whole_map()
    del branches["event"]["beam_x"]
    branches["event"]["trigger_time"] = {"of": "my_trigger_time", "absent": -999}
    mine(branches=branches)
    (made,) = convert("mine", [str(tmp_path / "a.root")], tmp_path / "converted")
    assert "columns without a branch: my_beam_x" in made.lost
    assert "trigger_time: -999, which is not measured, becomes 0" in made.lost
    (tmp_path / "rarekaon.yaml").write_text(
        yaml.safe_dump({"data": {"new": {"files": ["converted/*.root"], "dataset": "2016-2018"}}})
    )
    forget_all()
    (found,), _ = inspect_fileset({"new": [made.path]})
    assert found.events == 400, "a file of the user's may lack what not every selection needs"


def test_commands(data, tmp_path, written, monkeypatch):  # noqa: F811
    written(yaml.safe_dump({"data": {"mine": {"files": [str(data)], "dataset": "2016-2018"}}}))
    forget_all()
    result = CliRunner().invoke(skim_command, ["mine", "pi_ee", "--output", str(tmp_path / "s"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["file"] == str(tmp_path / "s" / "data.root")
    result = CliRunner().invoke(convert_command, ["mine", "--output", str(tmp_path / "c"), "--format", "rntuple"])
    assert result.exit_code == 0, result.output
    with uproot.open(tmp_path / "c" / "data.root") as file, uproot.open(data) as source:
        assert file["Events"].num_entries == source["Events"].num_entries
    assert "unknown search" in CliRunner().invoke(skim_command, ["mine", "pi_xx"]).output
