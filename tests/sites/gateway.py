"""A Dask gateway on loopback that starts its schedulers and workers on this machine.

Its own commands to start them, dask-scheduler and dask-worker, are gone from distributed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sites._process import LOOPBACK, answers, free_port, running, wait_until

SETTINGS = """
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.address = "{host}:{private}"
c.Proxy.address = "{host}:{public}"
c.Proxy.tcp_address = "{host}:{schedulers}"
c.LocalBackend.clusters_directory = "{place}/clusters"
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
c.LocalBackend.inherited_environment = ["PATH", "PYTHONPATH"]
"""


def _serves(port: int) -> bool:
    """Whether the proxy knows the gateway behind it."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def gateway() -> Iterator[dict[str, str]]:
    """Settings of Dask with which a client finds it."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
        public, schedulers = free_port(), free_port()
        (Path(folder) / "clusters").mkdir()
        settings = Path(folder) / "settings.py"
        settings.write_text(
            SETTINGS.format(host=LOOPBACK, private=free_port(), public=public, schedulers=schedulers, place=folder)
        )
        programs = Path(sys.executable).parent
        environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        with running([programs / "dask-gateway-server", "-f", settings], Path(folder) / "log", environment):
            wait_until(lambda: _serves(public) and answers(schedulers), "the gateway does not listen")
            yield {
                "gateway.address": f"http://{LOOPBACK}:{public}",
                "gateway.proxy-address": f"gateway://{LOOPBACK}:{schedulers}",
            }
