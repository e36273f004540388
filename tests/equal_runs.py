"""Whether two runs of the chain came out equal bit for bit: `python -m tests.equal_runs A B`.

A and B are working directories with `samples/` and `results/` (with `--quick` their quick ones).  Compared are every
column of every sample, every histogram and every number of the limits.  Only what says where a result came from may
differ: hashes, versions, dates, paths, UUIDs.

With `--within-errors` the simulated samples may have been drawn in another way: their histograms are compared by chi2,
and the effective events of every expected background stand beside each other.
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
from scipy.stats import chi2

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


FEW = 25
"""Effective events below which the variance of a bin says too little."""


def improbable_histograms(a: Path, b: Path) -> Iterator[tuple[str, float]]:
    """Histograms of simulated samples whose bins differ by more than their errors, with the probability that they do;
    one in a thousand of equal ones is found.

    Contents are those of one decay: the samples may differ in size.
    """
    first, second = load(a), load(b)
    for sample in sorted({*first} & {*second}):
        one, other = first[sample], second[sample]
        if one["exposure"]["weight"] > 0 and other["exposure"]["weight"] > 0:
            scales = 1 / one["exposure"]["weight"], 1 / other["exposure"]["weight"]
            for place, pair in _pairs(one, other, sample):
                probability = _probability(*pair, *scales)
                if probability < 1e-3:
                    yield place, probability


def _pairs(a: Any, b: Any, place: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Histograms that both have, with equal axes and errors, but for cutflows: their bins are not independent."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a} & {*b} - {"cutflow"}):
            yield from _pairs(a[key], b[key], f"{place}/{key}")
    elif hasattr(a, "axes") and a.axes == b.axes and a.variances() is not None:
        yield place, (a, b)


def _probability(a: Any, b: Any, scale_a: float, scale_b: float) -> float:
    """Probability of a larger chi2 from bins with `FEW` effective events in both."""
    values, variances = (
        np.array([getattr(h, what)(flow=True).ravel() for h in (a, b)]) for what in ("values", "variances")
    )
    enough = (values**2 > FEW * variances).all(axis=0) & (variances > 0).all(axis=0)
    (one, other), (error, another) = values[:, enough], variances[:, enough]
    terms = (one * scale_a - other * scale_b) ** 2 / (error * scale_a**2 + another * scale_b**2)
    return float(chi2.sf(terms.sum(), len(terms))) if len(terms) else 1.0


def effective_events(a: Path, b: Path) -> Iterator[tuple[str, float, float, float]]:
    """Cell of the background tables, effective events in it on both sides, and the difference in errors."""

    def cells(path: Path) -> dict[str, tuple[float, float]]:
        key = ("search", "dataset", "region", "mode")
        found = json.loads((path / "backgrounds.json").read_text())
        rows = found["rows"] if isinstance(found, dict) else found  # a list, in earlier revisions
        return {" | ".join(r[k] for k in key): (r["expected"], r["stat"]) for r in rows if r["expected"]}

    first, second = cells(a), cells(b)
    for name in sorted({*first} & {*second}):
        (one, error), (other, another) = first[name], second[name]
        if error > 0 and another > 0:
            yield name, (one / error) ** 2, (other / another) ** 2, (other - one) / np.hypot(error, another)


def compare_within_errors(a: Path, b: Path) -> int:
    """Print what two folders of results have not in common, and the effective events; 1 if any histogram differs."""
    found = [
        (f"{path.stem}/{place}", probability)
        for path in sorted((a / "histograms").glob("*.zip"))
        for place, probability in improbable_histograms(path, b / "histograms" / path.name)
    ]
    for place, probability in found:
        print(f"{place}: {probability:.1e}")
    for name, one, other, pull in effective_events(a, b):
        print(f"{name}: {one:.1f} and {other:.1f} effective events, {pull:+.1f} errors")
    return int(bool(found))


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
    parser.add_argument("--within-errors", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.within_errors:
        results = Path("results") / ("quick" if asked.quick else "")
        return compare_within_errors(asked.first / results, asked.second / results)
    found = compare(asked.first, asked.second, asked.quick)
    for name, differences in found.items():
        if differences:
            print(f"{name}: {len(differences)} differ: {', '.join(differences[:5])}")
    print(f"{sum(not d for d in found.values())} of {len(found)} files equal")
    return int(any(found.values()) or not found)


if __name__ == "__main__":
    sys.exit(main())
