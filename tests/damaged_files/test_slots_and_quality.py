"""Files of other samples, bursts with bad detectors, bursts on no list, runs of no period."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.cli.run import write as write_run
from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.booked import data_used
from rarekaon.analysis.execution.quality import used
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.facts import models
from rarekaon.analysis.facts.models import Conditions
from rarekaon.analysis.limits.inference import infer
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.report.tables import limits_table, sensitivities_table
from rarekaon.analysis.search.catalogue import catalogue
from tests.damaged_files.judging import judge
from tests.damaged_files.sample import bursts_of, generation_of, good_columns, write
from tests.hand_made import booked

DATA, SIMULATION = "data_2016_2018", "pi_ee_sm"


@pytest.fixture(scope="module")
def columns():
    return good_columns()


@pytest.fixture(scope="module")
def simulated():
    return good_columns(truth=True)


def right_row(columns, **wrong):
    sample = catalogue().simulation[SIMULATION]
    return generation_of(columns, **{"decay": mode(sample.decay).code, "seed": sample.seed} | wrong)


def test_the_right_file_in_the_right_slot(columns, simulated, tmp_path):
    assert judge([write(tmp_path / "data.root", columns)], DATA).count is not None
    path = write(tmp_path / "simulated.root", simulated, side=right_row(simulated))
    assert judge([path], SIMULATION).count is not None


def test_files_of_other_samples(columns, simulated, tmp_path):
    data = write(tmp_path / "data.root", columns)
    assert f"holds data but {SIMULATION} is a simulated sample" in judge([data], SIMULATION).says
    path = write(tmp_path / "simulated.root", simulated, side=right_row(simulated))
    assert f"holds simulated events but {DATA} is a sample of data" in judge([path], DATA).says
    other = write(tmp_path / "k3pi.root", simulated, side=right_row(simulated, decay=mode("K+ -> pi+ pi+ pi-").code))
    assert "holds decays of code" in judge([other], SIMULATION).says
    seed = write(tmp_path / "seed.root", simulated, side=right_row(simulated, seed=4711))
    assert "was simulated with seed 4711" in judge([seed], SIMULATION).says


def candidates(result, dataset="2016-2018"):
    return int(result.output["pi_ee"][DATA][dataset]["normalisation"]["cutflow"]["read"].value)


def processed(paths):
    return run(
        SearchProcessor(("pi_ee",)), {DATA: [str(p) for p in paths]}, backend=Backend("iterative"), progress=False
    )


def flagged(columns, quality):
    """Rows of `Bursts` with a quality mask, for the bursts from 5 to 8."""
    side = bursts_of(columns)
    side["quality"][4:8] = quality
    lost = np.isin(columns["burst"], side["burst"][4:8])
    return side, int(lost.sum())


def test_bad_bursts_are_left_out_with_their_exposure(columns, tmp_path):
    side, lost = flagged(columns, 7)
    result = processed([write(tmp_path / "bad.root", columns, side=side)])
    assert candidates(result) == len(columns["run"]) - lost
    (found,) = [u for u in data_used(result, ("pi_ee",)) if u.dataset == "2016-2018"]
    assert (found.bursts, found.bad_bursts) == (len(side["run"]) - 4, 4)
    assert f"4 of {len(side['run'])} bursts of 2016-2018 are left out for bad detectors" in found.warnings[0]
    whole = processed([write(tmp_path / "good.root", columns)])
    assert candidates(whole) == len(columns["run"])
    assert not data_used(whole, ("pi_ee",))[0].warnings


def test_a_burst_that_one_file_calls_bad_is_bad_in_all(columns, tmp_path):
    half = [{k: v[n::2] for k, v in columns.items()} for n in (0, 1)]
    side, _ = flagged(half[0], 1)
    files = [write(tmp_path / "0.root", half[0], side=side), write(tmp_path / "1.root", half[1])]
    lost = np.isin(columns["burst"], side["burst"][side["quality"] > 0]).sum()
    assert candidates(processed(files)) == len(columns["run"]) - lost


def declared(monkeypatch, **changes):
    """Conditions whose data set 2016-2018 is declared otherwise."""
    content = models.conditions().model_dump()
    content["datasets"]["2016-2018"] |= changes
    changed = Conditions.model_validate(content)
    for module in ("rarekaon.analysis.processing.quality", "rarekaon.analysis.execution.quality"):
        monkeypatch.setattr(f"{module}.conditions", lambda: changed)


@pytest.mark.parametrize(("bits", "out"), [((0,), True), ((1, 5), True), ((3,), False), ((), False)])
def test_a_data_set_declares_which_detectors_it_needs(bits, out, columns, tmp_path, monkeypatch):
    declared(monkeypatch, bad_quality=bits)
    side, lost = flagged(columns, 0b111)
    result = processed([write(tmp_path / "bad.root", columns, side=side)])
    assert candidates(result) == len(columns["run"]) - lost * out
    assert used(result.files, DATA, "2016-2018").bad_bursts == 4 * out


def test_good_run_lists(columns, tmp_path, monkeypatch):
    declared(monkeypatch, good_runs={7900: ((1, 5), (9, 12)), 9999: ((1, 1000),)})
    result = processed([write(tmp_path / "listed.root", columns)])
    burst = columns["burst"]
    listed = (burst <= 5) | ((burst >= 9) & (burst <= 12))
    assert candidates(result) == listed.sum()
    found = used(result.files, DATA, "2016-2018")
    assert found.unlisted_bursts == len(np.unique(burst[~listed]))
    assert "are not on its good-run list" in found.warnings[0]


def test_runs_of_no_period_are_named(columns, tmp_path):
    result = processed([write(tmp_path / "runs.root", columns | {"run": np.full_like(columns["run"], 7100)})])
    (found,) = [u for u in data_used(result, ("pi_ee",)) if u.dataset == "2016-2018"]
    assert (found.bursts, found.unknown_runs) == (0, (7100,))
    assert "run 7100 is of no period; the nearest is 2016, runs 6278 to 6996" in found.warnings[0]
    assert "no burst is of 2016-2018" in found.warnings[1]


@pytest.mark.parametrize(
    ("name", "value", "guess"), [("beam_momentum", 74.771, "GeV instead of MeV"), ("beam_slope_x", 1.2, "mrad instead")]
)
def test_conditions_in_other_units_are_refused(name, value, guess):
    content = models.conditions().model_dump()
    content["periods"]["2017A"][name] = value
    with pytest.raises(ValueError, match=guess):
        Conditions.model_validate(content)


def test_what_is_left_out_lowers_the_exposure_in_every_output(columns, tmp_path):
    side, _ = flagged(columns, 1)
    result = processed([write(tmp_path / "bad.root", columns, side=side)])
    write_run(result, ("pi_ee",), tmp_path)
    stored = load(tmp_path / "pi_ee.zip")[DATA]
    whole = booked()
    named = {name: stored[name] for name in ("exposure", "left_out")}
    without = replace(whole, samples={**whole.samples, DATA: whole.samples[DATA] | {"exposure": stored["exposure"]}})
    fewer = replace(whole, samples={**whole.samples, DATA: whole.samples[DATA] | named})
    assert fewer.exposure_share == pytest.approx(0.8 * without.exposure_share)
    said = "data_2016_2018: 4 of 20 bursts of 2016-2018 are left out for bad detectors, with their events and exposure"
    assert fewer.left_out == (said,)
    assert without.left_out == ()
    (record,) = infer(fewer).records
    assert record.details["left_out"] == [said]
    for table in (limits_table([record], 0.9), sensitivities_table([record])):
        assert f"{said}." in table.note
    assert json.loads((tmp_path / "run.json").read_text())["data"][0]["bad_bursts"] == 4


def test_missing_files_are_said():
    whole = booked()
    fewer = replace(whole, samples={**whole.samples, DATA: whole.samples[DATA] | {"missing_files": 2}})
    assert fewer.left_out == ("data_2016_2018: 2 files are missing, with the exposure",)
