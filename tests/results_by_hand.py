"""A directory of results, of histograms made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rarekaon.analysis.execution.store import save
from rarekaon.analysis.limits.from_publications import limits_from_published
from rarekaon.analysis.limits.inference import limits_from_events
from rarekaon.analysis.results.records import Limits, write_json
from rarekaon.analysis.search.channels import search
from tests.hand_made import booked


def made_by_hand(place: Path, controls: tuple[int, int] = (9, 2), code: str = "a") -> Path:
    """Histograms of pi_ee with so many events in the control regions, their limits, and records of both."""
    content: dict[str, dict[str, Any]] = {}
    for dataset in ("2016-2018", "2017", "2022"):
        for sample, part in booked(search("pi_ee", dataset), controls=controls).samples.items():
            content.setdefault(sample, {}).update(part)
    save(place / "histograms/pi_ee.zip", content)
    write_json(place / "histograms/run.json", {"provenance": {"code": code, "inputs": [], "versions": {"numpy": "2"}}})
    found = limits_from_events({"pi_ee": content})
    records = (*found.records, *limits_from_published())
    write_json(place / "limits.json", Limits(confidence_level=0.9, limits=records))
    write_json(place / "backgrounds.json", [vars(row) for row in found.rows])
    write_json(place / "scans.json", [])
    return place
