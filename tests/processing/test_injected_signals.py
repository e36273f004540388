"""A signal of ten times the sensitivity is seen in full once its box is open, and not at all before."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.limits.from_events import signal_region
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.processing.unblinding import write_record
from rarekaon.analysis.results.records import LimitRecord, Limits
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.search.inference import Counting
from rarekaon.analysis.simulation.samples.pseudo_data import simulate_pseudo_data
from tests.records import own_facts, record

LIMITS = Path(__file__).resolve().parents[2] / "results/quick/limits.json"
TIMES = 10
ALL = [search for group in searches().values() for search in group]
COUNTING = [search for search in ALL if isinstance(search.inference, Counting)]
NOT_BY_CHANCE = 1e-5
"""Probability of a count of ten events outside the bounds."""


@cache
def limits() -> dict[tuple[str, str], LimitRecord]:
    return {(r.search, r.dataset): r for r in Limits.read(LIMITS).limits if r.origin == "events" and not r.parameter}


def injected(search: Search, place: Path) -> str:
    """Write data with nothing but a signal, of as many kaons as quick pseudo-data have; the name of their sample."""
    lines = {name: set(catalogue().pseudo_data[name].lines) for name in search.samples.data}
    name = next(name for name, known in lines.items() if set(search.signal.triggers) <= known)
    signal = catalogue().simulation[search.samples.signal]
    sensitivity = limits()[search.name, search.dataset].single_event_sensitivity
    assert sensitivity is not None
    fraction = TIMES * sensitivity * search.signal_branching_fraction
    alone = catalogue().pseudo_data[name].model_copy(
        update={
            "modes": (), "stand_ins": {}, "inject": {}, "stream": signal.stream, "drawn_in_full": (signal.decay,),
            "prescaled_class": None,
        }
    )  # fmt: skip
    simulate_pseudo_data(
        name, alone, place / f"{name}.root", quick=True, workers=1, file_format="ttree",
        inject={signal.decay: fraction}, progress=None,
    )  # fmt: skip
    return name


def counted(search: Search, name: str, place: Path) -> float:
    result = run(SearchProcessor((search.name,)), fileset((name,), place), backend=Backend("iterative"))
    regions = result.output[search.name][name][search.dataset][search.signal.name]["regions"]
    return float(regions[signal_region(search.signal)].value)


SEEN: dict[str, float] = {}


@pytest.mark.parametrize("search", COUNTING, ids=lambda s: s.key)
def test_it_is_seen_through_its_opened_box(search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_facts(tmp_path, monkeypatch)
    own = (search.box_of or search.name, search.dataset)
    for other in ALL:
        if other.box_of is None and other.name != own[0]:  # a record opens runs, also those of other data sets
            write_record(record(other.name, other.dataset))
    name = injected(search, tmp_path)
    masked = counted(search, name, tmp_path)
    write_record(record(*own))
    SEEN[search.key] = counted(search, name, tmp_path)
    assert masked == 0
    low, high = stats.poisson.interval(1 - NOT_BY_CHANCE, TIMES)
    assert low <= SEEN[search.key] <= high


def test_all_together_are_as_many_as_the_sensitivities_say() -> None:
    assert set(SEEN) == {search.key for search in COUNTING}
    found = [limits()[search.name, search.dataset] for search in COUNTING]
    errors = [TIMES * (r.single_event_sensitivity_error or 0) / (r.single_event_sensitivity or 1) for r in found]
    expected = TIMES * len(SEEN)
    assert sum(SEEN.values()) == pytest.approx(expected, abs=4 * np.sqrt(expected + np.sum(np.square(errors))))
