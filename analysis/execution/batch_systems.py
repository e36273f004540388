"""Dask clusters: of this machine, of a batch system, or one that is already there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster

from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.errors import BackendError

CONNECT_TIMEOUT = 15
"""Seconds to wait for a scheduler and workers that should be there."""

JOB_TIMEOUT = 600
"""Seconds to wait for the first batch job to start."""

ALLOCATION = {"MALLOC_TRIM_THRESHOLD_": 256 * 1024 * 1024, "MALLOC_MMAP_THRESHOLD_": 32 * 1024 * 1024}
"""Freed memory (bytes) that a job's processes keep, and from which size on an array is mapped on its own (32 MiB is the
most allowed).  Both: with the first alone, glibc no longer adapts the second, and arrays above 128 kB are faulted in
anew for each chunk."""

LOG_DIRECTORY = Path("results/logs")

ANY_PORT = "127.0.0.1:0"
"""The dashboard gets a free port, so that two runs on one machine do not quarrel about 8787."""

JOB_DEFAULTS = {"cores": 1, "memory": "4GB"}

NANNY = "distributed.nanny.pre-spawn-environ"


@contextmanager
def open_cluster(backend: Backend) -> Iterator[Client]:
    """A client of the backend's cluster; what was started here is stopped at the end."""
    if backend.is_address:
        with _running(backend.name) as client:
            yield client
    elif backend.name == "local":
        with _local(backend.processes or 1) as client:
            yield client
    else:
        with _batch(backend) as client:
            yield client


@contextmanager
def _local(processes: int) -> Iterator[Client]:
    # distributed gives its workers MALLOC_TRIM_THRESHOLD_=65536: every large array then goes back to the system
    # when freed and is faulted in again for the next chunk, ten times the page faults and 1.7 times the time.  And it
    # has them look at their own stack a hundred times a second, for a page of the dashboard.
    settings = {
        f"{NANNY}.MALLOC_TRIM_THRESHOLD_": None,
        "distributed.worker.profile.enabled": False,
        "distributed.logging.distributed": "error",
    }
    with (
        dask.config.set(settings),
        _quiet(),
        LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            processes=True,
            dashboard_address=ANY_PORT,
            memory_limit=0,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _running(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        raise BackendError(
            f"no Dask scheduler answers at {address} within {CONNECT_TIMEOUT} s ({error}): start one with "
            f"`dask scheduler` and workers with `dask worker {address}`, or use --backend local"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_TIMEOUT)
        except TimeoutError as error:
            raise BackendError(
                f"the scheduler at {address} has no workers: start some with `dask worker {address}`"
            ) from error
        yield client


@contextmanager
def _batch(backend: Backend) -> Iterator[Client]:
    if backend.processes is None:
        raise BackendError(f"how many workers should {backend.name} start? say --workers N (--dry-run shows a job)")
    with batch_cluster(backend) as cluster:
        cluster.scale(n=backend.processes)
        with Client(cluster) as client:
            try:
                client.wait_for_workers(1, timeout=JOB_TIMEOUT)
            except TimeoutError as error:
                raise BackendError(
                    f"no {backend.name} job started within {JOB_TIMEOUT} s: look at the queue, at the job script "
                    f"(--dry-run) and at the logs in {log_directory(backend)}"
                ) from error
            yield client


def job_script(backend: Backend) -> str:
    """The script that would be submitted for each job; starts a scheduler on this machine, but no job."""
    with batch_cluster(backend) as cluster:
        return str(cluster.job_script())


def batch_cluster(backend: Backend) -> Any:
    """A dask-jobqueue cluster without jobs, described by the user's own `jobqueue:` YAML.

    What the YAML leaves open gets the defaults here; `worker-extra-args`, queues, walltime and directives are the
    YAML's business alone.
    """
    import dask_jobqueue

    kinds = {"slurm": dask_jobqueue.SLURMCluster, "htcondor": dask_jobqueue.HTCondorCluster}
    own = dask.config.get(f"jobqueue.{backend.name}", {})
    defaults: dict[str, Any] = {k: v for k, v in JOB_DEFAULTS.items() if own.get(k) is None}
    if backend.name == "htcondor" and own.get("disk") is None:
        defaults["disk"] = "4GB"
    if own.get("log-directory") is None:
        defaults["log_directory"] = str(LOG_DIRECTORY)
    options = {"dashboard_address": ANY_PORT, **(own.get("scheduler-options") or {})}
    allocation = (f"export {name}={size}" for name, size in ALLOCATION.items())
    prologue = [*(own.get("job-script-prologue") or []), *allocation]
    try:
        return kinds[backend.name](job_script_prologue=prologue, scheduler_options=options, **defaults)
    except (TypeError, ValueError) as error:
        raise BackendError(
            f"the jobqueue.{backend.name} section of the Dask configuration does not describe a job ({error}); "
            f"see https://jobqueue.dask.org"
        ) from error


def log_directory(backend: Backend) -> str:
    """Where the jobs' output goes."""
    return str(dask.config.get(f"jobqueue.{backend.name}.log-directory", None) or LOG_DIRECTORY)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the messages of workers that are shut down in the middle of a heartbeat."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
