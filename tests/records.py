"""Unblinding records made for tests, in a folder of facts of the test's own."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rarekaon.analysis.facts.paths import VARIABLE, shipped_path
from rarekaon.analysis.facts.unblinding import ControlCount, Controls, OpenedOn, UnblindingRecord
from rarekaon.analysis.processing.unblinding import p_value_of
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.statement import statement

DIGEST = "0" * 64


def own_facts(place: Path, monkeypatch: pytest.MonkeyPatch, *, masked: bool = True) -> Path:
    """The unblinding folder of a copy of the facts, in force for this test; `masked`: without a record of any box."""
    shutil.copytree(shipped_path(), place / "datasets")
    monkeypatch.setenv(VARIABLE, str(place / "datasets"))
    folder = place / "datasets" / "unblinding"
    for path in folder.glob("*.yaml") if masked else ():
        path.unlink()
    return folder


def controls(*regions: tuple[int, float, float], **changes: Any) -> Controls:
    """Control regions as (observed, expected, error), with the p-value that they have."""
    counts = tuple(
        ControlCount(region=f"region {i}", observed=n, expected=b, error=e) for i, (n, b, e) in enumerate(regions)
    )
    made = Controls(prior="gamma_posterior", regions=counts, expected_in_selections=0.0, p_value=0.0)
    return made.model_copy(update={"p_value": p_value_of(made), **changes})


def record(name: str, dataset: str, **changes: Any) -> UnblindingRecord:
    """A record that opens a box: ten events seen where ten were expected."""
    made = UnblindingRecord(
        search=name,
        dataset=dataset,
        who="A. Student",
        when=date(2026, 12, 1),
        why="review of 1 July",
        controls=controls((10, 10.0, 1.0)),
        opened_on=OpenedOn(histograms=DIGEST, backgrounds=DIGEST, samples=DIGEST, code=DIGEST, facts=DIGEST),
        stated=statement(search(name, dataset)),
    )
    return made.model_copy(update=changes)
