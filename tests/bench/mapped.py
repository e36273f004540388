"""What a branch map costs: the same columns of the same events, read as they are and through a map.

The foreign file differs in names, in its folder, and in the unit of one column in six; the ratio is of CPU time, of the
fastest of interleaved repeats.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.trees import Tree, open_file, open_tree
from rarekaon.analysis.facts.branch_maps import BranchMap
from tests.toy_events import toy_columns

EVENTS, REPEATS = 200_000, 5
EVENT = ("run", "burst", "event", "beam_momentum", "trigger_MT")
TRACK = ("x", "y", "slope_x", "slope_y", "momentum", "charge", "lkr_energy")
IN_GEV = ("momentum", "lkr_energy")


def files(place: Path, events: int = EVENTS) -> tuple[Tree, Tree]:
    """The same events as the contract has them and as a foreign ntuple has them, the latter through its map."""
    toys = toy_columns(events, seed=5)
    own = {name: toys[name] for name in EVENT} | {f"Track_{f}": toys[f"Track_{f}"] for f in TRACK}
    foreign = {f"my_{name}": values for name, values in own.items()}
    for f in IN_GEV:
        foreign[f"my_Track_{f}"] = ak.values_astype(own[f"Track_{f}"] / np.float32(1000), np.float32)
    branches = BranchMap.model_validate({
        "name": "mine", "source": "a measurement", "tree": "ntuple/Reco",
        "event": {name: f"my_{name}" for name in EVENT},
        "collections": {"Track": {"counter": "my_n", "fields": {
            f: {"of": f"my_Track_{f}", "unit": "GeV"} if f in IN_GEV else f"my_Track_{f}" for f in TRACK
        }}},
    })  # fmt: skip
    _write(place / "own.root", "Events", own, "nTrack")
    _write(place / "foreign.root", "ntuple/Reco", foreign, "my_n")
    plain = open_tree(open_file(str(place / "own.root")), "Events")
    stored = open_tree(open_file(str(place / "foreign.root")), "ntuple/Reco")
    return plain, MappedTree(stored, branches, "foreign.root")


def _write(path: Path, name: str, columns: dict[str, Any], counter: str) -> None:
    types = {k: v.dtype if isinstance(v, np.ndarray) else ak.type(v).content for k, v in columns.items()}
    counts = ak.to_numpy(ak.num(next(v for v in columns.values() if not isinstance(v, np.ndarray)))).astype("int32")
    with uproot.recreate(path, compression=uproot.ZSTD(3)) as file:
        file.mktree(name, types, counter_name=lambda branch: counter).extend(columns | {counter: counts})


def seconds(tree: Tree) -> float:
    """CPU time of reading all of the columns once, checked as in a run."""
    start = time.process_time()
    columns = Columns(tree.source(0, tree.entries))
    for name in EVENT:
        columns.event(name)
    for f in TRACK:
        columns.flat("Track", f)
    return time.process_time() - start


def ratio(place: Path, events: int = EVENTS, repeats: int = REPEATS) -> float:
    """CPU time through the map over that without one."""
    plain, mapped = files(place, events)
    seconds(plain), seconds(mapped)  # compiled, and in the cache of the system
    pairs = [(seconds(plain), seconds(mapped)) for _ in range(repeats)]
    return min(m for _, m in pairs) / min(p for p, _ in pairs)


def benchmarks() -> list[dict[str, Any]]:
    """The ratio, and what it should not exceed."""
    with tempfile.TemporaryDirectory() as place:
        found = ratio(Path(place))
    return [{"name": "reading through a branch map", "ratio": found, "to": "without one", "goal": "<= 1.1"}]
