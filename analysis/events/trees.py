"""Columns straight from a TTree or RNTuple.

The fields of a collection are read without their offsets, which are the same for all and come from the counter: a
jagged array per branch would compute and copy them for every one of them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from analysis.schema import collection

Array = NDArray[Any]


@dataclass(frozen=True)
class _Basket:
    """Values of one basket and the places of its events among them (events + 1,), in bytes."""

    values: Array
    places: Array

    def __len__(self) -> int:
        return len(self.places) - 1


class FlatValues(uproot.interpretation.Interpretation):
    """Values of a jagged branch `name[counter]` of fixed-size numbers, one after the other; dtype as on disk."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype.newbyteorder("=")

    @property
    def cache_key(self) -> str:
        return f"{type(self).__name__}({self.dtype.str})"

    @property
    def typename(self) -> str:
        return f"{self.dtype.name}[]"

    def basket_array(self, data: Any, byte_offsets: Any, basket: Any, *rest: Any) -> _Basket:
        if byte_offsets is None:
            byte_offsets = np.concatenate(([0], np.cumsum(basket.counts))) * self.dtype.itemsize
        return _Basket(data.view(self.dtype.newbyteorder(">")), byte_offsets)

    def final_array(
        self, basket_arrays: dict[int, _Basket], entry_start: int, entry_stop: int, entry_offsets: list[int], *rest: Any
    ) -> Array:
        pieces = []
        for number, (start, stop) in enumerate(itertools.pairwise(entry_offsets)):
            first, last = max(start, entry_start), min(stop, entry_stop)
            if first < last:
                basket = basket_arrays[number]
                begin, end = basket.places[[first - start, last - start]] // self.dtype.itemsize
                pieces.append(basket.values[begin:end])
        flat = np.empty(sum(len(p) for p in pieces), self.dtype)
        return np.concatenate(pieces, out=flat) if pieces else flat


class TreeSource:
    """Columns of the events `start` to `stop` of an uproot tree; keeps nothing it has read."""

    def __init__(self, tree: Any, start: int, stop: int) -> None:
        self._tree = tree
        self._window = {"entry_start": start, "entry_stop": stop}
        self._length = stop - start
        self._is_ttree = isinstance(tree, uproot.TTree)
        self.fields = frozenset(tree.keys())

    def __len__(self) -> int:
        return self._length

    def event(self, name: str) -> Array:
        return self._read(name)

    def flat(self, collection_name: str, field: str) -> Array:
        wanted = collection(collection_name)
        name = wanted.branch(field)
        if self._is_ttree:
            dtype = next(np.dtype(f.dtype) for f in wanted.fields if f.name == field)
            return np.asarray(self._tree[name].array(FlatValues(dtype), library="np", array_cache=None, **self._window))
        layout = ak.to_packed(self._tree[name].array(library="ak", array_cache=None, **self._window)).layout
        return np.asarray(ak.to_numpy(layout.content))

    def counts(self, collection_name: str) -> Array:
        return self._read(collection(collection_name).counter)

    def _read(self, name: str) -> Array:
        if self._is_ttree:
            return np.asarray(self._tree[name].array(library="np", array_cache=None, **self._window))
        return np.asarray(self._tree[name].array(library="np", **self._window))
