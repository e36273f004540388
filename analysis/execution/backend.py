"""Where the work is done: a name such as "local" or "tcp://host:8786" turned into a place that runs chunks."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rarekaon.analysis.execution.errors import BackendError

NAMES = ("local", "iterative", "slurm", "htcondor", "gateway")
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


@dataclass(frozen=True)
class Backend:
    """A place to run."""

    name: str = "local"
    """"iterative" (this process), "local" (a Dask cluster of this machine), "slurm" or "htcondor" (jobs of a batch
    system), "gateway" (workers of a Dask gateway), or the address of a scheduler."""
    workers: int | None = None
    """Number of processes; None: the backend's own choice, on "local" one a core."""

    def __post_init__(self) -> None:
        if self.name not in NAMES and not self.is_address:
            raise BackendError(
                f"unknown backend {self.name!r}: it is one of {', '.join(NAMES)} or the address of a Dask "
                f"scheduler such as tcp://host:8786"
            )
        if self.workers is not None and self.workers < 1:
            raise BackendError(f"workers must be at least 1, not {self.workers}")
        if self.workers is not None and (self.is_address or self.name == "iterative"):
            reason = "it has the workers it has" if self.is_address else "it has one process"
            raise BackendError(f"workers cannot be chosen for backend {self.name}: {reason}; leave them out")

    @property
    def is_address(self) -> bool:
        return self.name.startswith(SCHEMES)

    @property
    def processes(self) -> int | None:
        """Processes asked for: those named, here by default the cores there are, elsewhere None if not said."""
        here = {"iterative": 1, "local": available_cores()}
        return self.workers or here.get(self.name)


def available_cores() -> int:
    """Cores this process may use, which in a container or a job can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
