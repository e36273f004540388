"""Names of backends, batch systems without a batch system, and the preflight."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dask
import dask_jobqueue  # noqa: F401  (brings the defaults that a user's YAML is merged with)
import pytest
from distributed import Client, LocalCluster

from rarekaon.analysis.execution import Backend, BackendError, batch_systems, dask_clusters, preflight
from rarekaon.analysis.execution.backend import available_cores
from rarekaon.analysis.execution.batch_systems import batch_cluster
from rarekaon.analysis.execution.connection import connect
from rarekaon.analysis.execution.executors import run_chunk
from rarekaon.analysis.execution.pieces import work_item
from rarekaon.analysis.execution.preflight import COMPARED, WhereFit, check_environment, check_workers, environment

ANY_PORT = "127.0.0.1:0"


@pytest.mark.parametrize("name", ["local", "iterative", "slurm", "htcondor", "tcp://host:8786", "tls://host:1"])
def test_known_backends(name: str) -> None:
    assert Backend(name).name == name


@pytest.mark.parametrize("name", ["", "lokal", "host:8786", "http://host"])
def test_unknown_backends_are_refused(name: str) -> None:
    with pytest.raises(
        BackendError, match=r"unknown backend .*local, iterative, slurm, htcondor, gateway or the address"
    ):
        Backend(name)


@pytest.mark.parametrize(
    ("name", "workers", "message"),
    [("local", 0, "at least 1"), ("iterative", 2, "one process"), ("tcp://host:1", 2, "it has the workers it has")],
)
def test_workers_that_make_no_sense(name: str, workers: int, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        Backend(name, workers)


def test_processes() -> None:
    assert Backend("local").processes == available_cores() == len(os.sched_getaffinity(0))
    assert Backend("local", 3).processes == 3
    assert Backend("iterative").processes == 1
    assert Backend("tcp://host:1").processes is None
    assert Backend("slurm").processes is None
    assert Backend("slurm", 40).processes == 40


def test_serial_execution_has_no_client() -> None:
    with connect(Backend("iterative")) as watch:
        assert watch is None


# --- local


def test_local_workers_keep_freed_memory_and_do_not_watch_themselves() -> None:
    """The malloc setting that distributed gives its workers makes them nearly twice as slow."""

    def settings() -> tuple[str | None, bool]:
        import os

        return os.environ.get("MALLOC_TRIM_THRESHOLD_"), dask.config.get("distributed.worker.profile.enabled")

    before = os.environ.get("MALLOC_TRIM_THRESHOLD_")
    with connect(Backend("local", 1)) as watch:
        assert watch is not None
        client = watch.client
        assert set(client.run(settings).values()) == {(before, False)}
        assert [w["nthreads"] for w in client.scheduler_info(n_workers=-1)["workers"].values()] == [1]
    assert os.environ.get("MALLOC_TRIM_THRESHOLD_") == before


# --- batch systems


@pytest.fixture
def jobqueue(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A user's jobqueue section, in place of whatever this machine has."""
    own: dict[str, object] = {
        "cores": 4,
        "processes": 2,
        "memory": "6GB",
        "disk": "9GB",
        "log-directory": str(tmp_path / "logs"),
        "job-script-prologue": ["source /site/setup.sh"],
    }
    slurm = own | {"queue": "long", "walltime": "02:00:00"}
    settings = {f"jobqueue.slurm.{k}": v for k, v in slurm.items() if k != "disk"}
    settings |= {f"jobqueue.htcondor.{k}": v for k, v in own.items()}
    with dask.config.set(settings):
        yield own


def test_slurm_job_script_follows_the_users_yaml(jobqueue: dict[str, object]) -> None:
    script = batch_systems.job_script(Backend("slurm"))
    for line in ("#SBATCH -p long", "#SBATCH --cpus-per-task=4", "#SBATCH --mem=6G", "#SBATCH -t 02:00:00"):
        assert line in script
    assert "source /site/setup.sh" in script
    assert "distributed.cli.dask_worker" in script
    assert f"{jobqueue['log-directory']}" in script


def test_htcondor_job_script_follows_the_users_yaml(jobqueue: dict[str, object]) -> None:
    script = batch_systems.job_script(Backend("htcondor"))
    assert "RequestCpus = MY.DaskWorkerCores" in script
    assert "MY.DaskWorkerCores = 4" in script
    assert "source /site/setup.sh" in script


@pytest.mark.parametrize("name", ["slurm", "htcondor"])
def test_jobs_keep_freed_memory(name: str, jobqueue: dict[str, object]) -> None:
    script = batch_systems.job_script(Backend(name))
    assert all(f"export {variable}={size}" in script for variable, size in batch_systems.ALLOCATION.items())


@pytest.mark.usefixtures("jobqueue")
def test_no_job_has_the_name_of_one_that_is_gone() -> None:
    """What is lost under a name is closed under that name some time later."""
    with dask.config.set({"jobqueue.slurm.interface": "lo"}), batch_cluster(Backend("slurm", 1)) as cluster:
        first, second = cluster.new_worker_spec(), cluster.new_worker_spec()
    assert first.keys().isdisjoint(second)


def test_large_arrays_are_not_faulted_in_again() -> None:
    """A job's settings against the first of them alone, in page faults for arrays of 4 MB."""
    program = (
        "import numpy as np, resource\n"
        "for n in range(60):\n"
        "    if n == 20: before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "    [np.ones(500_000) for _ in range(5)]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)"
    )

    def faults(settings: dict[str, int]) -> int:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        environment = bare | {name: str(value) for name, value in settings.items()}
        return int(subprocess.check_output([sys.executable, "-c", program], env=environment))

    (trim, threshold), _ = batch_systems.ALLOCATION.items()
    assert 20 * faults(batch_systems.ALLOCATION) < faults({trim: threshold})


@pytest.mark.parametrize("name", ["slurm", "htcondor"])
def test_without_a_yaml_there_are_defaults(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with dask.config.set({f"jobqueue.{name}.cores": None, f"jobqueue.{name}.memory": None}):
        assert "distributed.cli.dask_worker" in batch_systems.job_script(Backend(name))


def test_a_yaml_that_describes_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        dask.config.set({"jobqueue.slurm.memory": "much"}),
        pytest.raises(BackendError, match=r"jobqueue.slurm section .*does not describe a job"),
    ):
        batch_systems.job_script(Backend("slurm"))


def test_a_batch_system_is_not_asked_for_a_number_nobody_chose() -> None:
    with (
        pytest.raises(BackendError, match=r"how many workers should slurm start\? say --workers N"),
        connect(Backend("slurm")),
    ):
        raise AssertionError("nothing may be submitted")


# --- preflight


def test_this_environment_passes() -> None:
    check_environment("here", environment(), environment())


@pytest.mark.parametrize("name", COMPARED)
def test_a_different_version_is_refused(name: str) -> None:
    with pytest.raises(BackendError, match=rf"worker w differs in {name}: other there, .* here; .*start it again"):
        check_environment("worker w", environment(), environment() | {name: "other"})


def test_a_worker_that_is_unfit_does_not_work() -> None:
    """Also one that was given work before anybody looked at it."""
    assert WhereFit(len, environment())("ab") == 2
    chunk = (work_item("one", "1.root", "Events", 0, 2, b"", ""),)
    with pytest.raises(BackendError, match="came late differs in code"):
        run_chunk(chunk, WhereFit(len, environment() | {"code": "another"}))


def test_a_missing_package_is_refused() -> None:
    with pytest.raises(BackendError, match=r"the scheduler cannot import this package \(No module.*install it there"):
        check_environment("the scheduler", environment(), {"error": "No module named 'rarekaon'"})


def test_a_fit_scheduler_passes(scheduler: str) -> None:
    with Client(scheduler) as client:
        check_workers(client)


def test_workers_that_come_late_are_looked_at_alone(scheduler: str) -> None:
    with Client(scheduler) as client:
        late = list(client.scheduler_info()["workers"])[:1]
        check_workers(client, late)
        found = preflight._versions(client, late)
        assert list(found["workers"]) == late
        assert found["workers"][late[0]]["packages"] == client.get_versions()["workers"][late[0]]["packages"]


def test_workers_with_other_data_files_are_refused(tmp_path: Path) -> None:
    """A real worker process that would compute with other facts."""
    (tmp_path / "facts.yaml").write_text("beam: 1\n")
    settings = {"distributed.nanny.environ.RAREKAON_DATASETS": str(tmp_path)}
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=ANY_PORT, silence_logs=50) as cluster,
        pytest.raises(BackendError, match=r"worker tcp://.* differs in datasets"),
        connect(Backend(cluster.scheduler_address)),
    ):
        raise AssertionError("the preflight let it pass")


def test_a_worker_without_the_package_is_refused() -> None:
    """A real worker process in which the package cannot be imported."""

    def hide() -> None:
        import sys

        for name in [n for n in sys.modules if n.partition(".")[0] == "rarekaon"]:
            del sys.modules[name]
        sys.modules["rarekaon"] = None  # type: ignore[assignment]

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=ANY_PORT, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        client.run(hide)
        with pytest.raises(BackendError, match=r"worker tcp://.* cannot import this package"):
            check_workers(client)


def test_a_scheduler_without_workers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_clusters, "CONNECT_TIMEOUT", 0.5)
    with (
        LocalCluster(n_workers=0, dashboard_address=ANY_PORT, silence_logs=50) as cluster,
        pytest.raises(BackendError, match=r"has no workers: start some with `dask worker tcp://"),
        connect(Backend(cluster.scheduler_address)),
    ):
        raise AssertionError("there is nobody to work")
