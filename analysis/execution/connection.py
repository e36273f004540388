"""A backend turned into a Dask client that is fit for work, and kept so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.watch import Say, Watch, say_nothing


@contextmanager
def connect(backend: Backend, say: Say = say_nothing) -> Iterator[Watch | None]:
    """A watch over the workers of the backend, with their `client`; None for "iterative".

    All workers are checked to be fit for work before anything is sent to them, those that come later, too.
    """
    if backend.name == "iterative":
        yield None
        return
    from rarekaon.analysis.execution import dask_clusters
    from rarekaon.analysis.execution.preflight import check_workers

    with dask_clusters.open_cluster(backend) as (client, supply):
        watch = Watch(client, supply, lambda workers: check_workers(client, workers), say)
        watch.wait_for_one()
        yield watch
