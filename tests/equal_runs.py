"""Whether two runs of the chain came out equal bit for bit: `python -m tests.equal_runs A B`.

A and B are working directories with `samples/` and `results/` (with `--quick` their quick ones).  Compared are every
column of every sample, every histogram and every number of the limits.  Only what says where a result came from may
differ: hashes, versions, dates, paths, UUIDs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rarekaon.analysis.execution.store import load

ORIGIN = ("provenance", "volatile", "versions", "code", "datasets", "revision", "uuid", "metrics")
"""Entries of JSON files that say where a result came from."""


TREES = ("TTree", "ROOT::RNTuple")


def different_columns(a: Path, b: Path) -> Iterator[str]:
    """Columns of two ROOT files that differ in name, type or content."""
    with uproot.open(a) as first, uproot.open(b) as second:
        trees = [
            {k for k, c in f.classnames(cycle=False).items() if c in ("TTree", "ROOT::RNTuple")}
            for f in (first, second)
        ]
        yield from sorted(trees[0] ^ trees[1])
        for tree in sorted(trees[0] & trees[1]):
            one, other = first[tree], second[tree]
            yield from (f"{tree}.{name}" for name in sorted({*one.keys()} ^ {*other.keys()}))
            for name in sorted({*one.keys()} & {*other.keys()}):
                if not ak.array_equal(one[name].array(), other[name].array(), equal_nan=True):
                    yield f"{tree}.{name}"


def different_histograms(a: Path, b: Path) -> Iterator[str]:
    """Names of histograms, and of whatever else two files of `kaon run` hold, that differ."""
    yield from _different(load(a), load(b), "")


def different_numbers(a: Path, b: Path) -> Iterator[str]:
    """Entries of two JSON files that differ, but for what says where they came from."""
    yield from _different(json.loads(a.read_text()), json.loads(b.read_text()), "")


def _different(a: Any, b: Any, place: str) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b} - {*ORIGIN}, key=str):
            yield from (
                [f"{place}/{key}"] if key not in a or key not in b else _different(a[key], b[key], f"{place}/{key}")
            )
    elif hasattr(a, "view") and hasattr(a, "axes"):
        if a.axes != b.axes or a.view(flow=True).tobytes() != b.view(flow=True).tobytes():
            yield place
    elif not np.array_equal(np.asarray(a, dtype=object), np.asarray(b, dtype=object)):
        yield place


def compare(a: Path, b: Path, quick: bool) -> dict[str, list[str]]:
    """What differs, by file; a file that only one side has differs as a whole."""
    sub, found = ("quick" if quick else ""), {}
    for folder, suffix, differences in (
        (Path("samples") / sub, ".root", different_columns),
        (Path("results") / sub / "histograms", ".zip", different_histograms),
        (Path("results") / sub, ".json", different_numbers),
    ):
        names = {p.name for side in (a, b) for p in (side / folder).glob(f"*{suffix}")}
        for name in sorted(names):
            files = a / folder / name, b / folder / name
            whole = [name] if not all(file.exists() for file in files) else list(differences(*files))
            found[str(folder / name)] = whole
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args(arguments)
    found = compare(asked.first, asked.second, asked.quick)
    for name, differences in found.items():
        if differences:
            print(f"{name}: {len(differences)} differ: {', '.join(differences[:5])}")
    print(f"{sum(not d for d in found.values())} of {len(found)} files equal")
    return int(any(found.values()) or not found)


if __name__ == "__main__":
    sys.exit(main())
