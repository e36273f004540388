"""Histograms on disk: a nested dict of `hist.Hist` in one zip file, exact and without code in it.

The file holds `index.json`, the dict with a reference in place of every histogram, and each histogram as
`<number>.json` with its arrays as `.npy` beside it, in the UHI serialisation that any library can read
(`uhi.io.zip.read(file, "0")`).  The same content gives the same bytes: order, dates and compression are fixed.
"""

from __future__ import annotations

import io
import json
import logging
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import hist
import numpy as np
import uhi.io.zip

from rarekaon.analysis.results.records import write_bytes

FORMAT = "rarekaon histograms"
VERSION = 1
INDEX = "index.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip file can hold, given to all members."""

REFERENCE = "$histogram"

Content = Mapping[str, Any]


class StoreError(ValueError):
    """A file that is no histogram file, is damaged, or content that cannot be stored."""


def save(path: Path, content: Content) -> None:
    """Write a nested dict with leaves Hist, number, string, bool or None; the file appears whole or not at all.

    Raises StoreError naming the key of a leaf of another type, a NaN or an infinity.
    """
    path = Path(path)
    loose, buffer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(loose, "w") as members:
        histograms: list[hist.Hist[Any]] = []
        tree = _indexed(content, (), histograms)
        index = {"format": FORMAT, "version": VERSION, "content": tree}
        members.writestr(INDEX, json.dumps(index, indent=1, allow_nan=False))
        for number, histogram in enumerate(histograms):
            uhi.io.zip.write(members, str(number), histogram)
    # uhi writes its members in the order of a set, which is another one in every process, and keys of metadata in the
    # order in which they were once set.
    with zipfile.ZipFile(loose) as members, zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members.namelist(), key=lambda name: (name != INDEX, name)):
            member = members.read(name)
            if name != INDEX and name.endswith(".json"):
                member = json.dumps(json.loads(member), sort_keys=True).encode()
            archive.writestr(_member(name), member, zipfile.ZIP_DEFLATED, 6)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """Read a file written by `save`; StoreError if it is missing, damaged or something else."""
    path = Path(path)
    logging.getLogger(__name__).info("reading %s", path)
    if not path.is_file():
        raise StoreError(f"{path} does not exist: make it with `kaon run` or `make histograms`")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise StoreError(f"{path} is damaged (in {damaged}): make it again with `kaon run`")
            index = json.loads(archive.read(INDEX)) if INDEX in archive.namelist() else {}
            if index.get("format") != FORMAT:
                raise StoreError(f"{path} is not a file of {FORMAT}: name one written by `kaon run`")
            if index["version"] != VERSION:
                raise StoreError(
                    f"{path} has format version {index['version']}, this package reads {VERSION}: make it again"
                )
            return _resolved(index["content"], archive)
    except StoreError:
        raise
    except Exception as error:  # bytes of unknown origin can fail in any way
        raise StoreError(f"{path} cannot be read ({error}): make it again with `kaon run`") from error


def _indexed(node: Content, place: tuple[str, ...], histograms: list[hist.Hist[Any]]) -> dict[str, Any]:
    """The tree with histograms moved to the list and references in their place."""
    tree: dict[str, Any] = {}
    for key, value in node.items():
        here = (*place, key)
        if not isinstance(key, str) or key == REFERENCE:  # type: ignore[redundant-expr]
            raise StoreError(f"{_name(here)}: keys must be strings other than {REFERENCE!r}")
        if isinstance(value, hist.Hist):
            tree[key] = {REFERENCE: len(histograms)}
            histograms.append(value)
        elif isinstance(value, Mapping):
            tree[key] = _indexed(value, here, histograms)
        else:
            tree[key] = _plain(value, here)
    return tree


def _plain(value: Any, place: tuple[str, ...]) -> str | int | float | bool | None:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, str | int | float | bool | None):
        raise StoreError(f"{_name(place)}: a {type(value).__name__} cannot be stored; use a Hist, number or string")
    if isinstance(value, float) and not math.isfinite(value):
        raise StoreError(f"{_name(place)} is {value}: only finite numbers are stored")
    return value


def _resolved(node: Mapping[str, Any], archive: zipfile.ZipFile) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in node.items():
        if not isinstance(value, dict):
            tree[key] = value
        elif REFERENCE in value:
            tree[key] = hist.Hist(uhi.io.zip.read(archive, str(value[REFERENCE])))
        else:
            tree[key] = _resolved(value, archive)
    return tree


def _name(place: tuple[Any, ...]) -> str:
    return "/".join(str(key) for key in place)


def _member(name: str) -> zipfile.ZipInfo:
    """A member with one fixed date and the same rights everywhere."""
    info = zipfile.ZipInfo(name, EPOCH)
    info.external_attr = 0o644 << 16
    return info
