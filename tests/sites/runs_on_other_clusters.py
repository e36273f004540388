"""Runs on a Dask gateway, and on a scheduler that speaks TLS only, both on loopback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import pytest
from distributed.security import Security

from rarekaon.analysis.execution import Backend, BackendError, RunResult, run
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.sites._process import LOOPBACK, answers, free_port, running, wait_until
from tests.sites.conftest import Files
from tests.sites.gateway import gateway

pytest.importorskip("dask_gateway")  # brings the defaults of its settings

ROOT = Path(__file__).parents[2]


def test_two_workers_of_a_gateway_give_the_same_bits(files: Files, serial: RunResult) -> None:
    with gateway() as settings, dask.config.set(settings):
        result = run(ToyProcessor(), files, backend=Backend("gateway", 2), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
    assert result.closure == serial.closure


def test_no_gateway_is_an_error_that_says_where_to_look(files: Files) -> None:
    with (
        dask.config.set({"gateway.address": f"http://{LOOPBACK}:{free_port()}"}),
        pytest.raises(BackendError, match=r"no Dask gateway answers .*gateway\.address"),
    ):
        run(ToyProcessor(), files, backend=Backend("gateway", 1), progress=False)


@contextmanager
def secret_cluster(place: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Address of a scheduler with one worker that speak TLS, and the settings of who may talk to them."""
    made, files = Security.temporary(), {}
    for name in ("tls_ca_file", "tls_client_cert", "tls_client_key"):
        files[name] = place / f"{name}.pem"
        files[name].write_text(getattr(made, name))
    words = (files["tls_ca_file"], "--tls-cert", files["tls_client_cert"], "--tls-key", files["tls_client_key"])
    keys = ["--tls-ca-file", *map(str, words)]
    port, environment = free_port(), os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/src"}
    address, dask_command = f"tls://{LOOPBACK}:{port}", [sys.executable, "-m", "dask"]
    scheduler = [*dask_command, "scheduler", "--host", address, "--no-dashboard", *keys]
    worker = [*dask_command, "worker", address, "--nthreads", "1", "--no-dashboard", "--host", LOOPBACK, *keys]
    with running(scheduler, place / "scheduler.log", environment):
        wait_until(lambda: answers(port), "the scheduler does not listen")
        with running(worker, place / "worker.log", environment):
            ours = {"ca-file": files["tls_ca_file"]}
            ours |= {"client.cert": files["tls_client_cert"], "client.key": files["tls_client_key"]}
            yield address, {f"distributed.comm.tls.{name}": str(path) for name, path in ours.items()}


def test_a_scheduler_that_speaks_tls_gives_the_same_bits(files: Files, serial: RunResult, tmp_path: Path) -> None:
    with secret_cluster(tmp_path) as (address, settings):
        with pytest.raises(BackendError, match=r"the certificates are those of the Dask configuration"):
            run(ToyProcessor(), files, backend=Backend(address), progress=False)
        with dask.config.set(settings):
            result = run(ToyProcessor(), files, backend=Backend(address), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
