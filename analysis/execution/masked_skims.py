"""What a skim of data says of the boxes that were masked when it was made, and what that means once one is open.

A skim lacks what was masked.  Read with the box open it would show an empty signal region, and nothing else would tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.processing.blinding import Blinding, current_blinding

MASKED = "skimmed while masked: "
"""Begins the title of `Bursts` in a skim; for each box follow the search and the runs for which it was masked."""


def mark(blinding: Blinding, runs: NDArray[Any]) -> str:
    """What a skim of events of some runs says; nothing where no box is masked."""
    hidden = []
    for box in blinding.boxes:
        if len(masked := runs[box.masks(runs)]):
            hidden.append(f"{box.search} {masked.min()}-{masked.max()}")
    return MASKED + ", ".join(hidden) if hidden else ""


def check_mark(path: str, title: str, runs: NDArray[Any]) -> None:
    """InputFileError for a skim with events of `runs` of a box that was masked and is open now."""
    boxes = {box.search: box for box in current_blinding().boxes} if title.startswith(MASKED) else {}
    for name, first, last in _masked(title) if boxes else ():
        mine = runs[(runs >= first) & (runs <= last)]
        if name not in boxes or not boxes[name].masks(mine).all():
            raise InputFileError(
                f"{path} was skimmed while the box of {name} was masked: what was in it is not in the skim, which "
                f"would look like an empty signal region; make the skim again"
            )


def _masked(title: str) -> Iterator[tuple[str, int, int]]:
    for part in title.removeprefix(MASKED).split(", "):
        name, _, span = part.rpartition(" ")
        first, _, last = span.partition("-")
        yield name, int(first), int(last)
