"""Compiled kernels: numba's decorators, with one cache that notices every change.

numba compiles a cached function again when its own file changes, but not when a function it calls or a constant it uses
in another module does.  Here the machine code of a module's kernels is kept in a directory named after the content of
the module and of all modules of the package that it imports, however indirectly.  The directory belongs to the
package: a user's own numba cache and settings stay as they are.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import types
from platformdirs import user_cache_path

PACKAGE = __name__.partition(".")[0]
ROOT = Path(__file__).parents[2]
"""The folder of the package."""
KEPT = 3
"""Caches of a module that stay, of the contents compiled last."""
IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+({PACKAGE}[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|.*)|import[ \t]+({PACKAGE}[\w.]*))", re.M
)


@cache
def source(module: str) -> Path | None:
    """The file of a module; None for what is no module of the package (a name within one) and was not imported."""
    package, *parts = module.split(".")
    if package != PACKAGE:
        return Path(str(getattr(sys.modules.get(module), "__file__", None) or __file__))
    place = ROOT.joinpath(*parts)
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def imported(module: str) -> frozenset[str]:
    """The modules of the package that a module names in its import statements, wherever in it they stand."""
    path = source(module)
    found: set[str] = set()
    for parent, names, whole in IMPORT.findall(path.read_text() if path else ""):
        inside = [name.split()[0] for name in names.strip("()").split(",") if name.split()]
        found.update(name for name in (whole or parent, *(f"{parent}.{name}" for name in inside)) if source(name))
    return frozenset(found - {module})


def closure(module: str) -> tuple[str, ...]:
    """A module and everything of the package that its compiled code can hold a part of, in the order of names."""
    found, new = {module}, {module}
    while new:
        new = {name for known in new for name in imported(known)} - found
        found |= new
    return tuple(sorted(found))


def fingerprint(sources: list[Path]) -> str:
    """Hash of the content of source files, in the order given."""
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Beside the package's own bytecode; where that cannot be written, in the user's directory for caches."""
    place = Path(__file__).resolve().parent
    return place / "__pycache__" if os.access(place, os.W_OK) else user_cache_path(PACKAGE) / "kernels"


@cache
def cache_directory(module: str) -> Path:
    """Where the compiled kernels of this state of a module are kept; caches of earlier states beside it are pruned."""
    files = [path for path in map(source, closure(module)) if path]
    place = cache_root() / f"{module}-{fingerprint(files)}"
    prune(place)
    return place


def prune(current: Path) -> None:
    """Remove the module's caches beside `current` but for the `KEPT` newest, if `current` is yet to be made."""
    if current.exists():
        return
    module = current.name.rpartition("-")[0]
    others = sorted(current.parent.glob(f"{module}-*"), key=lambda path: path.stat().st_mtime)
    for old in others[: 1 - KEPT]:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _cached(module: str) -> Iterator[None]:
    """Functions decorated in here keep their machine code in the module's directory (numba looks when it decorates)."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_directory(module))
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def _decorator(compiler: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        with _cached(function.__module__):
            return _of_types(compiler(cache=True, **options)(function))

    return decorate


def _of_types(function: Any) -> Any:
    """Let calls from other kernels compile a function for types of arguments, not for the values of literals.

    Numba first takes a variable that begins with 0 for the literal 0, and would compile what it is handed to twice.
    """
    of_values = getattr(function, "get_call_template", None)
    if of_values is not None:

        def of_types(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
            plain = {name: types.unliteral(value) for name, value in named.items()}
            return of_values(tuple(types.unliteral(value) for value in arguments), plain)

        function.get_call_template = of_types
    return function


compiled = _decorator(numba.njit)
"""A kernel that raises ZeroDivisionError as Python does."""
unchecked = _decorator(numba.njit, error_model="numpy")
"""A kernel in which a division by zero gives an infinity or a NaN, as in NumPy."""
elementwise = _decorator(numba.vectorize)
"""A function of numbers that broadcasts over arrays."""
entry = _decorator(numba.njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
"""A kernel that Python calls with a generator of random numbers, or that allocates work space for others."""
kernel = _decorator(numba.njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True, _nrt=False)
"""A kernel that allocates nothing: it takes arrays and hands back numbers, and numba counts no references in it.

With reference counts a decay costs twice the time: what a kernel touches (a row of an array, a tuple of buffers)
is counted, one atomic operation an array.  Numba refuses to compile one that allocates.
"""
inlined = _decorator(numba.njit, nogil=True, error_model="numpy", no_cfunc_wrapper=True, _nrt=False, forceinline=True)
"""The same, compiled into its caller: a call would hand over tuples of arrays, a hundred words each."""
