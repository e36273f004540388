"""The cache of compiled kernels follows the content of the modules they are made of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numba.core.errors import NumbaError

from rarekaon.analysis.kernels import compiled
from rarekaon.analysis.kernels.compiled import cache_directory, closure, fingerprint, source


def test_any_change_of_content_moves_the_cache(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1\n")
    second.write_text("y = 1\n")
    before = fingerprint([first, second])
    assert fingerprint([first, second]) == before
    second.write_text("y = 2\n")
    assert fingerprint([first, second]) != before


def test_cache_lies_where_clean_removes_it():
    assert cache_directory("rarekaon.analysis.events.vertex").parent.name == "__pycache__"


def test_old_caches_of_a_module_go_when_a_new_one_is_to_be_made(tmp_path):
    for age in range(5):
        made = tmp_path / f"a.b-{age}"
        made.mkdir()
        os.utime(made, (1000 + age, 1000 + age))
    (tmp_path / "a.c-0").mkdir()
    compiled.prune(tmp_path / "a.b-4")
    assert len(list(tmp_path.iterdir())) == 6
    compiled.prune(tmp_path / "a.b-5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.b-3", "a.b-4", "a.c-0"]


def test_the_closure_of_a_module_holds_what_its_kernels_are_compiled_from():
    matching = closure("rarekaon.analysis.kernels.matching")
    assert {"rarekaon.analysis.contract.schema", "rarekaon.analysis.contract.units"} < set(matching)
    loop = set(closure("rarekaon.analysis.simulation.event.loop"))
    assert set(matching) < set(closure("rarekaon.analysis.simulation.samples.prescale"))
    assert "rarekaon.analysis.kernels.geometry" in loop
    assert not {name for name in loop if ".samples." in name}


def test_the_closure_is_what_python_imports():
    """Asked of Python itself, in a process that imports one module."""
    code = (
        "import sys, rarekaon.analysis.events.activity; print(*(n for n in sys.modules if n.startswith('rarekaon.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {n for n in done.stdout.split() if str(source(n)).endswith("__init__.py")}
    assert set(done.stdout.split()) - packages <= set(closure("rarekaon.analysis.events.activity"))


def test_a_changed_constant_of_another_module_moves_the_cache(tmp_path, monkeypatch):
    """`Z_GTK3` is compiled into the kernels that match tracks and beam tracks."""
    name = "rarekaon.analysis.kernels.matching"
    shutil.copytree(compiled.ROOT / "analysis", tmp_path / "analysis", ignore=shutil.ignore_patterns("__pycache__"))
    forget()
    before = cache_directory(name).name
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    forget()
    assert cache_directory(name).name == before
    schema = tmp_path / "analysis" / "contract" / "schema.py"
    schema.write_text(schema.read_text().replace("Z_GTK3 =", "Z_GTK3 = 1 +"))
    forget()
    assert cache_directory(name).name != before
    forget()


def forget():
    for cached in (source, compiled.imported, cache_directory):
        cached.cache_clear()


def test_settings_of_numba_stay_the_users_own(tmp_path):
    code = "import numba; from rarekaon.analysis.events import vertex; print(numba.config.CACHE_DIR)"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == str(tmp_path)
    assert not list(tmp_path.iterdir())


def test_kernels_of_the_event_loop_allocate_nothing():
    def allocates(n):
        work = np.empty(n)
        work[0] = 1.0
        return work[0]

    with pytest.raises(NumbaError):
        compiled.kernel(allocates)(3)


@compiled.kernel
def added(first, second, twice):
    return first + (2 if twice else 1) * second


@compiled.kernel
def summed(values):
    count, total = 0, 0.0
    for value in values:
        count = added(count, 1, False)
        total = added(total, value, True)
    return total + count


def test_a_kernel_is_compiled_for_types_and_not_again_for_literals():
    assert summed(np.arange(3.0)) == 9.0
    assert sorted(str(types) for types in added.signatures) == ["(float64, float64, bool)", "(int64, int64, bool)"]
