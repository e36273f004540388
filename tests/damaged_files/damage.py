"""What goes wrong with good columns and files."""

from __future__ import annotations

import struct
from pathlib import Path

import awkward as ak
import numpy as np
import uproot


def shortened(path: Path, branch: str) -> Path:
    """The file with the last basket of a branch not written: what a loop leaves that filled it part of the time."""
    with uproot.open(path) as file:
        members = file["Events"][branch].all_members
        baskets, entries = members["fWriteBasket"], members["fEntries"]
        before = int(members["fBasketEntry"][baskets - 1])
    content = path.read_bytes()
    name = content.index(bytes([len(branch)]) + branch.encode(), content.index(b"TBranch"))
    baskets_then = struct.pack(">iq", baskets, entries)
    numbers = struct.pack(">qq", entries, 0)
    place, other = content.index(baskets_then, name), content.index(numbers, name + 60)
    changed = bytearray(content)
    changed[place : place + 12] = struct.pack(">iq", baskets - 1, before)
    changed[other : other + 8] = struct.pack(">q", before)
    path.write_bytes(changed)
    return path


def cut(columns, names, mask_of):
    """Some branches of a collection cut by a mask, the others and the counter as they were."""
    return columns | {name: columns[name][mask_of(columns[name])] for name in names}


def one_each(columns):
    """Times of one signal an event until they are used up."""
    times = np.asarray(ak.flatten(columns["Lav_time"]))[: len(columns["run"])]
    return columns | {"Lav_time": ak.unflatten(times, (np.arange(len(columns["run"])) < len(times)).astype(int))}


def rolled(columns):
    """Signals that are those of the next event."""
    return columns | {k: ak.concatenate([v[1:], v[:1]]) for k, v in columns.items() if k.startswith("Lav_")}


def add(counts, event, what):
    changed = counts.copy()
    changed[event] += what
    return changed


def with_value(columns, name, event, value):
    """One value of an event changed."""
    values = columns[name]
    if isinstance(values, np.ndarray):
        changed = values.copy()
        changed[event] = value
        return columns | {name: changed}
    counts, flat = ak.num(values), np.asarray(ak.flatten(values)).copy()
    flat[int(ak.sum(counts[:event]))] = value
    return columns | {name: ak.unflatten(flat, counts)}
