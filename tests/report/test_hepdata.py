"""Submissions to HEPData: they hold what the results hold, nothing masked, and nothing that is no number."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator

from rarekaon.analysis.execution.store import load
from rarekaon.analysis.limits.from_events import limit_from_events, normalise
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.hepdata import (
    DataColumn,
    DataTable,
    SubmissionError,
    cutflow,
    limit_table,
    observed_table,
    spectrum_tables,
    strict_errors,
    write_submission,
)
from rarekaon.analysis.report.stack import stack
from rarekaon.analysis.search.channels import search

QUICK = Path(__file__).resolve().parents[2] / "results/quick"


@pytest.fixture(scope="module")
def blind() -> SearchHistograms:
    return SearchHistograms(search("pi_mu_e", "2022"), load(QUICK / "histograms/pi_mu_e.zip"))


@pytest.fixture(scope="module")
def written(blind: SearchHistograms, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("publish")
    (place / "likelihood.json").write_text("{}")
    record, _ = limit_from_events(blind)
    assert observed_table([record]) is None
    signal = blind.search.signal
    record = replace(record, dataset="2016-2018")  # which is a range of numbers to HEPData
    tables = [limit_table([record]), *spectrum_tables(blind, signal), cutflow(blind, signal)]
    return write_submission(place / "pi_mu_e", "A search.", tables, [place / "likelihood.json"]).parent


def table(place: Path, name: str) -> dict:
    return yaml.safe_load((place / f"{name.lower().replace(' ', '_')}.yaml").read_text())


def test_the_validator_of_hepdata_accepts_it(written: Path) -> None:
    validator = FullSubmissionValidator()
    assert validator.validate(directory=str(written)), validator.get_messages()
    assert (written / "likelihood.json").exists()


def test_numbers_are_those_of_the_results(written: Path, blind: SearchHistograms) -> None:
    record, _ = limit_from_events(blind)
    columns = table(written, "Expected limits")["dependent_variables"]
    assert [c["values"][0]["value"] for c in columns[:5]] == pytest.approx(record.expected_upper_limit, rel=1e-14)
    shown = stack(blind, blind.search.signal, normalise(blind)[0].value)
    expected = table(written, "Expected 2022 signal")["dependent_variables"][0]["values"]
    assert [row["value"] for row in expected] == pytest.approx(list(shown.total), rel=1e-13)


def test_no_row_of_data_is_in_a_masked_region(written: Path, blind: SearchHistograms) -> None:
    rows = table(written, "Data 2022 signal")["independent_variables"][0]["values"]
    signal = blind.search.signal
    for region in signal.masked:
        low, high = region.within.low / signal.observable.unit, region.within.high / signal.observable.unit
        assert not [row for row in rows if row["high"] > low and row["low"] < high]


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (float("nan"), 1.0, "no finite number"),
        (float("inf"), 1.0, "no finite number"),
        ("blind", 1.0, "no finite number"),
        (True, 1.0, "no finite number"),
        (1.0, float("nan"), "no error"),
        (1.0, -1.0, "no error"),
    ],
)
def test_what_is_no_number_is_refused_with_its_place(value: object, error: float, said: str, tmp_path: Path) -> None:
    head = [{"comment": "x"}, {"name": "t", "data_file": "t.yaml"}]
    (tmp_path / "submission.yaml").write_text(yaml.safe_dump_all(head))
    entry = {"value": value, "errors": [{"symerror": error, "label": "stat"}]}
    columns = {
        "independent_variables": [{"header": {"name": "mass"}, "values": [{"value": 1.0}]}],
        "dependent_variables": [{"header": {"name": "limit"}, "values": [entry]}],
    }
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(columns))
    (found,) = strict_errors(tmp_path)
    assert found.startswith("t.yaml, limit, row 0")
    assert said in found


def test_errors_of_one_sign_and_empty_bins_are_refused(tmp_path: Path) -> None:
    head = [{"comment": "x"}, {"name": "t", "data_file": "t.yaml"}]
    (tmp_path / "submission.yaml").write_text(yaml.safe_dump_all(head))
    entry = {"value": 1.0, "errors": [{"asymerror": {"minus": 0.1, "plus": 0.2}, "label": "stat"}]}
    columns = {
        "independent_variables": [{"header": {"name": "mass"}, "values": [{"low": 2.0, "high": 2.0}]}],
        "dependent_variables": [{"header": {"name": "limit"}, "values": [entry]}],
    }
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(columns))
    assert [text.partition(": ")[2].partition(":")[0] for text in strict_errors(tmp_path)] == [
        "no bin",
        "errors of one sign",
    ]


def test_a_submission_with_nan_is_not_written(tmp_path: Path) -> None:
    bad = DataTable("t", "t", DataColumn("mass", "MeV", [1.0], {}), [DataColumn("limit", "", [float(np.nan)], {})])
    with pytest.raises((SubmissionError, ValueError)):
        write_submission(tmp_path / "s", "x", [bad], [])


def test_digits_are_kept(tmp_path: Path) -> None:
    third = DataTable("t", "t", DataColumn("mass", "MeV", [1.0], {}), [DataColumn("limit", "", [1 / 3 * 1e-11], {})])
    place = write_submission(tmp_path / "s", "x", [third], []).parent
    assert table(place, "t")["dependent_variables"][0]["values"][0]["value"] == pytest.approx(1 / 3 * 1e-11, rel=1e-14)
    assert json.dumps(table(place, "t"))
