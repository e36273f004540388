"""Runs on a real SLURM of one node: `make sites` starts it, where its programs are installed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dask
import dask_jobqueue  # noqa: F401  (brings the defaults)
import pytest

from rarekaon.analysis.execution import Backend, BackendError, RunResult, run
from rarekaon.analysis.execution.pieces import Pieces
from tests.execution.test_pieces import PartsProcessor
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.sites import slurm
from tests.sites.conftest import Files


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings = {
        "jobqueue.slurm.walltime": "00:10:00",
        "jobqueue.slurm.memory": "1GB",
        "jobqueue.slurm.cores": 1,
        "jobqueue.slurm.interface": "lo",
        "jobqueue.slurm.log-directory": str(tmp_path_factory.mktemp("logs")),
        "jobqueue.slurm.job-script-prologue": [f"export PYTHONPATH={Path(__file__).parents[2]}"],
    }
    with slurm.one_node_slurm(), dask.config.set(settings):
        yield


class SlowProcessor(PartsProcessor):
    """Takes its time over every chunk."""

    def only(self, parts: object) -> SlowProcessor:
        return SlowProcessor(self.made_with, self.asked)

    def process(self, events: object) -> dict[str, object]:
        time.sleep(1)
        return super().process(events)


def test_two_jobs_give_the_same_bits(queue: None, files: Files, serial: RunResult) -> None:
    result = run(ToyProcessor(), files, backend=Backend("slurm", 2), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
    assert result.closure == serial.closure
    assert not slurm.said("squeue", "--noheader", "--states=R,PD")


def test_a_refused_job_ends_the_run_with_the_reason(queue: None, files: Files) -> None:
    started = time.monotonic()
    with (
        dask.config.set({"jobqueue.slurm.queue": "nowhere"}),
        pytest.raises(BackendError, match=r"slurm refused the job: .*invalid partition"),
    ):
        run(ToyProcessor(), files, backend=Backend("slurm", 1), progress=False)
    assert time.monotonic() - started < 30


def test_cancelled_jobs_are_replaced(queue: None, files: Files, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    asked.touch()

    def cancel() -> None:
        while asked.stat().st_size < 10:
            time.sleep(0.1)
        slurm.cancel_all()

    thread = threading.Thread(target=cancel)
    thread.start()
    result = run(SlowProcessor({"toy": 1}, asked), files, backend=Backend("slurm", 2), chunk_size=100, progress=False)
    thread.join()
    again = run(PartsProcessor({"toy": 1}, asked), files, backend=Backend("iterative"), chunk_size=100, progress=False)
    assert same_output(result.output, again.output)


def test_when_no_job_can_run_what_is_done_is_kept(queue: None, files: Files, tmp_path: Path) -> None:
    """All jobs are cancelled and the partition goes down; when it is up again the run goes on where it was."""
    asked, pieces = tmp_path / "asked", Pieces(str(tmp_path / "pieces"))
    asked.touch()
    last: list[float] = []

    def end_it_all() -> None:
        while asked.stat().st_size < 10:
            time.sleep(0.1)
        slurm.partition("DOWN")
        slurm.cancel_all()
        last.append(time.monotonic())

    def go(backend: Backend) -> RunResult:
        made = SlowProcessor({"toy": 1}, asked)
        return run(made, files, backend=backend, chunk_size=100, progress=False, pieces=pieces)

    thread = threading.Thread(target=end_it_all)
    thread.start()
    try:
        with pytest.raises(BackendError, match=r"no job of slurm can run \(PartitionDown\).*what is done is kept"):
            go(Backend("slurm", 2))
        assert time.monotonic() - last[0] < 60
    finally:
        thread.join()
        slurm.partition("UP")
    done = sum(k.pieces for k in pieces.kept())
    assert done > 0
    result = go(Backend("slurm", 2))
    assert result.metrics.reused == done
    fresh = run(PartsProcessor({"toy": 1}, asked), files, backend=Backend("iterative"), chunk_size=100, progress=False)
    assert same_output(result.output, fresh.output)
