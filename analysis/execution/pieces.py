"""Finished pieces of runs, kept so that a run that was stopped or changed computes only what is not there yet.

A piece is what one part of a processor (a search) makes of one chunk.  The parts of a chunk stand in one file, named
after the content of the chunk.  Each is used only under the key it was made with (`keys`): another state of the code,
of the facts or of a selection replaces it.  Files that are damaged count as not there.  Nothing in them is executed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from coffea.processor.executor import WorkItem

from rarekaon.analysis.events.remote import Access
from rarekaon.analysis.execution.chunks import Chunk, process_chunk
from rarekaon.analysis.execution.fingerprint import fingerprint, sources
from rarekaon.analysis.execution.identity import Stretches
from rarekaon.analysis.execution.packing import PackingError, packed, unpacked
from rarekaon.analysis.execution.quality import FlaggedBursts
from rarekaon.analysis.execution.watch import Watch
from rarekaon.analysis.facts.models import user_catalogue
from rarekaon.analysis.processing.blinding import BlindedProcessor, Blinding
from rarekaon.analysis.results.provenance import versions
from rarekaon.analysis.search.channels import searches

SUFFIX = ".piece"
FORMAT = "rarekaon piece 1"
LIMIT = 10 * 10**9
"""Bytes that kept pieces may take after a run."""
MARKS = ".marks"
"""Where it is tried whether a place is shared."""
CONTENT = "content"
"""Where a work item says what identifies the content of its file."""
ENGINE = ("rarekaon.analysis.events.trees", "rarekaon.analysis.events.columns", "rarekaon.analysis.execution.reduction")
BLINDING = "rarekaon.analysis.processing.blinding"
IDENTITY = "rarekaon.analysis.execution.identity"
STRETCHES = "$bursts"
"""The part of a piece that says which bursts of data it saw."""

Key = str


class InParts(Protocol):
    """A processor whose output is a dict with an entry per part, each the same whatever other parts are asked for."""

    @property
    def parts(self) -> Mapping[str, Any]:
        """What each part is made with, by its name."""
        ...

    def only(self, parts: Iterable[str]) -> Any:
        """The processor for some of its parts."""
        ...


class Keys(NamedTuple):
    """The key of each part for simulated events, and for data, where what is blind counts, too; that of bursts."""

    simulated: Mapping[str, Key]
    data: Mapping[str, Key]
    stretches: Key


def keys(processor: InParts, blinding: Blinding) -> Keys:
    """Keys of the parts of a processor here and now; UnknownDependencyError for a part that can have none."""
    own = user_catalogue()
    engine = [versions(), [sources(module) for module in ENGINE], type(processor), own.periods, own.datasets]
    simulated = {name: fingerprint(*engine, made_with) for name, made_with in processor.parts.items()}
    blind = fingerprint(sources(BLINDING), _blind(blinding))
    data = {name: fingerprint(key, blind) for name, key in simulated.items()}
    return Keys(simulated, data, fingerprint(versions(), sources(IDENTITY)))


def _blind(blinding: Blinding) -> list[Any]:
    """What decides which events are removed from data."""
    return [
        (box.search, box.unblinded, s.candidates, s.identify, s.observable, s.masked, s.box)
        for box in blinding.boxes
        for search in searches()[box.search]
        for s in search.masked_selections
    ]


def chunk_name(chunk: Chunk) -> str:
    """What identifies the events of a chunk: the sample, and content and range of each file."""
    hashed = hashlib.sha256(chunk[0].dataset.encode())
    for item in chunk:
        hashed.update(f"\0{item.usermeta[CONTENT]} {item.entrystart} {item.entrystop}".encode())
    return hashed.hexdigest()[:32]


class Kept(NamedTuple):
    """The pieces of one sample: their number, bytes in all, and when the last was written (seconds since 1970)."""

    sample: str
    pieces: int
    size: int
    last: float


@dataclass(frozen=True)
class Pieces:
    """Pieces in a folder, a path or a URL that fsspec knows."""

    place: str

    @cached_property
    def _root(self) -> tuple[Any, str]:
        import fsspec

        found: tuple[Any, str] = fsspec.core.url_to_fs(self.place)
        return found

    def __getstate__(self) -> dict[str, str]:
        return {"place": self.place}

    def _path(self, sample: str, name: str) -> str:
        return f"{self._root[1]}/{sample}/{name}{SUFFIX}"

    def has(self, sample: str, name: str) -> bool:
        """Whether there is a piece of that name."""
        return bool(self._root[0].exists(self._path(sample, name)))

    def read(self, sample: str, name: str) -> dict[str, tuple[Key, bytes]]:
        """Key and packed output of each part of a chunk; nothing where there is no such piece or it is damaged."""
        files, _ = self._root
        try:
            head, _, rest = files.cat_file(self._path(sample, name)).partition(b"\n")
            known = json.loads(head)
            if known["format"] != FORMAT or known["sha256"] != hashlib.sha256(rest).hexdigest():
                return {}
            place, parts = 0, {}
            for part, key, size in known["parts"]:
                parts[part] = (key, rest[place : place + size])
                place += size
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return parts

    def write(self, sample: str, name: str, parts: Mapping[str, tuple[Key, bytes]]) -> None:
        """Keep the parts of a chunk in place of those that were kept; OSError where it cannot be written."""
        files, _ = self._root
        rest = b"".join(content for _, content in parts.values())
        known = {
            "format": FORMAT,
            "sha256": hashlib.sha256(rest).hexdigest(),
            "parts": [(part, key, len(content)) for part, (key, content) in parts.items()],
        }
        path = self._path(sample, name)
        temporary = f"{path}.{uuid4().hex}"
        files.makedirs(files._parent(path), exist_ok=True)
        files.pipe_file(temporary, json.dumps(known).encode() + b"\n" + rest)
        files.mv(temporary, path)

    def _files(self) -> Iterator[tuple[PurePosixPath, int, float]]:
        """Path, size and time of writing of all pieces and of what writing them has left behind."""
        files, root = self._root
        for path, info in files.find(root, detail=True).items() if files.exists(root) else ():
            if SUFFIX in PurePosixPath(path).suffixes:  # whatever else stands in the place is not ours
                written = info.get("mtime") or info.get("LastModified") or 0.0
                seconds = written.timestamp() if isinstance(written, datetime) else float(written)
                yield PurePosixPath(path), int(info["size"]), seconds

    def kept(self) -> list[Kept]:
        """What there is, by sample."""
        by_sample: dict[str, list[tuple[int, float]]] = {}
        for path, size, written in self._files():
            by_sample.setdefault(path.parent.name, []).append((size, written))
        return [
            Kept(sample, len(those), sum(size for size, _ in those), max(written for _, written in those))
            for sample, those in sorted(by_sample.items())
        ]

    def clear(self, samples: Iterable[str] = ()) -> int:
        """Remove all pieces, or those of some samples; returns how many."""
        wanted = set(samples)
        return self._remove([path for path, _, _ in self._files() if not wanted or path.parent.name in wanted])

    def prune(self, limit: int, used: Iterable[str] = ()) -> int:
        """Remove pieces until they take no more than `limit` bytes, the oldest first and `used` chunks last."""
        mine = set(used)
        order = sorted(self._files(), key=lambda f: (f[0].stem in mine, f[2]))
        excess = sum(size for _, size, _ in order) - limit
        removed = []
        for path, size, _ in order:
            if excess <= 0:
                break
            removed.append(path)
            excess -= size
        return self._remove(removed)

    def _remove(self, paths: Iterable[PurePosixPath]) -> int:
        removed = 0
        for path in paths:
            with suppress(FileNotFoundError):  # another run was first
                self._root[0].rm_file(str(path))
                removed += 1
        return removed

    def forget(self, sample: str, name: str) -> None:
        """Remove the piece of that name."""
        self._remove([PurePosixPath(self._path(sample, name))])


@dataclass(frozen=True, eq=False)
class KeptProcess:
    """`process_chunk` that computes only the parts of a chunk that are not kept, and keeps them."""

    processor: BlindedProcessor
    flagged: Mapping[str, FlaggedBursts]
    access: Access
    pieces: Pieces
    keys: Keys
    simulated: frozenset[str]
    """Samples that are simulated."""

    def __call__(self, chunk: Chunk) -> dict[str, Any]:
        sample, name = chunk[0].dataset, chunk_name(chunk)
        wanted = self.keys.simulated if sample in self.simulated else self.keys.data
        known = {**wanted, STRETCHES: self.keys.stretches}
        started = time.perf_counter()
        kept = self.pieces.read(sample, name)
        usable = {part: _unpacked(kept[part][1]) for part, key in known.items() if kept.get(part, ("",))[0] == key}
        outputs = {part: output for part, output in usable.items() if output is not None}
        seen = outputs.pop(STRETCHES, None)
        missing = [part for part in wanted if seen is None or part not in outputs]
        reading = time.perf_counter() - started
        result = self._compute(chunk, missing) if missing else _nothing(chunk) | {"stretches": _back(chunk, seen or {})}
        started = time.perf_counter()
        made = {part: {part: result["out"][part]} if part in result["out"] else {} for part in missing}
        problem = set()
        if missing:
            new = {**made, STRETCHES: _by_number(chunk, result["stretches"])}
            problem = self._keep(sample, name, kept, {part: (known[part], output) for part, output in new.items()})
        outputs |= made
        result["out"] = {key: value for part in wanted for key, value in outputs[part].items()}
        result["metrics"] |= {
            "reused": set() if missing else {name},
            "reused_parts": len(wanted) - len(missing),
            "computed_parts": len(missing),
            "keepingtime": reading + time.perf_counter() - started,
            "not_kept": problem,
        }
        return result

    def _compute(self, chunk: Chunk, parts: list[str]) -> dict[str, Any]:
        inner: Any = self.processor.processor
        processor = BlindedProcessor(inner.only(parts), self.processor.blinding)
        return process_chunk(chunk, processor, self.flagged, self.access)

    def _keep(
        self, sample: str, name: str, kept: Mapping[str, tuple[Key, bytes]], new: Mapping[str, tuple[Key, Any]]
    ) -> set[str]:
        """Why the new parts were not kept; that stops no run."""
        try:
            self.pieces.write(sample, name, {**kept, **{p: (key, packed(out)) for p, (key, out) in new.items()}})
        except (OSError, PackingError) as error:
            return {f"{type(error).__name__}: {error}"}
        return set()


def _by_number(chunk: Chunk, seen: Iterable[Stretches]) -> dict[str, str]:
    """The bursts of each item of a chunk, by its number: a file may have another name the next time."""
    places = {(item.filename, item.entrystart): n for n, item in enumerate(chunk)}
    found = sorted((places[part.path, part.first], part.content) for part in seen)
    return {str(n): base64.b64encode(content).decode() for n, content in found}


def _back(chunk: Chunk, kept: Mapping[str, str]) -> set[Stretches]:
    items = ((chunk[int(n)], base64.b64decode(content)) for n, content in kept.items())
    return {Stretches(item.filename, item.entrystart, content) for item, content in items}


def seen_by(watch: Watch | None, pieces: Pieces, notes: list[str]) -> bool:
    """Whether the place of the pieces can be written here and is seen by all workers; if not, a note says so."""
    mark = uuid4().hex
    try:
        pieces.write(MARKS, mark, {})
        blind = [] if watch is None else [a for a, sees in watch.client.run(_sees, pieces, mark).items() if not sees]
        pieces.forget(MARKS, mark)
    except OSError as error:
        notes.append(f"nothing is kept: {pieces.place} cannot be written ({error})")
        return False
    if blind:
        notes.append(f"nothing is kept: {pieces.place} is not seen by worker {blind[0]}; give a place that all share")
    return not blind


def _sees(pieces: Pieces, mark: str) -> bool:
    return pieces.has(MARKS, mark)


def _unpacked(content: bytes) -> dict[str, Any] | None:
    try:
        return unpacked(content)
    except PackingError:
        return None


def _nothing(chunk: Chunk) -> dict[str, Any]:
    """What `process_chunk` says of a chunk that was not looked at."""
    entries = sum(len(item) for item in chunk)
    metrics = {"bytesread": 0, "columns": set(), "entries": entries, "processtime": 0.0, "retries": 0}
    return {"out": {}, "processed": set(chunk), "metrics": metrics}


def work_item(sample: str, path: str, tree: str, start: int, stop: int, uuid: bytes, content: str) -> WorkItem:
    """A range of events of a file of which it is known what identifies its content."""
    return WorkItem(sample, path, tree, start, stop, uuid, {CONTENT: content})
