"""Dask clusters: of this machine, of a batch system, of a gateway, or one that is already there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dask
from distributed import Client, LocalCluster

from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.batch_systems import ANY_PORT, Jobs, batch_cluster
from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.execution.watch import Given, Supply

CONNECT_TIMEOUT = 15
"""Seconds to wait for a scheduler that should be there."""

LOST_JOBS = 8
"""Workers that may be lost under a task before it is blamed: jobs end for reasons of their own."""

LOST_WORKER = {"distributed.deploy.lost-worker-timeout": "10 minutes"}
"""For how long a lost worker may come back: usually 15 s, after which distributed ends the process that brings it back
or the job that stands in its place, whatever time they need to start."""

NANNY = "distributed.nanny.pre-spawn-environ"

Workers = tuple[Client, Supply]


@contextmanager
def open_cluster(backend: Backend) -> Iterator[Workers]:
    """A client of the backend's cluster and what its workers come from; what was started here is stopped at the end."""
    if backend.is_address:
        opened = _running(backend.name)
    elif backend.name == "local":
        opened = _local(backend.processes or 1)
    elif backend.name == "gateway":
        opened = _gateway(backend)
    else:
        opened = _batch(backend)
    with dask.config.set(LOST_WORKER), _quiet(), opened as workers:
        yield workers


@contextmanager
def _local(processes: int) -> Iterator[Workers]:
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
        yield client, Given("the processes of this machine do not come back; run again, with fewer --workers")


@contextmanager
def _running(address: str) -> Iterator[Workers]:
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT)
    except (OSError, ValueError, TypeError) as error:
        raise BackendError(
            f"no Dask scheduler answers at {address} within {CONNECT_TIMEOUT} s ({error}): start one with "
            f"`dask scheduler` and workers with `dask worker {address}`, or use --backend local; for tls:// the "
            f"certificates are those of the Dask configuration (distributed.comm.tls)"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_TIMEOUT)
        except TimeoutError as error:
            raise BackendError(
                f"the scheduler at {address} has no workers: start some with `dask worker {address}`"
            ) from error
        yield client, Given(f"start some with `dask worker {address}` and run again")


@contextmanager
def _batch(backend: Backend) -> Iterator[Workers]:
    if backend.processes is None:
        raise BackendError(f"how many workers should {backend.name} start? say --workers N (--dry-run shows a job)")
    with dask.config.set({"distributed.scheduler.allowed-failures": LOST_JOBS}), batch_cluster(backend) as cluster:
        jobs = Jobs.start(cluster, backend, backend.processes)
        with Client(cluster) as client:
            yield client, jobs


@contextmanager
def _gateway(backend: Backend) -> Iterator[Workers]:
    try:
        from dask_gateway import Gateway, GatewayClusterError
    except ImportError as error:
        raise BackendError(
            f"the backend gateway needs dask-gateway: pip install 'rarekaon[gateway]' ({error})"
        ) from error
    if backend.processes is None:
        raise BackendError("how many workers should the gateway start? say --workers N")
    with ExitStack() as opened:
        try:
            gateway = opened.enter_context(Gateway())
            cluster = opened.enter_context(gateway.new_cluster())
            client = opened.enter_context(cluster.get_client())
            cluster.scale(backend.processes)
        except GatewayClusterError as error:
            raise BackendError(f"the Dask gateway started no cluster ({error}): look at its log") from error
        except (OSError, ValueError) as error:
            raise BackendError(
                f"no Dask gateway answers ({error}): say where it is in the Dask configuration (gateway.address)"
            ) from error
        yield client, Given("the gateway starts none; look at its own pages")


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
