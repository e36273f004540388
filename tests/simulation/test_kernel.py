"""The cache of compiled kernels follows the content of the modules they are made of."""

from __future__ import annotations

import os

import numpy as np
import pytest
from numba.core.errors import NumbaError

from analysis.simulation import kernel
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


def test_old_caches_go_when_a_new_one_is_to_be_made(tmp_path):
    for age in range(5):
        made = tmp_path / f"kernels-{age}"
        made.mkdir()
        os.utime(made, (1000 + age, 1000 + age))
    (tmp_path / "other").mkdir()
    kernel.prune(tmp_path / "kernels-4")
    assert len(list(tmp_path.iterdir())) == 6
    kernel.prune(tmp_path / "kernels-5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernels-3", "kernels-4", "other"]


def test_modules_that_no_kernel_uses_have_none():
    for name in kernel.WITHOUT:
        text = (kernel.PACKAGE / "simulation" / name).read_text()
        assert "@kernel" not in text
        assert "@entry" not in text


def test_kernels_of_the_event_loop_allocate_nothing():
    def allocates(n):
        work = np.empty(n)
        work[0] = 1.0
        return work[0]

    with pytest.raises(NumbaError):
        kernel.kernel(allocates)(3)
