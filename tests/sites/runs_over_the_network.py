"""Runs over files of a real xrootd server and of an S3 server: the same bits as from local files, and bounded waits."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest

from rarekaon.analysis.execution import Backend, ChunkError, InputFileError, RunResult, run
from rarekaon.analysis.execution.fileset import matches
from tests.execution.test_pieces import PartsProcessor
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.sites import xrootd as servers
from tests.sites.s3 import s3
from tests.toy_events import write_toy_file

HERE = Backend("iterative")
NAMES = ("1.root", "2.root")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toys")
    for seed, name in enumerate(NAMES):
        write_toy_file(place / name, 900, seed=seed, truth=True)
    return place


@pytest.fixture(scope="module")
def local(place: Path) -> RunResult:
    return toy_run([str(place / name) for name in NAMES])


@pytest.fixture
def server(place: Path) -> Iterator[servers.Server]:
    with servers.xrootd() as server:
        for name in NAMES:
            shutil.copyfile(place / name, server.place / name)
        yield server


def toy_run(paths: list[str]) -> RunResult:
    return run(ToyProcessor(), {"toy": paths}, backend=HERE, chunk_size=300, progress=False)


def test_xrootd_gives_the_same_bits(server: servers.Server, local: RunResult) -> None:
    assert same_output(toy_run([f"{server.url}/{name}" for name in NAMES]).output, local.output)
    assert matches("toy", f"{server.url}/*.root") == [f"{server.url}/{name}" for name in NAMES]


def test_what_an_xrootd_server_does_not_have(server: servers.Server) -> None:
    with pytest.raises(InputFileError, match=r"root://.*/none.root does not exist"):
        toy_run([f"{server.url}/none.root"])


def test_an_absent_server_is_said_soon() -> None:
    started = time.monotonic()
    with dask.config.set({"rarekaon.pause": "10 ms"}), pytest.raises(InputFileError, match="cannot be read now"):
        toy_run(["root://127.0.0.1:9//data/1.root"])
    assert time.monotonic() - started < 60


class SlowProcessor(PartsProcessor):
    """Takes its time, so that a server can die meanwhile."""

    def process(self, events: object) -> dict[str, object]:
        time.sleep(0.3)
        return super().process(events)


def killed_in_mid_run(server: servers.Server, asked: Path) -> RunResult:
    """A run during which the server is killed."""
    asked.touch()

    def kill() -> None:
        while asked.stat().st_size < 4:
            time.sleep(0.02)
        server.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        fileset = {"toy": [f"{server.url}/{name}" for name in NAMES]}
        return run(SlowProcessor({"toy": 1}, asked), fileset, backend=HERE, chunk_size=100, progress=False)
    finally:
        thread.join()


def test_a_server_that_dies_ends_the_run_soon(server: servers.Server, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ChunkError, match=r"events \d+ to \d+ of root://.* failed"):
        killed_in_mid_run(server, tmp_path / "asked")
    assert time.monotonic() - started < 60


def test_a_replica_takes_over(server: servers.Server, place: Path, tmp_path: Path) -> None:
    with dask.config.set({"rarekaon.replicas": {server.url: [str(place)]}}):
        result = killed_in_mid_run(server, tmp_path / "asked")
    assert result.metrics.retries > 0
    fresh = run(
        PartsProcessor({"toy": 1}, tmp_path / "asked"),
        {"toy": [str(place / name) for name in NAMES]},
        backend=HERE,
        chunk_size=100,
        progress=False,
    )
    assert same_output(result.output, fresh.output)


def test_s3_gives_the_same_bits(place: Path, local: RunResult) -> None:
    with s3() as bucket:
        import s3fs

        for name in NAMES:
            s3fs.S3FileSystem().put(str(place / name), f"{bucket}/{name}")
        assert same_output(toy_run([f"{bucket}/{name}" for name in NAMES]).output, local.output)
        assert matches("toy", f"{bucket}/*.root") == [f"{bucket}/{name}" for name in NAMES]
        with pytest.raises(InputFileError, match=r"s3://kaons/none.root does not exist"):
            toy_run([f"{bucket}/none.root"])
