"""Compiled kernels: numba's `njit`, releasing the interpreter's lock, with a cache that notices every change.

numba recompiles a cached function when its own file changes, but not when a function it calls or a constant it uses
in another module does.  The cache of the simulation's kernels therefore lives in a directory named after the content
of all modules that kernels are made of.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba

PACKAGE = Path(__file__).resolve().parent.parent
BESIDES = ("detector.py", "particles.py", "schema.py", "units.py")
"""Modules of the package, besides the simulation's own, whose functions or constants kernels use."""


def fingerprint(sources: list[Path]) -> str:
    """Hash of the content of source files, in the order given."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where the compiled kernels of this state of the package are kept."""
    sources = [*sorted(PACKAGE.glob("simulation/*.py")), *(PACKAGE / name for name in BESIDES)]
    return PACKAGE / "simulation" / "__pycache__" / f"kernels-{fingerprint(sources)}"


# read by numba when a function is decorated: every kernel of this process goes there
numba.config.CACHE_DIR = str(cache_directory())

kernel = numba.njit(cache=True, nogil=True)
