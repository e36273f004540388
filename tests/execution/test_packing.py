"""Packed outputs come back bit for bit, or not at all."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.execution.packing import PackingError, packed, unpacked

AXES = (
    hist.axis.Regular(7, -1.5, 3.25, name="x", label="x [GeV]"),
    hist.axis.Variable([0.1, 0.2, 0.7], name="x"),
    hist.axis.StrCategory(["one", "two"], name="x"),
    hist.axis.Integer(0, 5, name="x", underflow=False),
    hist.axis.Boolean(name="x"),
)


def filled(axes: list[Any], storage: Any, seed: int) -> hist.Hist[Any]:
    histogram: hist.Hist[Any] = hist.Hist(*axes, storage=storage)
    view = histogram.view(flow=True)
    view[...] = np.frombuffer(np.random.default_rng(seed).bytes(view.nbytes), view.dtype).reshape(view.shape)
    return histogram


@given(st.data())
def test_whatever_there_is_comes_back(data: st.DataObject) -> None:
    """Any bits, NaN and denormal numbers among them."""

    def histogram() -> hist.Hist[Any]:
        axes = [data.draw(st.sampled_from(AXES))]
        storage = data.draw(st.sampled_from([hist.storage.Weight, hist.storage.Double, hist.storage.Int64]))()
        return filled(axes, storage, data.draw(st.integers(0, 9)))

    plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    names = data.draw(st.lists(st.text(max_size=5), max_size=4, unique=True))
    output = {name: histogram() if data.draw(st.booleans()) else data.draw(plain) for name in names}
    back = unpacked(packed({"search": output}))
    assert list(back["search"]) == names
    for name, value in output.items():
        if isinstance(value, hist.Hist):
            again = back["search"][name]
            assert again.axes == value.axes
            assert [a.label for a in again.axes] == [a.label for a in value.axes]
            assert again.view(flow=True).tobytes() == value.view(flow=True).tobytes()
        else:
            assert repr(back["search"][name]) == repr(value)


def test_two_dimensions() -> None:
    histogram = filled([AXES[0], hist.axis.Regular(3, 0, 1, name="y")], hist.storage.Weight(), 1)
    again = unpacked(packed({"h": histogram}))["h"]
    assert again.axes == histogram.axes
    assert again.view(flow=True).tobytes() == histogram.view(flow=True).tobytes()


def test_what_comes_back_is_new() -> None:
    data = packed({"h": filled([AXES[0]], hist.storage.Double(), 1)})
    one, two = unpacked(data)["h"], unpacked(data)["h"]
    one.view(flow=True)[...] = 0
    assert not np.array_equal(one.view(flow=True), two.view(flow=True))


@pytest.mark.parametrize("value", [np.zeros(2), float("nan"), {1: 2}, object(), {"$histogram": 1}])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(PackingError):
        packed({"a": {"b": value} if not isinstance(value, dict) else value})


def test_damaged_bytes_are_refused() -> None:
    data = packed({"h": filled([AXES[0]], hist.storage.Double(), 1)})
    for damaged in (b"", data[:-1], data[:20], b"x" + data, data + b"x", b"\x80\x04" + data):
        with pytest.raises(PackingError):
            unpacked(damaged)
