"""Opening a file as the processors see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coffea.nanoevents import NanoEventsFactory

from rarekaon.analysis.contract.schema import EVENTS_TREE
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.nano_schema import KaonSchema


def nano_events(path: Path, sample: str = "toy", **window: int) -> Any:
    """NanoEvents of a file, virtual as under the runner."""
    return NanoEventsFactory.from_root(
        {str(path): EVENTS_TREE}, schemaclass=KaonSchema, mode="virtual", metadata={"dataset": sample}, **window
    ).events()


def columns_of(path: Path, sample: str = "toy", **window: int) -> Columns:
    return Columns(nano_events(path, sample, **window))
