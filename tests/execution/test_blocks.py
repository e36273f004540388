"""A sample whose blocks are made by workers of a cluster is the one that threads make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import pytest
import uproot

from rarekaon.analysis.execution import Backend
from rarekaon.analysis.execution.blocks import OnWorkers
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.facts.models import PseudoData, SimulatedSample
from rarekaon.analysis.simulation.samples.blocks import Workers
from rarekaon.analysis.simulation.samples.pseudo_data import simulate_pseudo_data
from rarekaon.analysis.simulation.samples.weighted import simulate_sample

WEIGHTED = SimulatedSample(decay="K+ -> pi- e+ e+", stream="dielectron", decays=230_000, quick=1, seed=7)
DATA = PseudoData(periods=("2022",), modes=("K+ -> pi+ e+ e-",), stream="dielectron", seed=77)


Content = dict[str, bytes]


def content(path: Path) -> Content:
    """The bits of every branch, and the file's identity; the dates that ROOT writes are left out."""
    with uproot.open(path) as file:
        trees = [file[name] for name in ("Events", "Generation", "Bursts") if name in file]
        columns = {f"{t.name}/{name}": branch.array() for t in trees for name, branch in t.items()}
        flat = {name: ak.to_numpy(ak.flatten(column, axis=None)).tobytes() for name, column in columns.items()}
        return flat | {"UUID": file.file.uuid.bytes}


def weighted(path: Path, workers: Workers) -> Content:
    simulate_sample("x", WEIGHTED, path, quick=False, workers=workers, file_format="ttree", progress=None)
    return content(path)


def pseudo_data(path: Path, workers: Workers) -> Content:
    simulate_pseudo_data("x", DATA, path, quick=True, workers=workers, file_format="ttree", inject={}, progress=None)
    return content(path)


@pytest.mark.parametrize("made", [weighted, pseudo_data])
def test_a_cluster_makes_the_same_bits(made: Any, scheduler: str, tmp_path: Path) -> None:
    with connect(Backend(scheduler)) as watch:
        assert watch is not None
        there = made(tmp_path / "there.root", OnWorkers(watch))
    assert there == made(tmp_path / "here.root", 2)


def test_results_come_in_order_and_errors_come_back(scheduler: str) -> None:
    with connect(Backend(scheduler)) as watch:
        assert watch is not None
        assert list(OnWorkers(watch)(lambda n: n * n, range(50))) == [n * n for n in range(50)]
        with pytest.raises(ZeroDivisionError):
            list(OnWorkers(watch)(lambda n: 1 // (n - 5), range(50)))
