"""Damaged files of facts and of results, through the readers: `python -m tests.fuzzing.documents --files 5000`.

What may happen to a file that was damaged: it is read, or an error of ours names it and says what to do.  What may not:
somebody else's error, a message that does not name the file, a hang, a crash.  A crash ends the program.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rarekaon.analysis.cli.main import is_ours
from rarekaon.analysis.facts import branching_fractions, models, published
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.paths import VARIABLE, shipped_path
from rarekaon.analysis.facts.tuning import looked_at, tuning
from rarekaon.analysis.processing.unblinding import openings
from rarekaon.analysis.results.provenance import provenance
from rarekaon.analysis.results.records import Limits, write_json
from rarekaon.analysis.results.runs import MadeOf, made_of
from rarekaon.analysis.search.catalogue import catalogue
from tests.fuzzing.text import mutated
from tests.records import record

SECONDS = 20
"""After which reading a file counts as hanging."""

Reader = Callable[[Path], Any]
READERS: dict[str, Reader] = {
    "datasets/published": lambda path: published.all_published(),
    "datasets/unblinding": lambda path: openings(),
    "datasets/branching_fractions.yaml": lambda path: branching_fractions.branching_fractions(),
    "datasets/conditions.yaml": lambda path: models.conditions(),
    "datasets/catalogue.yaml": lambda path: catalogue(),
    "datasets/detector.yaml": lambda path: detector(),
    "datasets/tuning.yaml": lambda path: (tuning(), looked_at()),
    "results/limits.json": Limits.read,
    "results/run.json": lambda path: (made_of(path.parent), provenance(path.parent, open_boxes=[])),
}
"""What reads a file, by the beginning of its name."""


class Hang(BaseException):
    """Nothing came back."""


def fuzz(files: int, seed: int, place: Path, seconds: float = float("inf")) -> dict[str, Any]:
    """Damage one of the files below `place`, so many times or for so long, and read it; what happened, by file."""
    names = sorted(
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.suffix in {".yaml", ".json"} and path.relative_to(place).as_posix().startswith(tuple(READERS))
    )
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    began, number = time.monotonic(), 0
    for number in range(files):
        if time.monotonic() - began > seconds:
            break
        rng = np.random.default_rng([seed, number])
        name = names[int(rng.integers(len(names)))]
        path = place / name
        original = path.read_bytes()
        path.write_bytes(mutated(original, rng))
        try:
            found = outcome(name, path)
        finally:
            path.write_bytes(original)
        counts[found if found in {"read", "refused"} else "wrong"] += 1
        if found not in {"read", "refused"}:
            wrong.append(f"seed {seed}, number {number}, {name}: {found}")
    return {"files": number + 1, "seconds": time.monotonic() - began, "counts": dict(counts), "wrong": wrong}


def outcome(name: str, path: Path) -> str:
    """ "read", "refused", or what went wrong."""
    forget()
    reader = next(r for start, r in READERS.items() if name.startswith(start))
    try:
        with _alarm():
            reader(path)
        return "read"
    except Hang:
        return f"nothing came back for {SECONDS} s"
    except Exception as error:
        said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        if is_ours(error) and path.name in said:
            return "refused"
        return f"{type(error).__name__}: {said[:300]}"


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget() -> None:
    """Let go of all facts that were read."""
    cached: tuple[Callable[..., object], ...] = (
        models.conditions, branching_fractions.branching_fractions, models.shipped_catalogue, published.all_published,
        detector, looked_at, tuning, catalogue,
    )  # fmt: skip
    for function in cached:
        function.cache_clear()  # type: ignore[attr-defined]


@contextlib.contextmanager
def documents() -> Iterator[Path]:
    """A folder with facts, in force meanwhile, with a record of the present form, and with results."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(shipped_path(), place / "datasets")
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(place / "datasets")
        try:
            content = record("pi_ee", "2022").as_yaml()
            write_json(place / "datasets/unblinding/pi_ee_2022.yaml", content)  # JSON is YAML
            made = MadeOf("0" * 64, {"processors": "0" * 64}, {"conditions.yaml": "0" * 64}, (), {"pi_ee": ((1, 2),)})
            of_run = {"provenance": provenance(open_boxes=[]), "histograms": {"pi_ee": asdict(made)}}
            write_json(place / "results/run.json", of_run)
            write_json(place / "results/limits.json", Limits(confidence_level=0.9, limits=(), provenance=of_run))
            yield place
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before
            forget()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with documents() as place:
        found = fuzz(chosen.files, chosen.seed, place, chosen.seconds)
    print(json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
