"""Outputs of a processor as bytes and back: exact, quick, and without code in them.

Nested dicts of histograms and plain values are known, nothing else.  The axes of a histogram are described in the
serialisation of boost-histogram, once for all histograms that share them; the contents of all histograms are one array.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import hist
import numpy as np
import pyarrow as pa
from boost_histogram import serialization

REFERENCE = "$histogram"
CODEC = pa.Codec("lz4")
LENGTH = 8
"""Bytes that say how long a part is, unpacked and packed."""
DESCRIPTIONS = 10_000
"""Descriptions of axes that are remembered."""

Histogram = hist.Hist[Any]


class PackingError(ValueError):
    """An output that holds something else, or bytes that are none of `packed`."""


def packed(output: Mapping[str, Any]) -> bytes:
    """The bytes of a nested dict of histograms, finite numbers, strings and None; PackingError for anything else."""
    histograms: list[Histogram] = []
    tree = _indexed(output, histograms)
    numbers: dict[str, int] = {}
    which = [numbers.setdefault(_description(h), len(numbers)) for h in histograms]
    index = json.dumps({"tree": tree, "descriptions": list(numbers), "which": which}).encode()
    contents = b"".join(h.view(flow=True).tobytes() for h in histograms)
    return b"".join(_compressed(part) for part in (index, contents))


def unpacked(data: bytes) -> dict[str, Any]:
    """What `packed` was given, bit for bit; PackingError for other bytes."""
    try:
        text, contents = _parts(data)
        index = json.loads(text)
        histograms = list(_filled([index["descriptions"][i] for i in index["which"]], contents))
        output = _resolved(index["tree"], histograms)
    except Exception as error:  # bytes of unknown origin can fail in any way
        raise PackingError(f"these are no packed outputs ({error})") from error
    if not isinstance(output, dict):
        raise PackingError("these are no packed outputs (no dict)")
    return output


def _compressed(part: bytes) -> bytes:
    small: bytes = CODEC.compress(part, asbytes=True)
    return len(part).to_bytes(LENGTH) + len(small).to_bytes(LENGTH) + small


def _parts(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        full, size = (int.from_bytes(data[at + i * LENGTH : at + (i + 1) * LENGTH]) for i in range(2))
        at += 2 * LENGTH + size
        yield CODEC.decompress(data[at - size : at], full, asbytes=True)


def _indexed(node: Any, histograms: list[Histogram]) -> Any:
    """The tree with histograms moved to the list and their numbers in their place."""
    if isinstance(node, hist.Hist):
        histograms.append(node)
        return {REFERENCE: len(histograms) - 1}
    if isinstance(node, Mapping):
        if REFERENCE in node or not all(isinstance(key, str) for key in node):
            raise PackingError(f"keys must be strings other than {REFERENCE!r}")
        return {key: _indexed(value, histograms) for key, value in node.items()}
    if node is None or type(node) in (str, int, bool) or (type(node) is float and math.isfinite(node)):
        return node
    raise PackingError(f"a {type(node).__name__} cannot be packed; use a Hist, a finite number or a string")


def _resolved(node: Any, histograms: list[Histogram]) -> Any:
    if not isinstance(node, dict):
        return node
    if REFERENCE in node:
        return histograms[node[REFERENCE]]
    return {key: _resolved(value, histograms) for key, value in node.items()}


class _Described:
    """Empty histograms and their descriptions, by storage and number of bins: there are few for many outputs."""

    known: ClassVar[dict[Any, list[tuple[Histogram, str]]]] = {}


def _description(histogram: Histogram) -> str:
    """Axes and storage as text; PackingError where they do not come back as they were."""
    alike = _Described.known.setdefault((histogram.storage_type, histogram.axes.size), [])
    for empty, text in alike:
        if empty.axes == histogram.axes and (empty.name, empty.label) == (histogram.name, histogram.label):
            return text
    empty = histogram.copy().reset()
    text = json.dumps(serialization.to_uhi(empty), default=np.ndarray.tolist, sort_keys=True)
    back = _prototype(text)
    if back.axes != empty.axes or back.storage_type is not empty.storage_type:
        raise PackingError(f"a histogram with axes {tuple(empty.axes)} cannot be packed")
    if len(alike) < DESCRIPTIONS:
        alike.append((empty, text))
    return text


@lru_cache(maxsize=DESCRIPTIONS)
def _prototype(text: str) -> Histogram:
    plain = json.loads(text)
    arrays = {name: np.asarray(value) for name, value in plain["storage"].items() if isinstance(value, list)}
    return hist.Hist(serialization.from_uhi({**plain, "storage": plain["storage"] | arrays}))


def _filled(descriptions: list[str], contents: bytes) -> Iterator[Histogram]:
    place = 0
    for text in descriptions:
        histogram = _prototype(text).copy()
        view = histogram.view(flow=True)
        view[...] = np.frombuffer(contents, view.dtype, view.size, place).reshape(view.shape)
        place += view.nbytes
        yield histogram
    if place != len(contents):
        raise PackingError("they are too long")
