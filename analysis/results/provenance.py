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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rarekaon
from rarekaon import __version__
from rarekaon.analysis.facts.paths import datasets_path, user_catalogue_file

PACKAGES = (
    "awkward", "boost-histogram", "coffea", "distributed", "hist", "numba", "numpy", "scipy", "uproot", "vector",
)  # fmt: skip
"""Distributions whose version can change a number."""

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
    events: int
    """Events in it."""
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
    inputs: Iterable[Input] = (), configuration: Mapping[str, Any] | None = None, **volatile: Any
) -> Provenance:
    """The provenance of a result computed now, here, from `inputs`; keywords join the volatile part."""
    return Provenance(
        versions=versions(),
        code=code_hash(),
        datasets=datasets_hash(),
        revision=revision(),
        inputs=tuple(inputs),
        configuration=dict(configuration or {}),
        volatile={
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.node(),
            "platform": platform.platform(),
            **volatile,
        },
    )


def provenance(histograms: Path | None = None) -> dict[str, Any]:
    """The provenance of a result file as plain data: of this process, and of the run that wrote `histograms`.

    `histograms` is the directory `kaon run` wrote to.  All volatile parts are together under "volatile".
    """
    content = collect().as_dict()
    record = histograms / RUN_RECORD if histograms else None
    if record is not None and record.is_file():
        run = json.loads(record.read_text())["provenance"]
        content["volatile"]["histograms"] = run.pop("volatile")
        content["histograms"] = run
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


def revision() -> str | None:
    """Git revision of the sources, with "+" where tracked files differ from it; None where there is none."""
    root = (PACKAGE / "analysis").resolve().parent
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return None
    return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _git(root: Path, *arguments: str) -> str | None:
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _hash_files(groups: Iterable[tuple[Path, Iterable[Path]]]) -> str:
    """SHA-256 over relative names and contents; directories and times do not matter."""
    digest = hashlib.sha256()
    for root, paths in groups:
        for path in paths:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
