"""HTCondor's part of dask-jobqueue, driven by stand-ins for its commands that start real workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dask
import dask_jobqueue  # noqa: F401  (brings the defaults)
import pytest

from rarekaon.analysis.execution import Backend, BackendError, run
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.sites.htcondor import htcondor
from tests.toy_events import write_toy_file


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Path]:
    settings = {
        "jobqueue.htcondor.cores": 1,
        "jobqueue.htcondor.memory": "1GB",
        "jobqueue.htcondor.interface": "lo",
        "jobqueue.htcondor.log-directory": str(tmp_path / "logs"),
        "jobqueue.htcondor.job-script-prologue": [f"export PYTHONPATH={Path(__file__).parents[2]}"],
    }
    with htcondor() as place, dask.config.set(settings):
        yield place


@pytest.fixture
def toys(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    return {"one": (str(write_toy_file(tmp_path / "toy.root", 900, truth=True)),)}


def test_two_jobs_give_the_same_bits(queue: Path, toys: dict[str, tuple[str, ...]]) -> None:
    serial = run(ToyProcessor(), toys, backend=Backend("iterative"), chunk_size=60, progress=False)
    result = run(ToyProcessor(), toys, backend=Backend("htcondor", 2), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
    assert len(list(queue.glob("[0-9]*"))) == 2


@pytest.mark.parametrize(
    ("file", "message"), [("refuse", r"htcondor refused the job: .*No such group"), ("hold", r"held: No such group")]
)
def test_what_the_batch_system_says_ends_the_run(
    file: str, message: str, queue: Path, toys: dict[str, tuple[str, ...]]
) -> None:
    (queue / file).write_text("No such group")
    started = time.monotonic()
    with pytest.raises(BackendError, match=message):
        run(ToyProcessor(), toys, backend=Backend("htcondor", 1), progress=False)
    assert time.monotonic() - started < 60
