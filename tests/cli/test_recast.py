"""`kaon recast`."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from rarekaon.analysis.cli.recast import command
from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution.store import save
from rarekaon.analysis.search.catalogue import catalogue
from tests.hand_made import booked
from tests.recasting.samples import write_sample


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("recast")
    write_sample(directory / "pi_ee_lnv.root", mode("K+ -> pi- e+ e+"), seed=catalogue().simulation["pi_ee_lnv"].seed)
    save(directory / "pi_ee.zip", booked().samples)
    return directory


def run(place, *arguments):
    paths = ("--samples", str(place), "--histograms", str(place), "--output", str(place / "recast.json"))
    return CliRunner().invoke(command, ["pi_ee", "2016-2018", "--backend", "iterative", *arguments, *paths])


def test_models_of_every_kind_go_into_one_file_and_one_table(place):
    (place / "model.py").write_text("def density(pion, first, second):\n    return first[3] + second[3]\n")
    (place / "table.yaml").write_text(
        yaml.safe_dump(
            {
                "decay": "K+ -> pi- e+ e+",
                "x": {"pair": "e+ e+", "edges": [0, 130000]},
                "y": {"pair": "pi- e+", "edges": [0, 250000]},
                "density": [[1.0]],
            }
        )
    )
    result = run(
        place, "--uniform", "--resonance", "pi- e+", "--mass", "250", "--mass", "350", "--window", "5",
        "--table", str(place / "table.yaml"), "--function", f"{place / 'model.py'}:density",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    content = json.loads((place / "recast.json").read_text())
    rows = content["recasts"]
    assert [r["limit"]["parameter"].get("mass") for r in rows] == [None, 250.0, 350.0, None, None]
    assert rows[3]["acceptance"] == pytest.approx(rows[0]["acceptance"], rel=1e-12)
    assert all(r["effective_events"] > 100 and r["limit"]["upper_limit"] > 0 for r in rows)
    assert "model.py:density" in result.output
    assert content["provenance"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a model"),
        (("--resonance", "pi- e+"), "belong together"),
        (("--mass", "300"), "belong together"),
        (("--function", "nowhere.py:f"), "write it like"),
    ],
)
def test_wrong_calls_say_what_is_wanted(place, arguments, message):
    result = run(place, *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_functions_that_are_not_there_are_named(place):
    (place / "empty.py").write_text("")
    result = run(place, "--function", f"{place / 'empty.py'}:density")
    assert "has no function 'density'" in result.output


def test_models_the_sample_cannot_stand_for_are_refused(place):
    result = run(place, "--resonance", "pi- e+", "--mass", "490")
    assert "effective simulated events are selected" in str(result.exception)
    assert run(place, "--resonance", "pi- e+", "--mass", "500").exit_code != 0
