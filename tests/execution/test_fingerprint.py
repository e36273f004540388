"""What changes a fingerprint, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rarekaon.analysis.execution import fingerprint as module
from rarekaon.analysis.execution.fingerprint import UnknownDependencyError, fingerprint, sources
from rarekaon.analysis.kernels.compiled import PACKAGE
from rarekaon.analysis.search.channels import searches

CHANNEL = "rarekaon.processors.a_channel_of_tests"


def channel(source: str) -> ModuleType:
    """A module as if it stood among the channel files."""
    made = ModuleType(CHANNEL)
    exec(compile(source, CHANNEL, "exec"), made.__dict__)  # noqa: S102
    return made


BASE = """
LIMIT = 3
def helper(x):
    return x + LIMIT
def other(x):
    return x
def cut(c):
    '''Says something.'''
    return helper(c) > 1
"""


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (BASE.replace("Says something.", "Says more."), True),
        (BASE.replace("def helper", "# why\n\ndef helper"), True),
        (BASE.replace("def other(x):\n    return x", "def other(x):\n    return -x"), True),
        (BASE.replace("LIMIT = 3", "LIMIT = 4"), False),
        (BASE.replace("x + LIMIT", "x - LIMIT"), False),
        (BASE.replace("> 1", "> 2"), False),
        (BASE.replace("> 1", ">= 1"), False),
    ],
)
def test_a_function_of_a_channel_is_what_it_does(changed: str, same: bool) -> None:
    assert (fingerprint(channel(BASE).cut) == fingerprint(channel(changed).cut)) == same


def test_a_users_own_channel_file_is_one_of_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in no package, and another bound is another function all the same."""

    def own(source: str) -> ModuleType:
        made = ModuleType("rarekaon_channel_mine")
        exec(compile(source, made.__name__, "exec"), made.__dict__)  # noqa: S102
        return made

    monkeypatch.setattr(module, "_channel_files", lambda: frozenset({"rarekaon_channel_mine"}))
    assert fingerprint(own(BASE).cut) != fingerprint(own(BASE.replace("> 1", "> 2")).cut)


def test_what_a_function_encloses_counts() -> None:
    made = channel("def above(limit):\n    return lambda c: c > limit\n")
    assert fingerprint(made.above(1)) == fingerprint(made.above(1))
    assert fingerprint(made.above(1)) != fingerprint(made.above(2))


@dataclass(frozen=True)
class Pair:
    one: Any
    two: Any


VALUES = [
    1, 1.0, True, "1", b"1", None, (1,), (1, 2), [1, (2,)], ((1, 2),), {1: 2}, {1, 2}, frozenset(), np.float64(1),
    np.float32(1), np.arange(3), np.arange(3.0), Pair(1, 2), Pair(2, 1), len, max, np.sqrt, np.exp, partial(max, 1),
]  # fmt: skip


def test_different_values_differ() -> None:
    found = [fingerprint(value) for value in VALUES]
    assert len(set(found)) == len(VALUES)
    assert found == [fingerprint(value) for value in VALUES]


def test_circles_end() -> None:
    circle: list[Any] = [1]
    circle.append(circle)
    assert fingerprint(circle) == fingerprint(circle)


def test_remembering_functions_count_as_what_they_remember() -> None:
    made = channel("def f(x):\n    return x\n")
    assert fingerprint(cache(made.f)) == fingerprint(cache(made.f))


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(UnknownDependencyError, match="it is not known what a generator depends on"):
        fingerprint(i for i in ())


def test_facts_count_where_code_names_them(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant of the detector changes what reads it, and nothing else; a published limit changes no selection."""
    import shutil

    from rarekaon.analysis.facts.paths import datasets_path

    place = shutil.copytree(datasets_path(), tmp_path / "datasets")
    monkeypatch.setattr(module, "datasets_path", lambda: place)
    reads, does_not = f"{PACKAGE}.analysis.kernels.geometry", f"{PACKAGE}.analysis.contract.units"

    def now() -> tuple[str, str]:
        sources.cache_clear()
        return sources(reads), sources(does_not)

    before = now()
    (place / "published" / "pi_ee_2017.yaml").write_text("changed: 1\n")
    assert now() == before
    with (place / "detector.yaml").open("a") as stream:
        stream.write("\n")
    assert now()[0] != before[0]
    assert now()[1] == before[1]
    sources.cache_clear()


def test_a_changed_cut_of_one_search_changes_that_one() -> None:
    name, (search, *_) = next(iter(searches().items()))
    selection = search.selections[0]
    moved = replace(selection, cuts=selection.cuts[:-1])
    assert fingerprint(selection) != fingerprint(moved), name
    assert fingerprint(selection) == fingerprint(replace(selection))


def test_other_processes_find_the_same() -> None:
    """Whatever the seed of their hashes."""
    program = (
        "from rarekaon.analysis.execution.fingerprint import fingerprint\n"
        "from rarekaon.analysis.search.channels import searches\n"
        "print([fingerprint([s.selections for s in g]) for g in searches().values()])"
    )
    found = {
        subprocess.check_output([sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    }
    assert len(found) == 1
