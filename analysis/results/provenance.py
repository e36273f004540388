"""Where a result comes from: versions, code, facts, inputs; and apart from it, when and where it was computed.

Two runs of the same code over the same inputs have the same `Provenance` but for its `volatile` part: date, host,
duration, number of workers.  Nothing volatile may influence a result.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import rarekaon
from rarekaon import __version__
from rarekaon.analysis.contract.documents import read_json
from rarekaon.analysis.facts.models import user_catalogue
from rarekaon.analysis.facts.paths import datasets_path, shipped_path, user_catalogue_file

PACKAGES = (
    "awkward", "boost-histogram", "coffea", "distributed", "hist", "numba", "numpy", "scipy", "uproot", "vector",
)  # fmt: skip
"""Distributions whose version can change a number."""

CHANNELS = "rarekaon.searches"
"""Entry points of the packages that hold channel files."""
AGAIN = "run `kaon run` (or `make histograms`) again"
PACKAGE = Path(rarekaon.__file__).parent
RUN_RECORD = "run.json"
"""What `kaon run` writes beside its histograms: exposure, closure, metrics and provenance."""


@dataclass(frozen=True)
class Input:
    """A file that was read."""

    sample: str
    """The sample it belongs to."""
    name: str
    """Its name without the directory."""
    uuid: str
    """Identity that ROOT wrote into it."""
    size: int
    """In bytes."""
    events: int | None
    """Events in it; of data None, because some may be in masked boxes."""
    seeds: tuple[int, ...] = ()
    """Seeds that it was simulated with."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a result was computed from."""

    versions: Mapping[str, str]
    """Versions of the packages that were used."""
    code: str
    """Hash of the package's sources."""
    datasets: str
    """Hash of its data files."""
    revision: str | None
    """The git revision, with "+" where the tree differs from it; None outside a repository."""
    facts: Mapping[str, Any]
    """State of the folder of facts."""
    open_boxes: tuple[Mapping[str, Any], ...]
    """The records of opened boxes."""
    inputs: tuple[Input, ...] = ()
    """The files that were read."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """What else was chosen: searches, chunk size, seeds."""
    volatile: Mapping[str, Any] = field(default_factory=dict)
    """What may differ between equal results: time, machine."""

    def stable(self) -> dict[str, Any]:
        """Everything that two equal runs have in common, ready for JSON."""
        content = asdict(self)
        del content["volatile"]
        return content

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON, with date, host and the like under "volatile"."""
        return {**self.stable(), "volatile": dict(self.volatile)}


def collect(
    inputs: Iterable[Input] = (),
    configuration: Mapping[str, Any] | None = None,
    *,
    open_boxes: Iterable[Mapping[str, Any]],
    **volatile: Any,
) -> Provenance:
    """The provenance of a result computed now, here, from `inputs`, with the boxes that are open; keywords join the
    volatile part."""
    return Provenance(
        versions=versions(),
        code=code_hash(),
        datasets=datasets_hash(),
        revision=revision(),
        facts=facts_state(),
        open_boxes=tuple(open_boxes),
        inputs=tuple(inputs),
        configuration=dict(configuration or {}),
        volatile={
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.node(),
            "platform": platform.platform(),
            **volatile,
        },
    )


def provenance(histograms: Path | None = None, *, open_boxes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The provenance of a result file as plain data: of this process, and of the run that wrote `histograms`.

    `open_boxes` are the records of opened boxes, which every result lists; `histograms` is the directory `kaon run`
    wrote to.  All volatile parts are together under "volatile".  Raises DocumentError for a damaged run record.
    """
    content = collect(open_boxes=open_boxes).as_dict()
    record = histograms / RUN_RECORD if histograms else None
    if record is not None and record.exists():
        document = read_json(record, AGAIN)
        run = dict(document.part("provenance", AGAIN).as_model(dict[str, Any], AGAIN))
        files = document.part("histograms", AGAIN).as_model(dict[str, dict[str, Any]], AGAIN)
        content["volatile"]["histograms"] = run.pop("volatile", {})
        content["histograms"] = {**run, "files": {name: made.get("sha256") for name, made in files.items()}}
    return content


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of everything that computes; "absent" where not installed."""
    found = {"python": platform.python_version(), "rarekaon": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


@cache
def code_hash() -> str:
    """Hash of all sources of the package as installed here."""
    roots = [PACKAGE / name for name in ("analysis", "processors")]
    return _hash_files((PACKAGE, sorted(root.rglob("*.py"))) for root in roots)


@cache
def datasets_hash() -> str:
    """Hash of all files in `datasets/`, and of the user's own catalogue if there is one."""
    root, own = datasets_path(), user_catalogue_file()
    files = [(root, sorted(p for p in root.rglob("*") if p.is_file()))]
    return _hash_files(files if own is None else [*files, (own.parent, [own])])


@cache
def code_parts() -> dict[str, str]:
    """Hash of every folder of the package's sources, and of every package of channel files from elsewhere, by name."""
    roots = sorted(p for p in (PACKAGE / "analysis").iterdir() if p.is_dir() and any(p.rglob("*.py")))
    parts = {f"analysis/{root.name}": _hash_files([(root, sorted(root.rglob("*.py")))]) for root in roots}
    parts["processors"] = _hash_files([(PACKAGE / "processors", sorted((PACKAGE / "processors").rglob("*.py")))])
    for entry in entry_points(group=CHANNELS):
        spec = find_spec(entry.value) if entry.value != f"{rarekaon.__name__}.processors" else None
        for place in map(Path, spec.submodule_search_locations or () if spec else ()):
            parts[f"channels {entry.value}"] = _hash_files([(place, sorted(place.rglob("*.py")))])
    for file in (Path(name) for name in user_catalogue().channels if Path(name).is_file()):
        parts[f"channels {file.name}"] = _hash_files([(file.parent, [file])])
    return parts


@cache
def fact_parts() -> dict[str, str]:
    """Hash of every file and folder in `datasets/`, by name, and of the user's own catalogue if there is one."""
    root, own = datasets_path(), user_catalogue_file()
    mine = {} if own is None else {"own catalogue": _hash_files([(own.parent, [own])])}
    return mine | {
        p.name: _hash_files([(root, sorted(f for f in p.rglob("*") if f.is_file()) if p.is_dir() else [p])])
        for p in sorted(root.iterdir())
        if p.name != "__pycache__"
    }


def facts_hash() -> str:
    """Hash of the facts but the records of opened boxes: what a box is opened on."""
    parts = {name: value for name, value in fact_parts().items() if name != "unblinding"}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def facts_state() -> dict[str, Any]:
    """Whose the folder of facts is, its git revision (None outside a repository) and what in it is not committed.

    Files that git ignores or does not know are not committed either.
    """
    root = datasets_path().resolve()
    shipped = root == shipped_path().resolve()
    if shipped and not (root.parent / ".git").exists():  # installed, perhaps within a repository of somebody else
        return {"shipped": True, "revision": None, "uncommitted": None}
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", ".")
    return {
        "shipped": shipped,
        "revision": _git(root, "rev-parse", "--verify", "--quiet", "HEAD"),
        "uncommitted": None if changed is None else sorted(line[3:] for line in changed.splitlines()),
    }


def revision() -> str | None:
    """Git revision of the sources, with "+" where tracked files differ from it; None where there is none."""
    root = (PACKAGE / "analysis").resolve().parent
    if not (root / ".git").exists():
        return None
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return None
    return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _git(root: Path, *arguments: str) -> str | None:
    """What git says about a folder of a repository; None where there is no repository, no commit or no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.rstrip()


def _hash_files(groups: Iterable[tuple[Path, Iterable[Path]]]) -> str:
    """SHA-256 over relative names and contents; directories and times do not matter."""
    digest = hashlib.sha256()
    for root, paths in groups:
        for path in paths:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
