"""A run in one file that others recompute: results, histograms and what made them, with a digest of each."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import uproot

from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.booked import contents
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.store import load, save
from rarekaon.analysis.limits.from_publications import limits_from_published
from rarekaon.analysis.limits.inference import limits_from_events
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.results.provenance import RUN_RECORD, code_hash, datasets_hash
from rarekaon.analysis.results.records import Limits, write_bytes
from rarekaon.analysis.search.channels import samples_of, searches

MANIFEST = "manifest.json"
FORMAT = "rarekaon bundle"
MOST = 2_000_000_000
"""Bytes that a bundle may unpack to."""


class BundleError(ValueError):
    """A bundle that is damaged, or whose results do not come out again."""


def write_bundle(path: Path, limits: Path, histograms: Path) -> None:
    """Write results, histograms and figures of a run, and the manifest of their digests; equal runs, equal bytes."""
    files = {"limits.json": limits, f"histograms/{RUN_RECORD}": histograms / RUN_RECORD}
    files |= {
        f"{p.stem}.json": p for p in (limits.with_name(f"{n}.json") for n in ("backgrounds", "scans", "controls"))
    }
    files |= {f"histograms/{p.name}": p for p in sorted(histograms.glob("*.zip"))}
    figures = limits.parent / "report" / "figures"
    files |= {f"figures/{p.name}": p for p in sorted(figures.glob("*.png"))}
    content = {name: p.read_bytes() for name, p in sorted(files.items()) if p.is_file()}
    inputs = json.loads(content[f"histograms/{RUN_RECORD}"])["provenance"]["inputs"]
    manifest = {
        "format": FORMAT,
        "code": code_hash(),
        "datasets": datasets_hash(),
        "inputs": inputs,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in content.items()},
    }
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in {MANIFEST: json.dumps(manifest, indent=1).encode(), **content}.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    write_bytes(path, stream.getvalue())


def verify_bundle(path: Path) -> list[str]:
    """Check every digest and recompute the limits from the histograms; returns notes on what is not the same here.

    Raises BundleError that names the first difference.
    """
    files = _read(path)
    manifest = json.loads(files.pop(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise BundleError(f"{path} is no bundle: write one with `kaon publish`")
    for name in sorted({*files, *manifest["files"]}):
        if name not in files or name not in manifest["files"]:
            raise BundleError(f"{path}: {name} is {'not in it' if name not in files else 'not in its manifest'}")
        if hashlib.sha256(files[name]).hexdigest() != manifest["files"][name]:
            raise BundleError(f"{path}: {name} was changed: its digest is not that of the manifest")
    here = {"code": code_hash(), "datasets": datasets_hash()}
    notes = [f"the {what} here differ from those of the bundle" for what in here if here[what] != manifest[what]]
    first = difference(_recomputed(files), json.loads(files["limits.json"])["limits"])
    if first:
        raise BundleError(f"{path}: limits.json is not what its histograms give: {first}")
    return notes


def verify_from_samples(path: Path, samples: Path, backend: Backend, *, progress: bool = False) -> tuple[str, ...]:
    """Run the searches of a verified bundle over the samples it names, and compare all histograms bit by bit.

    Returns the searches whose samples are in `samples`, each file with the identity that the bundle says, and which
    were therefore run.  Raises BundleError that names the first histogram that is another one.
    """
    files = _read(path)
    record = json.loads(files[f"histograms/{RUN_RECORD}"])
    stored = {Path(n).stem: n for n in sorted(files) if n.startswith("histograms/") and n.endswith(".zip")}
    wanted = {(i["sample"], i["name"]): i["uuid"] for i in record["provenance"]["inputs"]}
    here = {key for key, uuid in wanted.items() if _uuid(samples / key[1]) == uuid}
    names = tuple(
        name for name in stored if name in searches() and {*samples_of([name])} <= {sample for sample, _ in here}
    )
    if not names:
        return ()
    size = record["provenance"]["configuration"]["chunk_size"]
    result = run(
        SearchProcessor(names), fileset(samples_of(names), samples), backend=backend, chunk_size=size, progress=progress
    )
    with tempfile.TemporaryDirectory() as place:
        for name, content in contents(result, names).items():
            again, there = Path(place) / "again.zip", Path(place) / "there.zip"
            save(again, content)
            if again.read_bytes() == files[stored[name]]:
                continue
            there.write_bytes(files[stored[name]])
            if first := differing_histogram(load(again), load(there)):
                raise BundleError(f"{path}: {stored[name]} is not what the samples give: {first}")
    return names


def _uuid(path: Path) -> str | None:
    """The identity of a ROOT file; None where there is none."""
    if not path.is_file():
        return None
    with uproot.open(path) as file:
        return str(file.file.uuid)


def differing_histogram(ours: Any, theirs: Any, place: str = "") -> str:
    """Where two trees of histograms differ first; empty if they are equal."""
    if not (isinstance(ours, Mapping) and isinstance(theirs, Mapping)):
        return "" if type(ours) is type(theirs) and ours == theirs else place.lstrip("/")
    for key in dict.fromkeys((*theirs, *ours)):
        if key not in ours or key not in theirs:
            return f"{place}/{key}".lstrip("/")
        if found := differing_histogram(ours[key], theirs[key], f"{place}/{key}"):
            return found
    return ""


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST:
                raise BundleError(f"{path} unpacks to more than {MOST} bytes")
            files = {info.filename: archive.read(info) for info in archive.infolist()}
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"{path} cannot be read ({error}): get it again") from error
    if MANIFEST not in files:
        raise BundleError(f"{path} has no {MANIFEST}: write a bundle with `kaon publish`")
    return files


def _recomputed(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """The limits that the histograms give, as they stand in JSON."""
    with tempfile.TemporaryDirectory() as place:
        stores: dict[str, Mapping[str, Any]] = {}
        for number, name in enumerate(sorted(n for n in files if n.startswith("histograms/") and n.endswith(".zip"))):
            copy = Path(place) / f"{number}.zip"
            copy.write_bytes(files[name])
            stores[Path(name).stem] = load(copy)
        (Path(place) / "limits.json").write_bytes(files["limits.json"])
        level = Limits.read(Path(place) / "limits.json").confidence_level
    records = (*limits_from_events(stores, level).records, *limits_from_published(level))
    origins = {row["origin"] for row in json.loads(files["limits.json"])["limits"]}
    found: list[dict[str, Any]] = json.loads(json.dumps([asdict(r) for r in records if r.origin in origins]))
    return found


def difference(ours: Any, theirs: Any, place: str = "") -> str:
    """Where two plain structures differ first, with both values; empty if they are equal.

    >>> difference({"a": [1, 2.0]}, {"a": [1, 2.5]})
    'a[1]: 2.0 here, 2.5 there'
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys((*theirs, *ours)):
            if key not in ours or key not in theirs:
                return f"{place}.{key}: {'nothing' if key not in ours else 'something'} here".lstrip(".")
            if found := difference(ours[key], theirs[key], f"{place}.{key}".lstrip(".")):
                return found
        return ""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next(filter(None, (difference(a, b, f"{place}[{i}]") for i, (a, b) in pairs)), "")
    return "" if ours == theirs and type(ours) is type(theirs) else f"{place}: {ours!r} here, {theirs!r} there"[:300]
