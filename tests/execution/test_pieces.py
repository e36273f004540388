"""What is kept of a run, when it is used again, and when it must not be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.execution import Backend, RunResult, run
from rarekaon.analysis.execution.pieces import SUFFIX, Pieces, chunk_name
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.execution.quality import FlaggedBursts
from rarekaon.analysis.processing.blinding import Blinding, Box
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.toy_events import write_toy_file

SERIAL = Backend("iterative")


@dataclass
class PartsProcessor(ToyProcessor):
    """A toy of several parts; each says what it was made with, and notes in a file that it was asked for."""

    made_with: dict[str, Any]
    asked: Path

    @property
    def parts(self) -> dict[str, Any]:
        return self.made_with

    def only(self, parts: Iterable[str]) -> PartsProcessor:
        return PartsProcessor({name: self.made_with[name] for name in parts}, self.asked)

    def process(self, events: Any) -> dict[str, Any]:
        with self.asked.open("a") as stream:
            stream.write("".join(f"{name}\n" for name in self.made_with))
        toy = super().process(events)["toy"]
        return {name: toy for name in self.made_with}


@pytest.fixture
def toys(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    paths = [write_toy_file(tmp_path / f"{n}.root", 300, seed=n, truth=True) for n in (1, 2)]
    return {"one": tuple(map(str, paths))}


class Runs:
    """Runs over the toys, with what was asked for in each."""

    def __init__(self, place: Path, toys: dict[str, tuple[str, ...]]) -> None:
        self.toys, self.pieces, self.asked = toys, Pieces(str(place / "pieces")), place / "asked"

    def __call__(self, made_with: dict[str, Any], **options: Any) -> tuple[RunResult, list[str]]:
        self.asked.write_text("")
        options = {"backend": SERIAL, "chunk_size": 100, "pieces": self.pieces} | options
        result = run(PartsProcessor(made_with, self.asked), self.toys, progress=False, **options)
        return result, self.asked.read_text().split()


@pytest.fixture
def runs(tmp_path: Path, toys: dict[str, tuple[str, ...]]) -> Runs:
    return Runs(tmp_path, toys)


def test_nothing_is_computed_twice(runs: Runs) -> None:
    first, asked = runs({"a": 1, "b": 2})
    assert sorted(asked) == ["a"] * 6 + ["b"] * 6
    again, asked = runs({"a": 1, "b": 2})
    assert asked == []
    assert same_output(again.output, first.output)
    assert again.closure == first.closure
    assert (again.metrics.reused, again.metrics.computed_parts) == (6, 0)
    assert all(line.startswith("reused events") for line in again.log)
    assert all(line.startswith("computed events") for line in first.log)


def test_a_changed_part_is_computed_alone(runs: Runs) -> None:
    first, _ = runs({"a": 1, "b": 2})
    again, asked = runs({"a": 1, "b": 3})
    assert asked == ["b"] * 6
    assert list(again.output) == ["a", "b"]
    assert same_output(again.output, first.output)


def test_parts_that_were_not_asked_for_stay(runs: Runs) -> None:
    runs({"a": 1, "b": 2})
    runs({"a": 1})
    assert runs({"b": 2, "a": 1})[1] == []


@pytest.mark.parametrize("change", ["values", "same UUID, size and time", "another chunk size"])
def test_other_events_are_computed(change: str, runs: Runs, tmp_path: Path) -> None:
    """A file that is written again is another one, even where ROOT's identity and the clock say it is not."""
    runs({"a": 1})
    path = Path(runs.toys["one"][0])
    before = path.stat()
    options = {}
    if change == "values":
        write_toy_file(path, 300, seed=7, truth=True)
    elif change == "another chunk size":
        options = {"chunk_size": 150}
    else:
        content = bytearray(path.read_bytes())
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    _, asked = runs({"a": 1}, **options)
    assert len(asked) == (4 if options else 3)


def test_code_counts(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs({"a": 1})
    monkeypatch.setattr("rarekaon.analysis.execution.pieces.sources", lambda module: f"another {module}")
    assert len(runs({"a": 1})[1]) == 6


def test_what_is_blind_counts_for_data_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = write_toy_file(tmp_path / "s.root", 100, seed=1, truth=True)
    data = write_toy_file(tmp_path / "d.root", 100, seed=2)
    runs = Runs(tmp_path, {"simulation": (str(simulation),), "data": (str(data),)})
    assert len(runs({"a": 1})[1]) == 2
    assert runs({"a": 1})[1] == []
    opened = Blinding((Box("pi_ee", ((0, 1 << 30),)),))
    monkeypatch.setattr("rarekaon.analysis.execution.runner.current_blinding", lambda: opened)
    result, asked = runs({"a": 1})
    assert len(asked) == 1
    assert [line.split()[0] for line in result.log] == ["reused", "computed"]


def test_damaged_pieces_are_not_there(runs: Runs) -> None:
    first, _ = runs({"a": 1})
    files = sorted(Path(runs.pieces.place).rglob(f"*{SUFFIX}"))
    for n, path in enumerate(files):
        content = path.read_bytes()
        path.write_bytes(
            (content[:-1], b"", content[: len(content) // 2], b"\x80\x04.", content.swapcase(), content)[n]
        )
    again, asked = runs({"a": 1})
    assert len(asked) == 5
    assert same_output(again.output, first.output)
    assert runs({"a": 1})[1] == []


def test_a_place_that_cannot_be_written_stops_nothing(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result, asked = runs({"a": 1}, pieces=Pieces(str(tmp_path / "file" / "pieces")))
    assert len(asked) == 6
    assert "nothing is kept" in result.notes[0]


def test_what_cannot_be_told_apart_keeps_nothing(runs: Runs) -> None:
    result, asked = runs({"a": iter(())})
    assert len(asked) == 6
    assert "nothing is kept: it is not known what a tuple_iterator depends on" in result.notes[0]
    assert runs.pieces.kept() == []


def test_wrong_bursts_tell_chunks_apart(tmp_path: Path) -> None:
    """What one file says of a burst is so for the others of its sample, whose pieces are then others."""
    path = write_toy_file(tmp_path / "1.root", 100, seed=1)
    (file,), _ = inspect_fileset({"data": [str(path)]})
    burst = burst_key(file.bursts["run"][:1], file.bursts["burst"][:1])
    other = burst_key(np.array([1]), np.array([1]))

    def name(*wrong: Any) -> str:
        bursts = {"data": FlaggedBursts(wrong[0], np.array([wrong[1]], np.uint32))} if wrong else {}
        return chunk_name(tuple(plan([file], 100, bursts)))

    assert name() == name(other, 1)
    assert len({name(), name(burst, 1), name(burst, 2)}) == 3


def test_space_is_bounded_and_what_was_used_goes_last(runs: Runs) -> None:
    runs({"a": 1})
    ((sample, number, size, _),) = runs.pieces.kept()
    assert (sample, number) == ("one", 6)
    assert runs.pieces.prune(size) == 0
    files = sorted(Path(runs.pieces.place).rglob(f"*{SUFFIX}"), key=lambda p: p.stat().st_mtime_ns)
    assert runs.pieces.prune(size // 2, used=[files[0].stem]) >= 3
    assert files[0].exists()
    assert sum(k.size for k in runs.pieces.kept()) <= size // 2
    assert runs.pieces.clear(["other"]) == 0
    assert runs.pieces.clear() > 0
    assert runs.pieces.kept() == []


def test_other_files_in_the_place_stay(runs: Runs) -> None:
    runs({"a": 1})
    other = Path(runs.pieces.place) / "one" / "data.root"
    other.write_bytes(b"x" * 1000)
    runs.pieces.prune(0)
    assert runs.pieces.clear() == 0
    assert runs.pieces.kept() == []
    assert other.exists()


def test_two_workers_keep_and_use_the_same(runs: Runs, scheduler: str) -> None:
    first, _ = runs({"a": 1, "b": 2})
    runs.pieces.clear()
    there, asked = runs({"a": 1, "b": 2}, backend=Backend(scheduler))
    assert sorted(asked) == ["a"] * 6 + ["b"] * 6
    again, asked = runs({"a": 1, "b": 2}, backend=Backend(scheduler))
    assert asked == []
    assert same_output(there.output, first.output)
    assert same_output(again.output, first.output)


PROGRAM = """
import sys, time
from pathlib import Path
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.pieces import Pieces
from tests.execution.test_pieces import PartsProcessor
class Slow(PartsProcessor):
    def only(self, parts):
        return Slow({name: self.made_with[name] for name in parts}, self.asked)
    def process(self, events):
        time.sleep(0.2)
        return super().process(events)
place = Path(sys.argv[1])
toys = {"one": sys.argv[2:]}
run(Slow({"a": 1}, place / "asked"), toys, backend=Backend("iterative"), chunk_size=10, progress=False,
    pieces=Pieces(str(place / "pieces")))
"""


def test_a_killed_run_goes_on_where_it_was(runs: Runs, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-c", PROGRAM, str(tmp_path), *runs.toys["one"]]
    process = subprocess.Popen(arguments, cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    end = time.monotonic() + 120
    while len(runs.asked.read_text().split() if runs.asked.exists() else ()) < 20 and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list(Path(runs.pieces.place).rglob(f"*{SUFFIX}")))
    assert 18 <= done < 60
    fresh, _ = runs({"a": 1}, chunk_size=10, pieces=None)
    finished = arguments.copy()
    finished[2] += "print(open(place / 'asked').read().count('a'))"
    runs.asked.write_text("")
    computed = int(subprocess.check_output(finished, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}))
    assert computed == 60 - done
    assert fresh.closure.chunks == 60
