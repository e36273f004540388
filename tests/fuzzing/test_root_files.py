"""A bounded part of the fuzzing of ROOT files; `make fuzz` does all of it."""

from __future__ import annotations

from tests.fuzzing.root_files import fuzz

FILES = 240
"""Ten of each kind."""
SECONDS = 120.0


def test_damaged_files_are_refused_or_the_same(tmp_path):
    found = fuzz(FILES, SECONDS, seed=3, kept=tmp_path)
    assert found["wrong"] == []
    assert found["in bytes that are read"] >= 0.5
