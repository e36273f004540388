"""A backend turned into a Dask client that is fit for work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rarekaon.analysis.execution.backend import Backend


@contextmanager
def connect(backend: Backend) -> Iterator[Any]:
    """A Dask client of the backend, checked to be fit for work; None for "iterative"."""
    if backend.name == "iterative":
        yield None
        return
    from rarekaon.analysis.execution import batch_systems
    from rarekaon.analysis.execution.preflight import check_workers

    with batch_systems.open_cluster(backend) as client:
        check_workers(client)
        yield client
