"""Compiled kernels: numba's `njit`, releasing the interpreter's lock, with a cache that notices every change.

numba recompiles a cached function when its own file changes, but not when a function it calls or a constant it uses
in another module does.  The cache of the simulation's kernels therefore lives in a directory named after the content
of all modules that kernels are made of; directories of earlier contents are removed but for the last few.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numba

PACKAGE = Path(__file__).resolve().parent.parent
BESIDES = ("detector.py", "particles.py", "schema.py", "units.py")
"""Modules of the package, besides the simulation's own, whose functions or constants kernels use."""
WITHOUT = ("__init__.py", "blocks.py", "prescale.py", "pseudo_data.py", "samples.py", "strata.py", "writer.py")
"""Modules of the simulation that no kernel uses: a change of them leaves the compiled kernels as they are."""
KEPT = 3
"""Caches that stay, of the contents compiled last."""


def fingerprint(sources: list[Path]) -> str:
    """Hash of the content of source files, in the order given."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where the compiled kernels of this state of the package are kept."""
    own = [path for path in sorted(PACKAGE.glob("simulation/*.py")) if path.name not in WITHOUT]
    sources = [*own, *(PACKAGE / name for name in BESIDES)]
    return PACKAGE / "simulation" / "__pycache__" / f"kernels-{fingerprint(sources)}"


def prune(current: Path) -> None:
    """Remove the caches beside `current` but for the `KEPT` newest, if `current` is yet to be made."""
    if current.exists():
        return
    others = sorted(current.parent.glob("kernels-*"), key=lambda path: path.stat().st_mtime)
    for old in others[: 1 - KEPT]:
        shutil.rmtree(old, ignore_errors=True)


# read by numba when a function is decorated: every kernel of this process goes there
prune(cache_directory())
numba.config.CACHE_DIR = str(cache_directory())

entry = numba.njit(cache=True, nogil=True, error_model="numpy")
"""A kernel that Python calls with a generator of random numbers, or that allocates work space for others."""
kernel = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
"""A kernel that allocates nothing: it takes arrays and hands back numbers, and numba counts no references in it.

With reference counts a decay costs twice the time: what a kernel touches (a row of an array, a tuple of buffers)
is counted, one atomic operation an array.  Numba refuses to compile one that allocates.
"""
inlined = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
"""The same, compiled into its caller: a call would hand over tuples of arrays, a hundred words each."""
