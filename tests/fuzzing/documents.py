"""Mutated files of facts and of results, through the readers and the commands that read them.

    python -m tests.fuzzing.documents --count 5000      (make fuzz)

What may happen to a file that was damaged: it is read, or an error of ours names it and says what to do.  What may not:
somebody else's error, a message that does not name the file, a hang, a crash.
"""

from __future__ import annotations

import contextlib
import io
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rarekaon.analysis.cli.main import HINT, main
from tests.fuzzing.text import mutated

SECONDS = 20
"""After which a command counts as hanging."""

PUBLISHED = ["limits", "--origin", "published", "--output", "{output}/limits.json"]
COMMANDS: dict[str, list[str]] = {
    "published": PUBLISHED,
    "unblinding": PUBLISHED,
    "branching_fractions.yaml": PUBLISHED,
    "results/limits.json": ["project", "--origin", "published", "--points", "2", "--limits", "{results}/limits.json",
                            "--output", "{output}"],
}  # fmt: skip
"""The command that reads a file, by the beginning of its name."""
OTHERWISE = ["simulate", "--list"]


@dataclass
class Outcome:
    """Exit codes with their numbers, and what should not have happened."""

    codes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def fuzz(count: int, seed: int, place: Path, sources: dict[str, Path]) -> Outcome:
    """Mutate one of the files `sources` (name under `place`, original), `count` times, and read it."""
    rng = np.random.default_rng(seed)
    names = sorted(sources)
    outcome = Outcome()
    for number in range(count):
        name = names[rng.integers(len(names))]
        target = place / name
        original = sources[name].read_bytes()
        target.write_bytes(mutated(original, rng))
        try:
            code, said = _run(_command(name, place))
        finally:
            target.write_bytes(original)
        outcome.codes[code] += 1
        if HINT in said or (code and target.name not in said):
            outcome.faults.append(f"seed {seed}, number {number}, {name}: {said[-400:]}")
    return outcome


def _command(name: str, place: Path) -> list[str]:
    inside = name.removeprefix("datasets/")
    chosen = next((c for start, c in COMMANDS.items() if inside.startswith(start)), OTHERWISE)
    return [word.format(output=place / "output", results=place / "results") for word in chosen]


def _run(arguments: list[str]) -> tuple[int, str]:
    """Exit code and everything said, with nothing remembered from the run before."""
    forget()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _alarm():
        code = main(arguments)
    return code, said.getvalue()


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """A hang ends as an error that is not ours."""

    def late(number: int, frame: object) -> None:
        raise SystemError(f"nothing came back for {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget() -> None:
    """Let go of all facts that were read."""
    from rarekaon.analysis.facts import models, published
    from rarekaon.analysis.facts.detector import detector
    from rarekaon.analysis.facts.tuning import looked_at, tuning
    from rarekaon.analysis.search.catalogue import catalogue

    cached: tuple[Callable[..., object], ...] = (
        models.conditions, models.branching_fractions, published.all_published, detector, looked_at, tuning, catalogue,
    )  # fmt: skip
    for function in cached:
        function.cache_clear()  # type: ignore[attr-defined]
