"""Data that are there twice, whatever their files say of themselves; and data that only look so."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.execution import identity
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.identity import STRETCH, Stretches, check_events
from rarekaon.analysis.execution.inputs import BURST
from tests.damaged_files.judging import judge
from tests.damaged_files.sample import bursts_of, good_columns, write
from tests.damaged_files.test_lengths import right  # noqa: F401

NOBODY = bytes(16)
"""The UUID that ROOT writes for `?reproducible`."""


@pytest.fixture(scope="module")
def columns():
    return good_columns()


def part(columns, rows):
    return {name: values[rows] for name, values in columns.items()}


def both(first, second):
    import awkward as ak

    return {
        name: np.concatenate([v, second[name]]) if isinstance(v, np.ndarray) else ak.concatenate([v, second[name]])
        for name, v in first.items()
    }


TWICE = {
    "the merged file beside its parts": (slice(0, 250), slice(250, 500), slice(0, 500)),
    "a rewritten copy": (slice(0, 500), slice(0, 500)),
    "an overlap of a hundred events": (slice(0, 300), slice(200, 500)),
    "an overlap of one event": (slice(0, 251), slice(250, 500)),
    "the last of three is a part of the first": (slice(0, 200), slice(200, 500), slice(20, 30)),
}


@pytest.mark.parametrize("rntuple", [False, True], ids=["TTree", "RNTuple"])
@pytest.mark.parametrize("case", TWICE)
def test_events_that_are_there_twice(case, rntuple, columns, tmp_path):
    files = [write(tmp_path / f"{n}.root", part(columns, rows), rntuple=rntuple) for n, rows in enumerate(TWICE[case])]
    for order in (files, files[::-1]):
        for chunk_size in (500_000, 77):
            said = judge(order, chunk_size=chunk_size).says
            assert "is there twice" in said
            assert "of run 7900, burst" in said
            assert sum(str(path) in said for path in files) == 2


def test_an_event_that_is_twice_in_one_file(columns, right, tmp_path):  # noqa: F811
    again = both(columns, part(columns, slice(100, 101)))
    path = write(tmp_path / "again.root", again)
    for chunk_size in (500_000, 77):
        assert "is there twice, in" in judge([path], chunk_size=chunk_size).says


APART = {
    "halves": (slice(0, 250), slice(250, 500)),
    "bursts that alternate": (slice(0, None, 2), slice(1, None, 2)),
    "thirds": (slice(0, None, 3), slice(1, None, 3), slice(2, None, 3)),
}


@pytest.mark.parametrize("identity_of", [None, NOBODY], ids=["own UUIDs", "UUIDs of nobody"])
@pytest.mark.parametrize("case", APART)
def test_bursts_that_are_spread_over_files(case, identity_of, columns, right, tmp_path):  # noqa: F811
    files = [
        write(tmp_path / f"{n}.root", part(columns, rows), identity=identity_of) for n, rows in enumerate(APART[case])
    ]
    for chunk_size in (500_000, 77):
        found = judge(files, chunk_size=chunk_size)
        assert found.count == right, found.says
    assert found.result.exposure("toy").bursts == len(bursts_of(columns)["run"])


def test_a_merged_file_with_two_rows_of_a_burst(columns, right, tmp_path):  # noqa: F811
    first, second = (bursts_of(part(columns, slice(n, None, 2))) for n in (0, 1))
    side = {name: np.concatenate([first[name], second[name]]) for name in first}
    found = judge([write(tmp_path / "merged.root", columns, side=side)])
    assert found.count == right
    assert found.result.exposure("toy").bursts == len(bursts_of(columns)["run"])


def test_events_in_any_order(columns, right, tmp_path):  # noqa: F811
    order = np.random.default_rng(1).permutation(len(columns["run"]))
    for chunk_size in (500_000, 77):
        assert judge([write(tmp_path / "order.root", part(columns, order))], chunk_size=chunk_size).count == right


def test_numbers_above_two_to_the_63(columns, right, tmp_path):  # noqa: F811
    high = columns | {"event": columns["event"] + np.uint64(2**63)}
    assert judge([write(tmp_path / "high.root", high)]).count == right
    files = [write(tmp_path / f"{n}.root", part(high, rows)) for n, rows in enumerate((slice(0, 300), slice(299, 500)))]
    assert "is there twice" in judge(files).says


def test_bursts_that_do_not_say_what_the_events_are(columns, tmp_path):
    side = bursts_of(columns)
    side["events"][3] += 1
    side["events"][4] -= 1
    said = judge([write(tmp_path / "lie.root", columns, side=side)]).says
    assert f"events of run 7900, burst {side['burst'][3]} but its tree Bursts says {side['events'][3]}" in said


def test_ten_thousand_million_events_need_the_memory_of_their_bursts():
    """A million bursts of ten thousand events, each in two chunks, two of them with an event in common."""
    bursts, events = 1_000_000, 5_000
    parts = []
    for half in (0, 1):
        rows = np.zeros(bursts, STRETCH)
        rows["key"] = np.arange(bursts) + (8000 << 32)
        rows["events"], rows["lowest"], rows["highest"] = events, half * events, half * events + events - 1
        parts.append(Stretches("file", half, rows.tobytes()))
    listed = np.zeros(bursts, BURST)
    listed["run"], listed["burst"], listed["events"] = 8000, np.arange(bursts), 2 * events
    check_events("large", parts, {"file": listed})


def test_overlaps_are_looked_at_and_nothing_else(monkeypatch):
    looked = []
    monkeypatch.setattr(identity, "look", lambda paths, bursts, sample: looked.append((paths, bursts.tolist())))
    rows = np.array([(1, 10, 0, 9), (2, 10, 0, 9), (3, 1, 5, 5)], STRETCH)
    other = np.array([(1, 10, 10, 19), (2, 10, 9, 18), (4, 1, 5, 5)], STRETCH)
    listed = {name: burst_rows(r) for name, r in (("a", rows), ("b", other))}
    check_events("toy", [Stretches("a", 0, rows.tobytes()), Stretches("b", 0, other.tobytes())], listed)
    assert looked == [(["a", "b"], [2])]
    with pytest.raises(InputFileError, match="a holds 0 events of run 0, burst 1 but its tree Bursts says 10"):
        check_events("toy", [], listed)


def burst_rows(rows):
    listed = np.zeros(len(rows), BURST)
    listed["burst"], listed["events"] = rows["key"], rows["events"]
    return listed
