"""Every input of docs/inputs.md comes out as it should, and as the page says."""

from __future__ import annotations

import pytest

from tests.damaged_files.outcomes import PAGE, TABLES, Case, outcome, page

CASES = [case for cases in TABLES.values() for case in cases]


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_outcome(case: Case, found, tmp_path):
    result = found[case.what] = outcome(case, tmp_path)
    assert result.events == case.events
    assert case.says in "; ".join(result.says)
    assert bool(result.says) == bool(case.says)


def test_the_page_says_it(found):
    """`python -m tests.damaged_files.outcomes` writes it."""
    assert len(found) == len(CASES), "run all tests of this module together"
    rows = [(title, case, found[case.what]) for title, cases in TABLES.items() for case in cases]
    assert PAGE.read_text() == page(rows)
