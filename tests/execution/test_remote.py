"""Files of an HTTP server, and what is said of those that cannot be had."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import dask
import pytest

from rarekaon.analysis.events.remote import Access, PluginError, explained, explaining, passes
from rarekaon.analysis.execution import Backend, BackendError, ChunkError, InputFileError, RunResult, run
from rarekaon.analysis.execution.errors import LostFileError
from rarekaon.analysis.execution.site import site
from tests.execution.test_runner import same_output
from tests.execution.toy_processors import ToyProcessor
from tests.sites.http import http
from tests.toy_events import write_toy_file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toys")
    for seed in (1, 2):
        write_toy_file(place / f"{seed}.root", 900, seed=seed, truth=True)
    return place


def toy_run(*paths: str | Path, allow_missing: bool = False) -> RunResult:
    fileset = {"toy": [str(path) for path in paths]}
    with dask.config.set({"rarekaon.pause": "1 ms"}):
        return run(
            ToyProcessor(), fileset, backend=Backend("iterative"), chunk_size=300, progress=False,
            allow_missing=allow_missing,
        )  # fmt: skip


def test_the_same_bits(place: Path) -> None:
    with http(place) as server:
        there = toy_run(f"{server.url}/1.root", f"{server.url}/2.root")
    assert same_output(there.output, toy_run(place / "1.root", place / "2.root").output)


def test_a_file_that_is_not_there(place: Path) -> None:
    with http(place) as server, pytest.raises(InputFileError, match=r"http://.*/3.root does not exist \(sample toy\)"):
        toy_run(f"{server.url}/3.root")


def test_a_server_without_ranges(place: Path) -> None:
    with http(place, ranges=False) as server, pytest.raises(InputFileError, match="sends whole files only"):
        toy_run(f"{server.url}/1.root")


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(InputFileError, match=r"http://127.0.0.1:9/1.root cannot be read now"):
        toy_run("http://127.0.0.1:9/1.root")


def test_what_passes_is_tried_again_and_counted(place: Path) -> None:
    with http(place) as server:
        toy_run(f"{server.url}/1.root")  # whether it has ranges is asked once
        server.faults = 2
        result = toy_run(f"{server.url}/1.root")
    assert 1 <= result.metrics.retries <= 2


def test_replicas_are_tried_in_order(place: Path) -> None:
    with http(place) as server:
        settings = {"rarekaon.replicas": {"http://127.0.0.1:9": [f"{server.url}/nowhere", server.url]}}
        with dask.config.set(settings):
            there = toy_run("http://127.0.0.1:9/1.root")
    assert same_output(there.output, toy_run(place / "1.root").output)


def test_missing_files_lower_the_exposure(place: Path) -> None:
    result = toy_run(place / "1.root", place / "none.root", allow_missing=True)
    assert [m.path for m in result.missing] == [str(place / "none.root")]
    assert result.exposure("toy").generated == 9000
    assert result.provenance.configuration["missing_files"] == ["toy: none.root"]
    assert same_output(result.output, toy_run(place / "1.root").output)
    with pytest.raises(InputFileError, match="no file of sample toy can be read"):
        toy_run(place / "none.root", allow_missing=True)


def test_an_error_of_a_local_file_has_its_name(place: Path) -> None:
    """And itself for no cause, so that whoever looks for the first cause comes to an end."""
    path = str(place / "1.root")
    with pytest.raises(OSError, match=r"1\.root") as caught, explaining(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert caught.value.__cause__ is None
    assert passes(caught.value)


class WithoutMaps(ToyProcessor):
    """Looks for a file of its own."""

    def process(self, events: object) -> dict[str, object]:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "maps.json")


def test_a_file_of_the_processor_is_no_missing_input(place: Path) -> None:
    with pytest.raises(ChunkError, match=r"maps\.json") as caught:
        run(
            WithoutMaps(), {"toy": [str(place / "1.root")]}, backend=Backend("iterative"), progress=False,
            allow_missing=True,
        )  # fmt: skip
    assert not isinstance(caught.value, LostFileError)


def test_a_missing_plug_in_names_the_extra() -> None:
    error = explained("s3://bucket/1.root", ImportError("Install s3fs"))
    assert isinstance(error, PluginError)
    assert "pip install 'rarekaon[s3]'" in str(error)
    assert not passes(error)


def test_settings_of_a_site() -> None:
    given = {"retries": 5, "pause": "2 s", "replicas": {"a": ["b", "c"]}, "pieces": "s3://x/y", "pieces-limit": "3 GB"}
    with dask.config.set({"rarekaon": given}):
        found = site()
    assert found.access == Access(5, 2.0, {"a": ("b", "c")})
    assert found.access.places("a/x") == ("a/x", "b/x", "c/x")
    assert found.pieces is not None
    assert (found.pieces.place, found.limit) == ("s3://x/y", 3 * 10**9)
    with dask.config.set({"rarekaon": {"retry": 5}}), pytest.raises(BackendError, match=r"rarekaon.retry .*no setting"):
        site()
