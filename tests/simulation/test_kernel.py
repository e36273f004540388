"""The cache of compiled kernels follows the content of the modules they are made of."""

from __future__ import annotations

from analysis.simulation.kernel import cache_directory, fingerprint


def test_any_change_of_content_moves_the_cache(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1\n")
    second.write_text("y = 1\n")
    before = fingerprint([first, second])
    assert fingerprint([first, second]) == before
    second.write_text("y = 2\n")
    assert fingerprint([first, second]) != before


def test_cache_lies_where_clean_removes_it():
    assert cache_directory().parent.name == "__pycache__"
