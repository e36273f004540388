"""Damaged ROOT files: `python -m tests.fuzzing.root_files --files 20000`.

Small files of each format, packing and kind are damaged at random and run through the whole reading side, in processes
that may crash: by the searches, and by a processor that takes NanoEvents.  A damaged file must be refused in our own
words or give the same counts as before; where a file has a checksum no other count may come out.  What happened is
counted, and each file that went wrong is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from uproot.source.file import MultithreadedFileSource

from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution import Backend, ExecutionError, run
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.catalogue import catalogue
from tests.damaged_files.judging import ByRecords
from tests.damaged_files.sample import PACKINGS, generation_of, good_columns, write
from tests.fuzzing.mutations import Span, mutated

PATIENCE = 20.0
"""Seconds of work after which a file hangs; where other programs want the processor, ten times as long may pass."""
REPORTED = 500
"""Files after which the counts are shown."""
EVENTS = 60
SAMPLES = {True: "pi_ee_lnv", False: "data_2016_2018"}
ACCEPTABLE = ("refused", "same")


@dataclass(frozen=True)
class Original:
    """A good file, whether it has a checksum inside it, the stretches of it that are read, and what comes out of it."""

    path: Path
    truth: bool
    with_checksum: bool
    read: tuple[Span, ...]
    result: str


def outcome(path: Path, truth: bool) -> str:
    """ "refused", or what comes out of a file as a checksum; an error of somebody else passes through."""
    files = {SAMPLES[truth]: [str(path)]}
    found = []
    for processor in (SearchProcessor(("pi_ee",)), ByRecords()):
        try:
            result = run(processor, files, backend=Backend("iterative"), progress=False)
        except ExecutionError as error:
            if foreign(error):
                raise
            return "refused"
        found.append(checksum(result.output))
    return " ".join(found)


def foreign(error: ExecutionError) -> bool:
    """Whether our error only wraps somebody else's."""
    return type(error).__name__ == "ChunkError"


def checksum(output: Any) -> str:
    """Of histograms, whatever they hold."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                digest.update(str(key).encode())
                add(inner)
        elif hasattr(value, "view"):
            digest.update(value.view(flow=True).tobytes())
        else:
            digest.update(repr(value).encode())

    add(output)
    return digest.hexdigest()


def originals(place: Path) -> Iterator[Original]:
    """One file of each kind: data, simulated files of somebody, and of ours with a checksum."""
    for kind in ("data", "simulation", "ours"):
        truth = kind != "data"
        columns = good_columns(EVENTS, truth=truth)
        sample = catalogue().simulation[SAMPLES[True]]
        side = generation_of(columns, decay=mode(sample.decay).code, seed=sample.seed) if truth else None
        for rntuple in (False, True):
            for packing in PACKINGS:
                path = place / f"{kind}_{'rntuple' if rntuple else 'ttree'}_{packing}.root"
                ours = kind == "ours"
                write(path, columns, side=side, rntuple=rntuple, packing=packing, parts=2, with_checksum=ours)
                with recorded() as spans:
                    result = outcome(path, truth)
                if result == "refused":
                    raise AssertionError(f"{path.name} is refused as it is")
                yield Original(path, truth, ours, tuple(sorted(set(spans))), result)


class recorded:  # noqa: N801
    """Notes the stretches of a file that are read meanwhile."""

    def __enter__(self) -> list[Span]:
        self.spans: list[Span] = []
        source = MultithreadedFileSource
        self._chunk, self._chunks = source.chunk, source.chunks
        spans = self.spans

        def chunk(this: Any, start: int, stop: int) -> Any:
            spans.append((start, stop))
            return self._chunk(this, start, stop)

        def chunks(this: Any, ranges: Any, notifications: Any) -> Any:
            spans.extend(ranges)
            return self._chunks(this, ranges, notifications)

        source.chunk, source.chunks = chunk, chunks
        return self.spans

    def __exit__(self, *error: object) -> None:
        MultithreadedFileSource.chunk, MultithreadedFileSource.chunks = self._chunk, self._chunks


def work(connection: Connection) -> None:
    """Look at the files that are asked for, until the other end closes."""
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    while True:
        try:
            path, truth = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)  # ends this process
        try:
            connection.send(outcome(Path(path), truth))
        except BaseException as error:
            connection.send(f"foreign {type(error).__name__}: {' '.join(str(error).split())[:300]}")


class Worker:
    """A process that looks at files, and is made anew when it dies or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._here, there = context.Pipe()
        self._process = context.Process(target=work, args=(there,), daemon=True)
        self._process.start()
        there.close()

    def look(self, path: Path, truth: bool) -> str:
        try:
            self._here.send((str(path), truth))
            if self._here.poll(10 * PATIENCE):
                found: str = self._here.recv()
                return found
            what = "hang"
        except (EOFError, ConnectionError):
            self._process.join(5)
            hung = self._process.exitcode == -signal.SIGPROF
            what = "hang" if hung else f"crash {self._process.exitcode}"
        self.stop()
        self._start()
        return what

    def stop(self) -> None:
        self._here.close()
        self._process.kill()
        self._process.join()


def fuzz(files: int, seconds: float, seed: int, kept: Path, only: str = "") -> dict[str, Any]:
    """Look at so many damaged files, or for so long; what happened, by kind of file."""
    counts: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        good = [o for o in originals(Path(place)) if only in o.path.name]
        contents = [o.path.read_bytes() for o in good]
        worker = Worker()
        made = in_read = 0
        for number in range(files):
            if time.monotonic() - began > seconds:
                break
            if number and number % REPORTED == 0:
                print(f"{number} files: {dict(sum(counts.values(), Counter()))}", file=sys.stderr, flush=True)
            which = number % len(good)
            original = good[which]
            content, changes = mutated(contents[which], original.read, np.random.default_rng([seed, number]))
            made += len(changes)
            in_read += sum(any(begin <= at < end for begin, end in original.read) for _, at in changes)
            path = Path(place) / "damaged.root"
            path.write_bytes(content)
            found = worker.look(path, original.truth)
            kind = "same" if found == original.result else found if found == "refused" else found.split(" ")[0]
            kind = kind if kind in ("same", "refused", "foreign", "crash", "hang") else "changed"
            counts.setdefault(original.path.stem, Counter())[kind] += 1
            if kind not in ACCEPTABLE and not (kind == "changed" and not original.with_checksum):
                kept.mkdir(parents=True, exist_ok=True)
                there = kept / f"{seed}_{number}_{original.path.stem}.root"
                shutil.copy(path, there)
                wrong.append(f"{there.name}: {found} {changes}")
                print(wrong[-1], flush=True)
        worker.stop()
    total = sum(counts.values(), Counter())
    return {
        "files": sum(total.values()),
        "seconds": round(time.monotonic() - began, 1),
        "in bytes that are read": round(in_read / made, 3),
        "counts": dict(total),
        "by file": counts,
        "wrong": wrong,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the names of the good files")
    parser.add_argument("--kept", type=Path, default=Path("build/fuzzing"), help="where files that went wrong are kept")
    chosen = parser.parse_args()
    found = fuzz(chosen.files, chosen.seconds, chosen.seed, chosen.kept, chosen.only)
    print(json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
