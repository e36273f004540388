"""Smaller files of a sample: the events in which searches have candidates, or all of them in the event contract.

A skim is read as everything is, behind the blinding: what is masked is not in it, and it says which boxes were.  Once
one of these is open the skim has to be made again; until then its masked regions are as empty as they look.  What its
events stand for is what those of its source do: bursts without events stay, and so do generated decays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from rarekaon.analysis.contract.schema import BURSTS, COLLECTIONS, GENERATION, TRUTH, SideTree, branches
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.exposure import burst_key
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.trees import open_file
from rarekaon.analysis.execution.chunks import process_chunk
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.event_files import SUFFIX, Kind, Stored, event_file, read
from rarekaon.analysis.execution.fileset import files_of
from rarekaon.analysis.execution.identity import check_events
from rarekaon.analysis.execution.inputs import InputFile, bursts_by_path
from rarekaon.analysis.execution.layouts import decay_code, open_events, side_tree
from rarekaon.analysis.execution.masked_skims import mark
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.execution.site import site
from rarekaon.analysis.facts.branch_maps import IDENTITY
from rarekaon.analysis.processing.blinding import BlindedProcessor, Blinding, current_blinding
from rarekaon.analysis.processing.candidate_tables import selections
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Selection

ALWAYS = {*IDENTITY, *(b.name for b in TRUTH)}
"""Branches that a skim has whatever columns are asked for."""
EVERYTHING = Blinding(())
"""Nothing is masked where all events are written again: they are as masked in the new file as in the old one."""


@dataclass(frozen=True)
class Written:
    """A file that was written, and of what."""

    sample: str
    """The sample."""
    path: str
    """Where the file is."""
    source: str
    """What it was made of."""
    simulated: bool
    """Whether it is simulation."""
    stored: int
    """Simulated events in it; of data nobody says how many were left out."""
    lost: tuple[str, ...] = ()
    """What its source has and it has not, in sentences."""


class SkimProcessor(ProcessorABC):
    """Some branches of the events with an identified candidate of any selection of some searches, or of all events."""

    def __init__(self, names: tuple[str, ...], wanted: frozenset[str]) -> None:
        self.names, self.wanted = names, wanted

    @property
    def candidates(self) -> frozenset[Callable[[Any], Any]]:
        """What finds the candidates."""
        return frozenset(s.candidates for s in self._selections)

    @property
    def _selections(self) -> set[Selection]:
        return {s for name in self.names for search in searches()[name] for s in selections(search)}

    def process(self, events: Any) -> list[Stored]:
        return self.process_columns(Columns(events), events.metadata["dataset"])

    def process_columns(self, columns: Columns, sample: str) -> list[Stored]:
        """`process` for columns that do not come from NanoEvents."""
        if not self.names:
            return [read(columns, self.wanted)]
        kept = np.zeros(len(columns), bool)
        for s in self._selections:
            kept[columns.shared(s.candidates).once(s.identify).event] = True
        return [read(columns.without(~kept, ()), self.wanted)]

    def postprocess(self, accumulator: list[Stored]) -> list[Stored]:
        return accumulator


def skim(
    sample: str, paths: Sequence[str], names: Sequence[str], directory: Path, *, columns: Sequence[str] = ("*",),
    kind: Kind = "ttree", chunk_size: int = 500_000,
) -> list[Written]:  # fmt: skip
    """Write the events of a sample's files in which searches have candidates before any cut, file by file.

    `columns` are patterns of branches.  InputFileError for files that are unfit, as in a run; ValueError for a pattern
    that fits no branch.
    """
    blinding = current_blinding()
    return list(_written(sample, paths, tuple(names), directory, columns, kind, chunk_size, blinding))


def convert(
    sample: str, paths: Sequence[str], directory: Path, *, kind: Kind = "ttree", chunk_size: int = 500_000
) -> list[Written]:
    """Write all events of a sample's files as the event contract has them, with what is lost by it."""
    return list(_written(sample, paths, (), directory, ("*",), kind, chunk_size, EVERYTHING))


def _written(
    sample: str, paths: Sequence[str], names: tuple[str, ...], directory: Path, columns: Sequence[str], kind: Kind,
    chunk_size: int, blinding: Blinding,
) -> Iterator[Written]:  # fmt: skip
    files, _ = inspect_fileset({sample: paths}, access=site().access)
    targets = _targets(files, directory, kind)
    runs = np.unique(np.concatenate([np.empty(0, np.uint32), *(f.bursts["run"] for f in files)]))
    masked = mark(blinding, runs)
    seen = []
    for file, (_, items) in zip(files, groupby(plan(files, chunk_size), lambda item: item.filename), strict=True):
        present, lost = _present(file)
        wanted = _wanted(present, columns)
        processor = BlindedProcessor(SkimProcessor(names, wanted), blinding)
        target = targets[file.path]
        identity = f"{file.content} {','.join(names)} {sorted(wanted)} {masked}"
        counted: list[NDArray[np.uint64]] = []
        stored = 0
        with event_file(target, wanted, kind, truth=file.simulated, identity=identity, said=masked) as out:
            for item in items:
                result = process_chunk((item,), processor, access=site().access)
                seen += result["stretches"]
                for part in result["out"]:
                    out.add(part)
                    stored += len(part["run"])
                    counted.append(burst_key(part["run"], part["burst"]))
            out.write_side(_generation(file, stored) if file.simulated else _bursts(file, counted))
        yield Written(sample, str(target), file.path, file.simulated, stored if file.simulated else 0, lost)
    for name, listed in bursts_by_path(files).items():
        check_events(name, seen, listed)


def _targets(files: Sequence[InputFile], directory: Path, kind: Kind) -> dict[str, Path]:
    """A file for each, under its name, which has to be another's place."""
    targets = {f.path: directory / (PurePath(f.path.partition("?")[0]).stem + SUFFIX[kind]) for f in files}
    if len({*targets.values()}) < len(files):
        targets = {f.path: directory / f"{f.sample}_{n}{SUFFIX[kind]}" for n, f in enumerate(files)}
    for path, target in targets.items():
        if target.resolve() == Path(path).resolve():
            raise InputFileError(f"{path} would be written over: name another folder")
    return targets


def _present(file: InputFile) -> tuple[frozenset[str], tuple[str, ...]]:
    """Branches of the contract that a file gives, and what is lost where it has others."""
    with open_file(site().access.place(file.path, 0)) as opened:
        tree = open_events(opened, file.path, file.sample)
        lost = tree.losses() if isinstance(tree, MappedTree) else ()
        return frozenset(branches(truth=file.simulated).keys() & tree.types().keys()), lost


def _wanted(present: Collection[str], columns: Sequence[str]) -> frozenset[str]:
    """The branches that patterns ask for, with the counters that they need."""
    if unknown := [p for p in columns if not any(fnmatchcase(name, p) for name in branches(truth=True))]:
        raise ValueError(f"no branch is called {unknown[0]!r}: `kaon schema` lists them")
    chosen = {name for name in present if name in ALWAYS or any(fnmatchcase(name, p) for p in columns)}
    for c in COLLECTIONS:
        if any(c.branch(f.name) in chosen for f in c.fields):
            chosen.add(c.counter)
            for field, target in c.references:  # an index needs what it counts
                if c.branch(field) in chosen:
                    chosen.add(f"n{target}")
    return frozenset(chosen & {*present})


def _bursts(file: InputFile, counted: Sequence[NDArray[np.uint64]]) -> dict[str, NDArray[Any]]:
    """All bursts of a file with the events that are left of them."""
    rows = {b.name: file.bursts[b.name] for b in BURSTS.fields}
    keys = burst_key(rows["run"], rows["burst"])
    left, numbers = np.unique(np.concatenate([np.empty(0, np.uint64), *counted]), return_counts=True)
    place = {key: n for key, n in zip(left.tolist(), numbers.tolist(), strict=True)}
    return rows | {"events": np.array([place.get(key, 0) for key in keys.tolist()], np.uint64)}


def _generation(file: InputFile, stored: int) -> dict[str, NDArray[Any]]:
    """The generated decays of a file; its events, which do not say of which block they are, stand in the first row."""
    with open_file(site().access.place(file.path, 0)) as opened:
        side: SideTree = GENERATION
        tree = side_tree(opened, file.sample, side)
        if tree is not None:
            columns = tree.source(0, tree.entries)
            rows = {b.name: np.asarray(columns.event(b.name)).astype(b.dtype) for b in side.fields}
        else:
            code = decay_code(catalogue().simulation_files[file.sample].decay)
            one: dict[str, float] = {"decay": code, "seed": 0, "block": _number(file), "events": 0}
            one |= {name: getattr(file.exposure, name) for name in ("generated", "weight", "weight_in_fv")}
            rows = {b.name: np.array([one[b.name]], b.dtype) for b in side.fields}
    events = np.zeros(len(rows["decay"]), np.uint64)
    events[:1] = stored
    return rows | {"events": events}


def _number(file: InputFile) -> int:
    """The place of a file among those of its sample."""
    return files_of(file.sample, Path()).index(file.path)
