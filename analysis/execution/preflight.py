"""Is the other side fit for work?  Asked of the scheduler and every worker before anything is sent to them.

A package missing there would end in a silent hang or in "lost dependencies", another version in other numbers, and
another version of Python in a crash: functions travel as instructions.  Versions are therefore compared first, as the
scheduler's own table has them.  Where everything but this package is the same, it is sent there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.results.provenance import code_hash, datasets_hash, versions

Environment = dict[str, str]

COMPARED = ("python", "rarekaon", "coffea", "awkward", "uproot", "numpy", "hist", "numba", "code", "datasets")
"""What must be the same everywhere for the same numbers to come out."""
NEEDED = ("distributed", "cloudpickle", "msgpack")
"""What must be the same for functions to travel."""
ABSENT = "No module named 'rarekaon"


def environment() -> Environment:
    """Versions and hashes of this process; imports the channel files, which a worker needs."""
    import_module("rarekaon.processors")
    return {**versions(), "code": code_hash(), "datasets": datasets_hash()}


def check_workers(client: Any, workers: Sequence[str] | None = None) -> None:
    """Compare the scheduler and all workers with this process, or some workers alone.

    BackendError names the first that differs.
    """
    check_travel(_versions(client, workers))
    found = _asked(client, workers)
    if any(report.get("error", "").find(ABSENT) >= 0 for report in found.values()):
        from rarekaon.analysis.execution.shipping import ship

        ship(client)
        found = _asked(client, workers)
    here = environment()
    for place, there in found.items():
        check_environment(place, here, there)


def _versions(client: Any, workers: Sequence[str] | None) -> Mapping[str, Any]:
    """Versions as Dask tells them.  Others than those workers are not asked: some may be going, and asked in vain for
    half a minute.
    """
    if workers is None:
        found: Mapping[str, Any] = client.get_versions(check=False)
        return found
    from distributed.versions import get_versions

    ask = {"msg": {"op": "versions"}, "workers": list(workers), "on_error": "ignore"}
    return {"client": get_versions(), "scheduler": None, "workers": client.sync(client.scheduler.broadcast, **ask)}


def check_travel(table: Mapping[str, Any]) -> None:
    """BackendError if a function sent from here would not be understood; nothing is sent to find out."""
    here = _travelling(table["client"])
    there = {"the scheduler": table["scheduler"]}
    there |= {f"worker {a}": w for a, w in table["workers"].items()}
    for place, report in there.items():
        if not report:  # it was not asked, or has just gone
            continue
        for name, version in _travelling(report).items():
            if version != here[name]:
                raise _differs(place, name, version, here[name])


def _travelling(report: Mapping[str, Any]) -> dict[str, str]:
    python = str(dict(report["host"])["python"])
    packages = dict(report["packages"])
    return {"python": ".".join(python.split(".")[:2])} | {name: str(packages.get(name)) for name in NEEDED}


def _asked(client: Any, workers: Sequence[str] | None) -> dict[str, Environment]:
    found = {"the scheduler": client.run_on_scheduler(_probe())} if workers is None else {}
    reports = client.run(_probe(), workers=None if workers is None else list(workers), on_error="return")
    return found | {f"worker {a}": report for a, report in reports.items() if isinstance(report, dict)}


@dataclass(frozen=True, eq=False)
class WhereFit:
    """A function for workers that works nowhere else than where the environment is that of `here`: a worker that has
    just come is given tasks before anybody has looked at it."""

    function: Callable[[Any], Any]
    here: Environment

    def __call__(self, argument: Any) -> Any:
        check_environment("a worker that came late", self.here, self._there)
        return self.function(argument)

    @cached_property
    def _there(self) -> Environment:
        return environment()


def check_environment(place: str, here: Mapping[str, str], there: Mapping[str, str]) -> None:
    """BackendError if the environment of `place` could not be imported or differs from `here`."""
    if "error" in there:
        raise BackendError(
            f"{place} cannot import this package ({there['error']}): install it there, in the same environment "
            f"(`pip install -e . -c constraints.txt`), and start it again"
        )
    for name in COMPARED:
        if here.get(name) != there.get(name):
            raise _differs(place, name, there.get(name), here.get(name))


def _differs(place: str, name: str, there: str | None, here: str | None) -> BackendError:
    mend = "bring its sources to the same state" if name in ("code", "datasets") else "install the same version"
    return BackendError(
        f"{place} differs in {name}: {there} there, {here} here; {mend} (constraints.txt) and start it again"
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
