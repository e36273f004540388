"""Jobs of a batch system as workers: described by the user's own Dask configuration, ended before their time is up,
and replaced when they are gone.

dask-jobqueue submits them.  It does not look into the queue: a job that ended without a word, or was never started,
stays on its list, and a refused submission is an exception that nobody awaits.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import dask
from dask.utils import parse_timedelta
from distributed.core import Status

from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.execution.queues import QUEUES, Queue, QueueError

ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": 256 * 1024 * 1024, "MALLOC_MMAP_THRESHOLD_": 32 * 1024 * 1024}
"""Freed memory (bytes) that a job's processes keep, and from which size on an array is mapped on its own (32 MiB is the
most allowed).  Both: with the first alone, glibc no longer adapts the second, and arrays above 128 kB are faulted in
anew for each chunk."""

LOG_DIRECTORY = Path("results/logs")

ANY_PORT = "127.0.0.1:0"
"""The dashboard gets a free port, so that two runs on one machine do not quarrel about 8787."""

JOB_DEFAULTS = {"cores": 1, "memory": "4GB"}

MARGIN = (30.0, 600.0)
"""Seconds that the last worker ends before its job's time is up, at least and at most; in between a tenth of it."""
LOOK = 5.0
"""Seconds between two questions to the batch system, while workers are missing."""
GIVEN_UP = 15.0
"""Seconds without a worker, all jobs waiting without hope, after which the run ends."""
SILENCE = 45.0
"""Seconds without a worker and without an answer of the batch system after which the run ends."""
FRUITLESS = 3
"""Jobs for each worker wanted that may end without having become one."""


def job_script(backend: Backend) -> str:
    """The script that would be submitted for each job; nothing is started for it."""
    options = _options(backend)
    for name in ("scheduler_options", "security"):
        options.pop(name, None)
    try:
        job = _kind(backend).job_cls(scheduler="tcp://<scheduler>:8786", name="<name>", **options)
    except (TypeError, ValueError) as error:
        raise _no_job(backend, error) from error
    return str(job.job_script())


def batch_cluster(backend: Backend) -> Any:
    """A dask-jobqueue cluster without jobs, described by the user's own `jobqueue:` YAML.

    What the YAML leaves open gets the defaults here; queues, wall times and directives are the YAML's business alone.
    """
    kind = _kind(backend)
    refused: list[str] = []
    numbers = count()

    class Job(kind.job_cls):  # type: ignore[name-defined]
        """A job whose refusal somebody hears of."""

        async def start(self) -> None:
            try:
                await super().start()
            except Exception as error:  # whoever awaits this, nobody is told
                refused.append(_words(error))
                self.status = Status.running

        async def close(self) -> None:
            await super().close()
            self.status = Status.closed

    class Cluster(kind):  # type: ignore[misc,valid-type]
        """A cluster that gives no name twice: distributed ends whatever has the name of a worker that was lost."""

        def _new_worker_name(self, worker_number: int) -> str:
            return str(super()._new_worker_name(next(numbers)))

    try:
        cluster = Cluster(job_cls=Job, **_options(backend))
    except (TypeError, ValueError) as error:
        raise _no_job(backend, error) from error
    cluster.refused = refused
    return cluster


def _kind(backend: Backend) -> Any:
    import dask_jobqueue

    return {"slurm": dask_jobqueue.SLURMCluster, "htcondor": dask_jobqueue.HTCondorCluster}[backend.name]


def _options(backend: Backend) -> dict[str, Any]:
    own = dask.config.get(f"jobqueue.{backend.name}", {})
    options: dict[str, Any] = {k: v for k, v in JOB_DEFAULTS.items() if own.get(k) is None}
    if backend.name == "htcondor" and own.get("disk") is None:
        options["disk"] = "4GB"
    if own.get("log-directory") is None:
        options["log_directory"] = str(LOG_DIRECTORY)
    if own.get("processes"):  # said here, too: the cluster itself does not read it, and counts jobs for workers
        options["processes"] = own["processes"]
    if dask.config.get("distributed.comm.require-encryption", False):
        from distributed import Security

        options["security"] = Security()
    allocation = (f"export {name}={size}" for name, size in ALLOCATION.items())
    arguments = list(own.get("worker-extra-args") or [])
    if not any("--lifetime" in str(argument) for argument in arguments):
        arguments += lifetime(own.get("walltime"))
    return options | {
        "job_script_prologue": [*(own.get("job-script-prologue") or []), *allocation],
        "worker_extra_args": arguments,
        "scheduler_options": {"dashboard_address": ANY_PORT, **(own.get("scheduler-options") or {})},
    }


def lifetime(walltime: str | None) -> list[str]:
    """Arguments with which a worker ends by itself, handing on what it holds, before the batch system ends its job.

    Workers that began together end apart, so that there is somebody to hand it to.

    >>> lifetime("02:00:00")
    ['--lifetime', '5280s', '--lifetime-stagger', '1320s']
    >>> lifetime(None)
    []
    """
    seconds = wall_seconds(walltime)
    if seconds is None:
        return []
    margin = min(max(MARGIN[0], seconds / 10), MARGIN[1], seconds / 2)
    stagger = (seconds - margin) / 5
    return ["--lifetime", f"{seconds - margin - stagger:.0f}s", "--lifetime-stagger", f"{stagger:.0f}s"]


def wall_seconds(walltime: str | None) -> float | None:
    """Seconds of a wall time as batch systems write it, "1-12:00:00" or "30" minutes; None where it says nothing.

    >>> wall_seconds("1-00:00:30"), wall_seconds("10:30"), wall_seconds("30"), wall_seconds("2h")
    (86430.0, 630.0, 1800.0, 7200.0)
    """
    if not walltime:
        return None
    days, dash, rest = str(walltime).rpartition("-")
    numbers = rest.split(":")
    if all(re.fullmatch(r"\d+", n) for n in (*numbers, days or "0")) and len(numbers) <= 3:
        units = (3600, 60, 1) if dash or len(numbers) == 3 else (60, 1)
        return float(86400 * int(days or 0) + sum(int(n) * u for n, u in zip(numbers, units, strict=False)))
    try:
        return float(parse_timedelta(str(walltime)))
    except (KeyError, ValueError):
        return None


def log_directory(backend: Backend) -> str:
    """Where the jobs' output goes."""
    return str(dask.config.get(f"jobqueue.{backend.name}.log-directory", None) or LOG_DIRECTORY)


@dataclass
class Jobs:
    """The jobs of a run: as many workers as `wanted`, replaced while there is work for them."""

    cluster: Any
    backend: Backend
    wanted: int
    queue: Queue
    _asked: float = 0.0
    _joined: set[str] = field(default_factory=set)
    _submitted: dict[str, str] = field(default_factory=dict)
    _fruitless: int = 0
    _how: str = ""
    _status: str = ""
    _silent_since: float | None = None

    @classmethod
    def start(cls, cluster: Any, backend: Backend, wanted: int) -> Jobs:
        """Submit the first jobs."""
        jobs = cls(cluster, backend, wanted, QUEUES[backend.name])
        cluster.scale(n=wanted)
        return jobs

    def look(self, workers: set[str], alone: float, left: int | None) -> str:
        """See `Supply`; asks the batch system while workers are missing, and has jobs that are gone replaced."""
        needed = self.wanted if left is None else min(self.wanted, max(left, 1))
        self._joined |= workers
        here = f"{len(workers)} of {self.wanted} workers"
        if self.cluster.refused and not workers:
            raise BackendError(f"{self.backend.name} refused the job: {self.cluster.refused[-1]}")
        if len(workers) >= needed:
            return here
        now = time.monotonic()
        if now - self._asked >= LOOK:
            self._asked = now
            self._status = self._ask(alone)
        return f"{here}; {self._status}" if self._status else here

    def _ask(self, alone: float) -> str:
        known = dict(self.cluster.workers)
        jobs = {name: job.job_id for name, job in known.items() if job.job_id}
        refused = [name for name, job in known.items() if not job.job_id and job.status == Status.running]
        try:
            states = self.queue.states(jobs.values())
        except QueueError as error:
            if alone > SILENCE:
                raise BackendError(f"there is no worker, and {self.backend.name} does not answer: {error}") from error
            return f"{self.backend.name} does not answer: {error}"
        self._note_ends(jobs, states)
        if refused:  # tried again: a full queue empties
            self.cluster.sync(self._forget, refused)
        if alone > GIVEN_UP and states and all(state.hopeless for state in states.values()):
            reasons = ", ".join(sorted({state.reason for state in states.values()}))
            raise BackendError(
                f"no job of {self.backend.name} can run ({reasons}); {self._last_end()}"
                f"what is done is kept: run again when the batch system is well"
            )
        if self._fruitless >= FRUITLESS * self.wanted:
            raise BackendError(
                f"{self._fruitless} jobs of {self.backend.name} ended without having become workers; {self._last_end()}"
                f"look at their output in {log_directory(self.backend)} and at the job script (--dry-run)"
            )
        self.cluster.scale(n=self.wanted)
        waiting = [state for state in states.values() if state.waits]
        reasons = ", ".join(sorted({state.reason for state in waiting if state.reason}))
        return f"{len(waiting)} jobs wait{f' ({reasons})' if reasons else ''}" if waiting else ""

    def _note_ends(self, jobs: dict[str, str], states: Any) -> None:
        """Take jobs that are no longer in the queue off the cluster's list, and count those that were of no use."""
        gone = {name: job for name, job in jobs.items() if job not in states and job in self._submitted.values()}
        for name, job in gone.items():
            self._how = self.queue.ended(job) or self._how
            if not any(worker == name or worker.startswith(f"{name}-") for worker in self._joined):
                self._fruitless += 1
            else:
                self._fruitless = 0
                self._joined = {w for w in self._joined if w != name and not w.startswith(f"{name}-")}
        self._submitted = {name: job for name, job in jobs.items() if name not in gone}
        if gone:
            self.cluster.sync(self._forget, list(gone))

    async def _forget(self, names: list[str]) -> None:
        for name in names:
            self.cluster.workers.pop(name, None)
            self.cluster.worker_spec.pop(name, None)

    def _last_end(self) -> str:
        return f"the last job ended so: {self._how}; " if self._how else ""


def _no_job(backend: Backend, error: Exception) -> BackendError:
    return BackendError(
        f"the jobqueue.{backend.name} section of the Dask configuration does not describe a job ({error}); "
        f"see https://jobqueue.dask.org"
    )


def _words(error: Exception) -> str:
    """What the batch system's command published, out of dask-jobqueue's message."""
    text = str(error)
    said = text.partition("stderr:\n")[2].strip() or text.partition("stdout:\n")[2].strip()
    return " ".join((said or text).split())
