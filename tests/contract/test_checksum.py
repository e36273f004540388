"""Damage of a file of ours is found by the checksum inside it; what others make of the file is not judged by it."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract import checksum
from rarekaon.analysis.contract.checksum import BLANK, FORM, agrees, speaks_of, write_checksum
from rarekaon.analysis.simulation.samples.writer import SampleWriter

ROWS = {
    "decay": [1],
    "seed": [1],
    "block": [0],
    "generated": [9],
    "weight": [9.0],
    "weight_in_fv": [4.0],
    "events": [0],
}


@pytest.fixture(scope="module", params=["ttree", "rntuple"])
def file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("signed") / "sample.root"
    with SampleWriter(path, truth=True, identity="test", file_format=request.param) as writer:
        writer.write_side({name: np.array(values) for name, values in ROWS.items()})
    return path


def test_a_new_file_agrees(file):
    assert agrees(file)
    assert speaks_of(file)
    assert FORM.search(uproot.open(file)[checksum.NAME].encode())


def test_every_flipped_bit_is_found(file, tmp_path):
    """But in the words of the checksum itself, which then is none."""
    content = file.read_bytes()
    first, last = FORM.search(content).span()
    damaged = tmp_path / "damaged.root"
    rng = np.random.default_rng(1)
    for at in (*range(0, len(content), 997), *rng.integers(first - 50, last + 50, 50), first + 5, last - 40):
        flipped = bytearray(content)
        flipped[at] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(flipped)
        assert agrees(damaged) is False or (agrees(damaged) is None and first <= at < last)


def test_longer_and_shorter_files_are_others(file, tmp_path):
    content = file.read_bytes()
    for other in (content + b"\0", content[:-1], b"", b"root"):
        (tmp_path / "other.root").write_bytes(other)
        assert agrees(tmp_path / "other.root") is None


def test_a_checksum_that_was_copied_from_another_file_does_not_count(file, tmp_path):
    path = tmp_path / "merged.root"
    with uproot.open(file) as old, uproot.recreate(path) as new:
        new[checksum.NAME] = str(old[checksum.NAME])
        new.mktree("Events", {"run": np.uint32}).extend({"run": np.arange(3, dtype=np.uint32)})
    assert agrees(path) is None


def test_there_must_be_room_for_it(tmp_path):
    path = tmp_path / "without.root"
    path.write_bytes(b"root" + bytes(5000) + BLANK.encode())
    with pytest.raises(ValueError, match=r"without.root has no room for a checksum in its first"):
        write_checksum(path)
