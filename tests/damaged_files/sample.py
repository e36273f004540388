"""A small good sample that damaged ones are made of: K+ -> pi+ e+ e- with activity in the vetoes.

Written with uproot in any packing and format, whole or in parts, with counters of its own or false ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rarekaon.analysis.contract import checksum, schema
from tests.ideal_events import ideal_events

EVENTS = 500
RUN = 7900
BURSTS = 20
COUNTERS = {c.branch(f.name): c.counter for c in schema.COLLECTIONS for f in c.fields}
PACKINGS = {"zstd": uproot.ZSTD(3), "zlib": uproot.ZLIB(1), "lz4": uproot.LZ4(1), "none": None}

Columns = dict[str, Any]


def good_columns(events: int = EVENTS, *, seed: int = 1, truth: bool = False) -> Columns:
    """All branches but the counters, of events in order of bursts; about a third are vetoed by the LAV."""
    ideal = ideal_events(("pi+", "e+", "e-"), events, seed=seed, run=RUN)
    rng = np.random.default_rng([seed, 2])
    columns = dict(ideal.columns) | _lav(rng, len(ideal.vertex))
    events = len(ideal.vertex)
    columns["burst"] = np.sort(rng.integers(1, BURSTS + 1, events)).astype(np.uint32)
    columns["event"] = np.arange(1, events + 1, dtype=np.uint64) + np.uint64(seed << 32)
    if truth:
        columns["truth_weight"] = rng.uniform(0.5, 1.5, events)
        return columns
    return {name: v for name, v in columns.items() if not name.startswith(("truth_", "Generated"))}


def _lav(rng: np.random.Generator, events: int) -> Columns:
    counts = rng.integers(0, 3, events)
    number = int(counts.sum())
    fields = {
        "station": rng.integers(1, 13, number).astype(np.uint8),
        "time": rng.choice([0.5, 30.0], number, p=[0.3, 0.7]).astype(np.float32),
        "energy": rng.uniform(20, 2000, number).astype(np.float32),
    }
    return {f"Lav_{name}": ak.unflatten(values, counts) for name, values in fields.items()}


def counts_of(columns: Mapping[str, Any]) -> Columns:
    """The counters of the collections."""
    return {COUNTERS[name]: ak.to_numpy(ak.num(v)).astype(np.int32) for name, v in columns.items() if name in COUNTERS}


def bursts_of(columns: Mapping[str, Any]) -> Columns:
    """Rows of `Bursts`."""
    pairs, counts = np.unique(np.stack([columns["run"], columns["burst"]]), axis=1, return_counts=True)
    return {
        "run": pairs[0].astype(np.uint32),
        "burst": pairs[1].astype(np.uint32),
        "events": counts.astype(np.uint64),
        "quality": np.zeros(counts.size, np.uint32),
    }


def generation_of(columns: Mapping[str, Any], *, decay: int = 1, seed: int = 1) -> Columns:
    """The row of `Generation`."""
    events, weight = len(columns["run"]), float(np.sum(columns["truth_weight"]))
    row = {"decay": decay, "seed": seed, "block": 0, "generated": 10 * events, "weight": 10 * weight}
    row |= {"weight_in_fv": 5 * weight, "events": events}
    return {b.name: np.array([row[b.name]], b.dtype) for b in schema.GENERATION.fields}


def write(
    path: Path,
    columns: Mapping[str, Any],
    *,
    side: Mapping[str, Any] | None = None,
    false_counters: Mapping[str, Any] | None = None,
    packing: str = "zstd",
    rntuple: bool = False,
    parts: int = 1,
    identity: bytes | None = None,
    with_checksum: bool = False,
) -> Path:
    """Write the events and their side tree, in `parts` baskets or clusters; `side` replaces the rows of the side tree.

    Collections with `false_counters` have these in the contract's counters and the true ones in others.  `identity`
    is the UUID, else drawn from the path.  `with_checksum` is how files of ours are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = uuid.UUID(bytes=identity) if identity is not None else uuid.uuid5(uuid.NAMESPACE_URL, path.name)
    false = dict(false_counters or {})
    rows = dict(columns) | counts_of(columns) | false
    events = len(columns["run"])
    edges = [events * i // parts for i in range(parts + 1)]
    with uproot.recreate(path, compression=None, uuid_function=lambda: made) as file:
        if with_checksum:
            file[checksum.NAME] = checksum.BLANK
        file.compression = PACKINGS[packing]
        tree: Any = None
        for begin, end in pairwise(edges):
            part = {name: values[begin:end] for name, values in rows.items()}
            if not rntuple:
                tree = tree or _tree(file, columns, false)
                hidden = {_counter(n, false): ak.to_numpy(ak.num(v)) for n, v in part.items() if n in COUNTERS}
                tree.extend(part | {n: v.astype(np.int32) for n, v in hidden.items() if n not in part})
            elif tree is None:
                tree = file.mkrntuple(schema.EVENTS_TREE, part)
            else:
                tree.extend(part)
        truth = "truth_weight" in columns
        name = schema.GENERATION_TREE if truth else schema.BURSTS_TREE
        beside = side if side is not None else generation_of(columns) if truth else bursts_of(columns)
        file.mktree(name, {k: v.dtype for k, v in beside.items()}).extend(dict(beside))
    if with_checksum:
        checksum.write_checksum(path)
    return path


def _counter(branch: str, false: Mapping[str, Any]) -> str:
    """The branch that counts another; one of its own where the contract's does not tell the truth."""
    return f"n{branch}" if COUNTERS[branch] in false else COUNTERS[branch]


def _tree(file: Any, columns: Mapping[str, Any], false: Mapping[str, Any]) -> Any:
    types = {k: v.dtype if isinstance(v, np.ndarray) else ak.type(v).content for k, v in columns.items()}
    types |= {name: np.dtype(np.int32) for name in false}
    return file.mktree(schema.EVENTS_TREE, types, counter_name=lambda branch: _counter(branch, false))
