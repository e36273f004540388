"""Files that keep the event contract and hold nonsense: for tests of reading and execution, not of physics.

Everything derives from `contract.schema`, so a branch added there is in the toys at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rarekaon.analysis.contract import schema
from rarekaon.analysis.contract.ranges import Range, range_of

INTEGER_RANGES: Mapping[str, tuple[int, int]] = {
    "run": (8000, 8001),
    "burst": (1, 20),
    "charge": (-1, 2),
    "station": (1, 13),
    "chambers": (3, 5),
    "rich_hits": (0, 20),
    "sectors": (5, 9),
    "truth_decay": (1, 2),
    "parent": (-1, 0),
    **{f"downscaling_{line}": (1, 2) for line in schema.TRIGGER_LINES},
}
"""Half-open ranges of integers by branch or field name; others are in 0 to 9."""


def toy_columns(events: int, *, seed: int = 1, truth: bool = False, first: int = 0) -> dict[str, Any]:
    """All branches of the contract but the counters, for `events` events: flat arrays and jagged ones.

    Events are numbered from `first`: what is data of one sample needs other numbers in each file.
    """
    generator = np.random.default_rng(seed)
    columns = {b.name: _values(b.name, b, events, generator) for b in schema.EVENT}
    columns["event"] = np.arange(first, first + events, dtype="uint64")
    if truth:
        columns |= {b.name: _values(b.name, b, events, generator) for b in schema.TRUTH}
        columns["truth_weight"] = generator.exponential(size=events)
    counts = {c.name: generator.integers(0, 5, events) for c in schema.COLLECTIONS}
    for c in schema.COLLECTIONS:
        if c.truth and not truth:
            continue
        references = dict(c.references)
        for field in c.fields:
            values = _values(c.branch(field.name), field, int(counts[c.name].sum()), generator)
            if field.name in references:
                room = np.repeat(counts[references[field.name]], counts[c.name])
                values = (generator.integers(0, 1000, values.size) % (room + 1) - 1).astype(field.dtype)
            columns[c.branch(field.name)] = ak.unflatten(values, counts[c.name])
    return columns


def _values(name: str, branch: schema.Branch, size: int, generator: np.random.Generator) -> np.ndarray:
    if branch.dtype == "bool":
        return generator.random(size) < 0.5
    if branch.dtype.startswith("float"):
        return _floats(range_of(name), size, generator).astype(branch.dtype)
    return generator.integers(*INTEGER_RANGES.get(branch.name, (0, 10)), size).astype(branch.dtype)


def _floats(allowed: Range, size: int, generator: np.random.Generator) -> np.ndarray:
    """Numbers that a branch may have, of the size that its numbers have."""
    low, high = allowed.middle or (0.1, 10.0)
    values = np.clip(np.sqrt(low * high) * np.exp(0.5 * generator.normal(size=size)), low, high)
    return values if allowed.low > -high else values * generator.choice([-1, 1], size)


def write_toy_file(
    path: Path,
    events: int = 100,
    *,
    seed: int = 1,
    truth: bool = False,
    drop: tuple[str, ...] = (),
    replace: Mapping[str, Any] | None = None,
    trees: tuple[str, ...] | None = None,
    rntuple: bool = False,
    lost: int = 0,
    first: int = 0,
    decay: int = 1,
) -> Path:
    """Write a toy file and return its path.

    `drop` leaves branches out, `replace` puts other arrays in their place, `trees` limits which trees are written,
    `lost` events are in the side tree but not in the file; with none of them the file is valid, data unless `truth`,
    with events numbered from `first`; simulated ones are of the decay of that code.
    """
    columns = {k: v for k, v in toy_columns(events, seed=seed, truth=truth, first=first).items() if k not in drop}
    columns |= dict(replace or {})
    side = _generation(columns, events, decay, seed) if truth else _bursts(columns, events)
    side[1]["events"][:1] += np.uint64(lost)
    contents = {schema.EVENTS_TREE: columns, side[0].name: side[1]}
    path.parent.mkdir(parents=True, exist_ok=True)
    identity = uuid.UUID(bytes=np.random.default_rng([seed, events, truth]).bytes(16), version=4)
    with uproot.recreate(path, uuid_function=lambda: identity) as file:
        for name, content in contents.items():
            if trees is None or name in trees:
                _write(file, name, content, rntuple)
    return path


def _write(file: Any, name: str, content: dict[str, Any], rntuple: bool) -> None:
    counters = {c.branch(f.name): c.counter for c in schema.COLLECTIONS for f in c.fields}
    jagged = {counters[k]: ak.num(v) for k, v in content.items() if k in counters and _is_jagged(v)}
    rows = content | {k: ak.to_numpy(v).astype("int32") for k, v in jagged.items()}
    if rntuple:
        file.mkrntuple(name, rows)
        return
    types = {k: v.dtype if isinstance(v, np.ndarray) else ak.type(v).content for k, v in content.items()}
    tree = file.mktree(name, types, counter_name=lambda branch: counters[branch])
    tree.extend(rows)


def _is_jagged(values: Any) -> bool:
    return isinstance(values, ak.Array) and values.ndim > 1


def _bursts(columns: Mapping[str, Any], events: int) -> tuple[schema.SideTree, dict[str, Any]]:
    runs = np.asarray(columns.get("run", np.full(events, 8000)))
    numbers = np.asarray(columns.get("burst", np.full(events, 1)))
    pairs, counts = np.unique(np.stack([runs, numbers]), axis=1, return_counts=True)
    return schema.BURSTS, {
        "run": pairs[0].astype("uint32"),
        "burst": pairs[1].astype("uint32"),
        "events": counts.astype("uint64"),
        "quality": np.zeros(counts.size, dtype="uint32"),
    }


def _generation(
    columns: Mapping[str, Any], events: int, decay: int, seed: int
) -> tuple[schema.SideTree, dict[str, Any]]:
    weight = float(np.sum(columns.get("truth_weight", np.ones(events))))
    row = {
        "decay": decay, "seed": seed, "block": 0, "generated": 10 * events, "weight": 10 * weight,
        "weight_in_fv": 5 * weight, "events": events,
    }  # fmt: skip
    dtypes = {b.name: b.dtype for b in schema.GENERATION.fields}
    return schema.GENERATION, {name: np.array([row[name]], dtype=dtypes[name]) for name in dtypes}
