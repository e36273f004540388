"""Small files are processed together: the same result, no more than a chunk at once, and the bad one named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import JoinedSource
from rarekaon.analysis.events.trees import open_tree
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.chunks import FILES, close, joined, process_chunk
from rarekaon.analysis.execution.errors import ChunkError
from rarekaon.analysis.execution.planning import inspect_fileset, plan
from rarekaon.analysis.processing.blinding import BlindedProcessor, Blinding
from tests.execution.test_closure import toy_file
from tests.toy_events import write_toy_file

SERIAL = Backend("iterative")


class Momenta:
    """Takes columns and says which events it got, and in how many pieces."""

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        tracks = np.diff(columns.offsets("Track")).tolist()
        momentum = columns.flat("Track", "momentum").tolist()
        return {
            "chunks": 1,
            "events": columns.event("event").tolist(),
            "momentum": momentum,
            "n": tracks,
        }

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    place = tmp_path_factory.mktemp("small")
    return [str(write_toy_file(place / f"{n}.root", n, seed=n + 1, first=100 * n)) for n in (40, 1, 0, 25)]


@pytest.mark.parametrize(("chunk_size", "chunks"), [(500_000, 1), (41, 2), (20, 4)])
def test_small_files_are_read_together(chunk_size: int, chunks: int, small: list[str]) -> None:
    found = run(Momenta(), {"toy": small}, backend=SERIAL, chunk_size=chunk_size, progress=False)
    assert found.output["chunks"] == chunks
    assert found.closure.files == 4
    arrays = [uproot.open(path)["Events"].arrays(["event", "Track_momentum", "nTrack"]) for path in small]
    assert found.output["events"] == [event for a in arrays for event in a["event"].tolist()]
    assert found.output["n"] == [count for a in arrays for count in a["nTrack"].tolist()]
    momenta = [p for a in arrays for track in a["Track_momentum"].tolist() for p in track]
    assert found.output["momentum"] == momenta


@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=200), most=st.integers(1, 100))
def test_chunks_keep_the_order_and_are_no_larger_than_allowed(sizes: list[int], most: int) -> None:
    files = [toy_file(size, str(i), "ab"[i >= 100]) for i, size in enumerate(sizes)]
    items = plan(files, most)
    chunks = joined(items, most)
    assert [item for chunk in chunks for item in chunk] == items
    for chunk in chunks:
        assert sum(len(item) for item in chunk) <= most
        assert len({item.dataset for item in chunk}) == 1
        assert len(chunk) <= FILES


def test_a_damaged_file_among_others_is_named(tmp_path: Path) -> None:
    paths = [write_toy_file(tmp_path / f"{seed}.root", 500, seed=seed, first=1000 * seed) for seed in (1, 2, 3)]
    with uproot.open(paths[1]) as file:
        seek, size = (int(file["Events/Track_momentum"].member(f"fBasket{what}")[0]) for what in ("Seek", "Bytes"))
    content = bytearray(paths[1].read_bytes())
    content[seek + size // 2 : seek + size // 2 + 100] = b"\xff" * 100
    paths[1].write_bytes(content)
    with pytest.raises(ChunkError, match=r"3 files from .*1.root to .*3.root \(sample toy\) failed: .*2.root: "):
        run(Momenta(), {"toy": [str(p) for p in paths]}, backend=SERIAL, progress=False)


def test_joined_sources_have_the_fields_of_all(tmp_path: Path) -> None:
    places = [
        write_toy_file(tmp_path / "a.root", 5, replace={"extra": np.ones(5)}),
        write_toy_file(tmp_path / "b.root"),
    ]
    files = [uproot.open(place) for place in places]
    joint = JoinedSource([(str(n), open_tree(file, "Events").source(0, 5)) for n, file in enumerate(files)])
    assert len(joint) == 10
    assert "extra" not in joint.fields
    assert "run" in joint.fields


def test_a_file_that_is_replaced_meanwhile(small: list[str], tmp_path: Path) -> None:
    path = write_toy_file(tmp_path / "toy.root", 10, seed=1)
    items = plan(inspect_fileset({"toy": [str(path)]})[0], 100)
    write_toy_file(path, 10, seed=2)
    with pytest.raises(ValueError, match="was replaced while the run went on"):
        process_chunk(tuple(items), BlindedProcessor(Momenta(), Blinding(())))
    close()
