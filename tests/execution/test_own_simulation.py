"""Simulation of other programs takes the place of ours: by its decay, with weights and truth as far as it has them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from rarekaon.analysis.cli.data import command as data
from rarekaon.analysis.decays import mode
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution import Backend, layouts, run
from rarekaon.analysis.execution.errors import ExecutionError
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.planning import inspect_fileset
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search
from tests.execution.test_user_data import foreign as foreign_data
from tests.execution.test_user_data import forget_all, whole_map
from tests.search.test_user_catalogue import written  # noqa: F401 (a fixture)
from tests.toy_events import toy_columns, write_toy_file

EVENTS = 400
DECAY = "K+ -> pi+ e+ e-"
HERE = {"backend": Backend("iterative"), "progress": False}


@pytest.fixture
def declare(written):  # noqa: F811
    """Writes a catalogue with samples of simulation, by name."""

    def write(**samples):
        for sample in samples.values():
            sample.setdefault("dataset", "2016-2018")
            sample.setdefault("decay", DECAY)
        written(yaml.safe_dump({"simulation": samples}))
        forget_all()

    yield write
    layouts.map_of.cache_clear()


def weighted(tmp_path, *, weight="w", number=0):
    """A foreign ntuple with a weight and no other truth, and its map."""
    toys = toy_columns(EVENTS, seed=3, truth=True)
    path = tmp_path / f"mc{number}.root"
    foreign_data(path, extra={"w": toys["truth_weight"]} if weight == "w" else {})
    branches = whole_map()
    branches["event"]["truth_weight"] = weight
    (tmp_path / "map.yaml").write_text(yaml.safe_dump(branches))
    return toys["truth_weight"]


def test_it_takes_the_place_of_the_sample_of_the_same_decay(declare, tmp_path):
    before, elsewhere = search("pi_ee", "2016-2018"), search("pi_ee", "2017")
    normalisation = before.samples.normalisation
    assert catalogue().simulation[normalisation].decay == DECAY
    declare(mine={"files": ["mc*.root"], "generated": 1000})
    after = search("pi_ee", "2016-2018")
    assert after.samples.normalisation == "mine"
    assert after.samples.backgrounds == before.samples.backgrounds
    assert search("pi_ee", "2017").samples == elsewhere.samples
    assert catalogue().simulated("mine").mode == DECAY
    output = CliRunner().invoke(data, ["list"]).output
    assert "mine: K+ -> pi+ e+ e-, for 2016-2018" in output
    assert "pi_ee/2016-2018" in output


def test_errors_of_a_background_go_with_it(declare):
    with_error = next(s for s in search("pi_ee", "2016-2018").systematics if s.samples)
    old = with_error.samples[0]
    declare(mine={"files": ["a.root"], "decay": catalogue().simulation[old].decay,
                  "part": catalogue().simulation[old].part, "generated": 10})  # fmt: skip
    after = search("pi_ee", "2016-2018")
    assert "mine" in next(s for s in after.systematics if s.name == with_error.name).samples
    assert "mine" in after.samples.backgrounds
    assert old not in after.samples.all


def test_two_for_one_place_are_refused(declare):
    declare(one={"files": ["a.root"], "generated": 1}, two={"files": ["b.root"], "generated": 1})
    with pytest.raises(ValueError, match="one and two are both in place of pi_ee_sm in "):
        search("pi_ee", "2016-2018")


def test_weights_and_generated_decays_count_and_truth_need_not_be_there(declare, tmp_path):
    weights = [weighted(tmp_path, number=n) for n in (0, 1)]
    declare(mine={"files": ["mc*.root"], "generated": 1001, "weight": 2e6, "weight_in_fv": 1e6, "map": "map.yaml"})
    result = run(SearchProcessor(("pi_ee",)), fileset(["mine"], tmp_path), **HERE)
    exposure = result.exposure("mine")
    assert (exposure.simulated, exposure.events, exposure.generated) == (True, 2 * EVENTS, 1001)
    assert (exposure.weight, exposure.weight_in_fv) == (2e6, 1e6)
    booked = result.output["pi_ee"]["mine"]["2016-2018"]["normalisation"]
    assert booked["cutflow"]["read"].value == pytest.approx(sum(w.sum() for w in weights))
    assert booked["cutflow"]["read"].variance == pytest.approx(sum((w**2).sum() for w in weights))
    assert not any(h.sum().value for name, h in booked.items() if name.startswith("resolution"))
    checked = CliRunner().invoke(data, ["check", "--workers", "1"])
    assert checked.exit_code == 0, checked.output
    assert f"{EVENTS} events of 501 simulated decays" in checked.output


def test_files_of_the_contract_need_no_numbers(declare, tmp_path):
    write_toy_file(tmp_path / "mc.root", EVENTS, truth=True, decay=mode(DECAY).code)
    declare(mine={"files": ["mc.root"]})
    result = run(SearchProcessor(("pi_ee",)), fileset(["mine"], tmp_path), **HERE)
    assert result.exposure("mine").generated == 10 * EVENTS
    assert any("resolution" in name for name in result.output["pi_ee"]["mine"]["2016-2018"]["normalisation"])


def test_a_file_of_another_decay_is_refused(declare, tmp_path):
    write_toy_file(tmp_path / "mc.root", EVENTS, truth=True, decay=mode("K+ -> pi- e+ e+").code)
    declare(mine={"files": ["mc.root"]})
    with pytest.raises(ExecutionError, match=r"holds decays of code \d+ but mine is K\+ -> pi\+ e\+ e- \(code 1\)"):
        inspect_fileset(fileset(["mine"], tmp_path))


@pytest.mark.parametrize("weight", ["1", "my_run * 0 + 1"])
def test_data_that_are_named_as_simulation_are_no_way_into_a_box(declare, tmp_path, weight):
    """A constant in the map says nothing of the file; a column is a statement about it, and shows in the map."""
    weighted(tmp_path, weight=weight)
    declare(mine={"files": ["mc*.root"], "generated": 1000, "map": "map.yaml"})
    if weight == "1":
        with pytest.raises(ValueError, match="nothing in it says that it is simulated"):
            inspect_fileset(fileset(["mine"], tmp_path))
        assert CliRunner().invoke(data, ["check", "--workers", "1"]).exit_code == 1
    else:
        files, _ = inspect_fileset(fileset(["mine"], tmp_path))
        assert files[0].simulated


def test_data_of_the_contract_named_as_simulation_are_refused(declare, tmp_path):
    write_toy_file(tmp_path / "mc.root", EVENTS)
    declare(mine={"files": ["mc.root"], "generated": 1000})
    with pytest.raises(ValueError, match="nothing in it says that it is simulated"):
        inspect_fileset(fileset(["mine"], tmp_path))


def test_without_numbers_it_stands_for_nothing(declare, tmp_path):
    weighted(tmp_path)
    declare(mine={"files": ["mc*.root"], "map": "map.yaml"})
    with pytest.raises(ExecutionError, match=r"has no tree 'ntuple/Generation'.*or say in your catalogue how many"):
        inspect_fileset(fileset(["mine"], tmp_path))


def test_it_is_added_by_a_command(written):  # noqa: F811
    path = written("channels: []\n")
    arguments = ["add", "mine", "2022", "mc*.root", "--simulation", DECAY, "--generated", "1e6", "--map", "NA62Flat"]
    result = CliRunner().invoke(data, arguments)
    assert result.exit_code == 0, result.output
    assert yaml.safe_load(path.read_text())["simulation"]["mine"]["generated"] == 1_000_000
    refused = CliRunner().invoke(data, ["add", "other", "2022", "a.root", "--generated", "5"])
    assert "name its decay" in refused.output


def test_events_without_objects_are_events(declare, tmp_path):
    """Weights are read for all of them, in the order of the file."""
    weights = weighted(tmp_path)
    declare(mine={"files": ["mc0.root"], "generated": 1000, "map": "map.yaml"})
    with open_file(str(tmp_path / "mc0.root")) as file:
        source = layouts.open_events(file, "mc0.root", "mine").source(10, 30)
        np.testing.assert_array_equal(source.event("truth_weight"), weights[10:30])
        assert set(source.event("truth_decay")) == {mode(DECAY).code}
        assert ak.sum(source.counts("Track")) == ak.sum(ak.num(toy_columns(EVENTS, seed=3)["Track_x"])[10:30])
