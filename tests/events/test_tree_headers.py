"""The header of a TTree, walked through here, says what uproot says; anything else is refused, never misread."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from rarekaon.analysis.events.tree_headers import UnknownHeaderError, read_header
from tests.toy_events import write_toy_file


def header(path, name="Events"):
    """The bytes of a tree's header, and the length of its key."""
    with uproot.open(path) as file:
        key = file.key(name)
        return bytes(key.get_uncompressed_chunk_cursor()[0].raw_data), key.fKeylen


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return write_toy_file(tmp_path_factory.mktemp("headers") / "toy.root", 700, truth=True)


@pytest.mark.parametrize("name", ["Events", "Generation"])
def test_every_branch_is_as_uproot_finds_it(name, toy):
    found = read_header(*header(toy, name))
    with uproot.open(toy) as file:
        tree = file[name]
        assert found.entries == tree.num_entries
        assert list(found.branches) == tree.keys()
        for branch in tree.branches:
            stored = found.branches[branch.name]
            written = branch.num_baskets
            content = branch.interpretation.content if stored.jagged else branch.interpretation
            assert stored.dtype == content.to_dtype.newbyteorder("="), branch.name
            assert stored.jagged == (branch.count_branch is not None)
            np.testing.assert_array_equal(stored.seek, branch.member("fBasketSeek")[:written])
            np.testing.assert_array_equal(stored.size, branch.member("fBasketBytes")[:written])
            assert stored.first.tolist() == list(branch.entry_offsets)


@pytest.mark.parametrize("share", np.linspace(0, 0.8, 30).tolist())
def test_a_header_that_ends_early_is_refused(share, toy):
    data, origin = header(toy, "Generation")
    with pytest.raises(UnknownHeaderError):
        read_header(data[: int(share * len(data))], origin)


@pytest.mark.parametrize("value", [0x00, 0x01, 0x7F, 0xFF])
def test_a_byte_that_is_another_one_never_raises_anything_else(value, toy):
    """Read or refused: a damaged header costs no other exception and no long wait."""
    data, origin = header(toy, "Generation")
    refused = 0
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([value]) + data[at + 1 :]
        try:
            read_header(damaged, origin)
        except UnknownHeaderError:
            refused += 1
    assert refused > 0


def test_another_kind_of_branch_is_refused(tmp_path):
    path = tmp_path / "arrays.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"x": np.dtype((np.float64, (3,)))}).extend({"x": np.zeros((5, 3))})
    with pytest.raises(UnknownHeaderError, match=r"3 times TLeafD"):
        read_header(*header(path))
