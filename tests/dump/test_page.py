"""What `docs/beam-dump.md` says is true."""

from __future__ import annotations

import doctest
from pathlib import Path

from rarekaon.analysis.dump.benchmarks import MODELS

PAGE = Path(__file__).resolve().parents[2] / "docs/beam-dump.md"


def test_examples_of_the_page():
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert result.attempted >= 6
    assert result.failed == 0


def test_every_benchmark_is_on_the_page():
    assert all(f"`{name}`" in PAGE.read_text() for name in MODELS)
