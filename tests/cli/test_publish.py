"""`kaon publish`, end to end: a submission of every search, which two readers accept, and a bundle of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rarekaon.analysis.cli.main import main
from rarekaon.analysis.processing.unblinding import is_open
from rarekaon.analysis.report.bundle import verify_bundle
from rarekaon.analysis.report.hepdata import strict_errors
from rarekaon.analysis.search.channels import searches

QUICK = Path(__file__).resolve().parents[2] / "results/quick"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("published")
    found = ["--limits", str(QUICK / "limits.json"), "--histograms", str(QUICK / "histograms")]
    assert main(["publish", "-q", *found, "-o", str(place), "--bundle", str(place / "bundle.zip")]) == 0
    return place


def test_every_search_has_a_submission(published: Path) -> None:
    assert {p.parent.name for p in published.glob("*/submission.yaml")} == set(searches())


@pytest.mark.parametrize("name", searches())
def test_a_submission_is_accepted_by_the_strict_reader(name: str, published: Path) -> None:
    """hepdata-validator has accepted it already: nothing is written that it refuses (tests/report/test_hepdata.py)."""
    assert list(strict_errors(published / name)) == []


@pytest.mark.parametrize("name", searches())
def test_a_submission_has_all_that_a_search_has(name: str, published: Path) -> None:
    """Limits or a scan; the spectrum and the cutflow of every selection; observed numbers of open boxes alone."""
    heads = list(yaml.safe_load_all((published / name / "submission.yaml").read_text()))[1:]
    tables = {head["name"] for head in heads}
    for search in searches()[name]:
        for selection in search.selections:
            assert {f"{kind} {search.dataset} {selection.name}" for kind in ("Expected", "Cutflow")} <= tables
    assert tables & {"Expected limits", *(f"Scan {s.dataset}" for s in searches()[name])}
    if not any(is_open(s) for s in searches()[name]):
        assert "Observed limits" not in tables


def test_the_bundle_is_verified(published: Path) -> None:
    assert verify_bundle(published / "bundle.zip") == []
    assert json.loads((QUICK / "limits.json").read_text())["failures"] == []
