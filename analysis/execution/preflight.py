"""Is the other side fit for work?  Asked of the scheduler and every worker before anything is sent to them.

A package missing there would end in a silent hang or in "lost dependencies", another version in other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.results.provenance import code_hash, datasets_hash, versions

Environment = dict[str, str]

COMPARED = ("python", "rarekaon", "coffea", "awkward", "uproot", "numpy", "hist", "numba", "code", "datasets")
"""What must be the same everywhere for the same numbers to come out."""


def environment() -> Environment:
    """Versions and hashes of this process; imports the channel files, which a worker needs."""
    import_module("rarekaon.processors")
    return {**versions(), "code": code_hash(), "datasets": datasets_hash()}


def check_workers(client: Any) -> None:
    """Compare the scheduler and all workers with this process; BackendError names the first that differs."""
    here = _probe()()
    found = {"the scheduler": client.run_on_scheduler(_probe())}
    found |= {f"worker {address}": report for address, report in client.run(_probe()).items()}
    for place, there in found.items():
        check_environment(place, here, there)


def check_environment(place: str, here: Mapping[str, str], there: Mapping[str, str]) -> None:
    """BackendError if the environment of `place` could not be imported or differs from `here`."""
    if "error" in there:
        raise BackendError(
            f"{place} cannot import this package ({there['error']}): install it there, in the same environment "
            f"(`pip install -e . -c constraints.txt`), and start it again"
        )
    for name in COMPARED:
        if here.get(name) != there.get(name):
            mend = "bring its sources to the same state" if name in ("code", "datasets") else "install the same version"
            raise BackendError(
                f"{place} differs in {name}: {there.get(name)} there, {here.get(name)} here; {mend} "
                f"(constraints.txt) and start it again"
            )


def _probe() -> Callable[[], Environment]:
    """A function that can be sent to a place where this package does not exist: being local, it travels whole."""

    def probe() -> Environment:
        try:
            from rarekaon.analysis.execution.preflight import environment
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return environment()

    return probe
