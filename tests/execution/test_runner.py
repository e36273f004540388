"""A run gives the same output everywhere, or none and a reason."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.execution import (
    Backend,
    BackendError,
    ChunkError,
    ExecutionError,
    InputFileError,
    RunResult,
    run,
)
from rarekaon.analysis.execution import runner as module
from rarekaon.analysis.processing.blinding import BlindedProcessor, Blinding, current_blinding
from tests.execution.toy_processors import DyingProcessor, FailingProcessor, ToyProcessor
from tests.toy_events import write_toy_file

SERIAL = Backend("iterative")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """Two simulated samples: one of two files, one with a file without events."""
    place = tmp_path_factory.mktemp("toys")
    sizes = {"one": (1500, 700), "two": (0, 400)}
    return {
        sample: tuple(
            str(write_toy_file(place / f"{sample}{i}.root", n, seed=10 * n + i + 1, truth=True))
            for i, n in enumerate(counts)
        )
        for sample, counts in sizes.items()
    }


@pytest.fixture(scope="session")
def serial(files: dict[str, tuple[str, ...]]) -> RunResult:
    return run(ToyProcessor(), files, backend=SERIAL, chunk_size=60, progress=False)


def same_output(a: Any, b: Any) -> bool:
    """Bit for bit."""
    if isinstance(a, dict):
        return list(a) == list(b) and all(same_output(a[k], b[k]) for k in a)
    if hasattr(a, "view"):
        return bool(a == b) and a.view(flow=True).tobytes() == b.view(flow=True).tobytes()
    return bool(a == b)


def test_the_output_is_that_of_all_events(files: dict[str, tuple[str, ...]], serial: RunResult) -> None:
    for sample, paths in files.items():
        arrays = [uproot.open(p)["Events/Track_momentum"].array() for p in paths]
        momentum = ak.to_numpy(ak.flatten(ak.concatenate(arrays))).astype(float) / (10 * GeV) - 1
        weight = np.exp(3 * momentum)
        output = serial.output["toy"][sample]
        assert output["sum"] == pytest.approx(weight.sum())
        assert output["spectrum"].sum(flow=True).value == pytest.approx(weight.sum())
        assert output["events"] == serial.closure.sample_events[sample]


@pytest.mark.parametrize("workers", [1, 2])
def test_local_clusters_give_the_same_bits(workers: int, files: dict[str, tuple[str, ...]], serial: RunResult) -> None:
    result = run(ToyProcessor(), files, backend=Backend("local", workers), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
    assert result.closure == serial.closure
    assert result.provenance.stable() == serial.provenance.stable()
    assert result.provenance.volatile["workers"] == workers


def test_a_running_scheduler_gives_the_same_bits(
    scheduler: str, files: dict[str, tuple[str, ...]], serial: RunResult
) -> None:
    result = run(ToyProcessor(), files, backend=Backend(scheduler), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)
    assert result.closure.chunks == 25 + 12 + 1 + 7


def test_a_sample_does_not_depend_on_its_company(files: dict[str, tuple[str, ...]], serial: RunResult) -> None:
    alone = run(ToyProcessor(), {"two": files["two"]}, backend=SERIAL, chunk_size=60, progress=False)
    assert same_output(alone.output["toy"]["two"], serial.output["toy"]["two"])


def test_the_chunk_size_changes_only_the_last_digits(files: dict[str, tuple[str, ...]], serial: RunResult) -> None:
    whole = run(ToyProcessor(), files, backend=SERIAL, progress=False)
    assert whole.closure.chunks == 4
    assert whole.output["toy"]["one"]["sum"] == pytest.approx(serial.output["toy"]["one"]["sum"], rel=1e-12)


def test_what_was_read_is_said(files: dict[str, tuple[str, ...]], serial: RunResult) -> None:
    assert {"Track_momentum", "nTrack"} <= set(serial.metrics.columns)
    assert "Gtk_momentum" not in serial.metrics.columns
    sizes = sum(Path(p).stat().st_size for paths in files.values() for p in paths)
    assert serial.metrics.bytes_read > 0
    assert sum(i.size for i in serial.provenance.inputs) == sizes
    assert serial.provenance.configuration == {"chunk_size": 60}


def test_exposure_is_summed_over_the_files_of_a_sample(serial: RunResult) -> None:
    assert serial.exposure("one").generated == 10 * 2200
    assert serial.exposure("one").events == 2200
    with pytest.raises(KeyError, match="no sample 'three' in this run; it had one, two"):
        serial.exposure("three")


def test_bursts_of_data_are_counted_once(tmp_path: Path) -> None:
    """Two files that share bursts: the same bursts, not twice as many."""
    paths = [str(write_toy_file(tmp_path / f"{s}.root", 1000, seed=s, first=1000 * s)) for s in (1, 2)]
    result = run(ToyProcessor(), {"data": paths}, backend=SERIAL, progress=False)
    assert result.exposure("data").bursts == 19


# --- the blinding


def test_the_processor_always_runs_behind_the_blinding(
    files: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    blindings: list[Blinding] = []

    class Watched(BlindedProcessor):
        def __init__(self, processor: Any, blinding: Blinding) -> None:
            blindings.append(blinding)
            super().__init__(processor, blinding)

    monkeypatch.setattr(module, "BlindedProcessor", Watched)
    run(ToyProcessor(), {"two": files["two"]}, backend=SERIAL, progress=False)
    assert blindings == [current_blinding()]


def test_there_is_no_way_to_ask_for_events_behind_the_blinding() -> None:
    assert set(inspect.signature(run).parameters) == {
        "processor", "fileset", "backend", "chunk_size", "progress",
        "pieces", "allow_missing", "limit_files", "limit_chunks",
    }  # fmt: skip


# --- failures


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_failing_processor_is_called_once_and_named(
    where: str, scheduler: str, files: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    backend = SERIAL if where == "here" else Backend(scheduler)
    log = tmp_path / "attempts"
    processor = FailingProcessor(130, log)
    with pytest.raises(ChunkError) as caught:
        run(processor, {"one": files["one"][:1]}, backend=backend, chunk_size=100, progress=False)
    assert str(caught.value) == (
        f"events 100 to 200 of {files['one'][0]} (sample one) failed: ZeroDivisionError: the toy fell down"
    )
    assert "toy_processors.py" in caught.value.details
    assert log.read_text() == "attempt\n"


def test_the_scheduler_is_usable_after_a_failure(
    scheduler: str, files: dict[str, tuple[str, ...]], serial: RunResult, tmp_path: Path
) -> None:
    with pytest.raises(ChunkError):
        run(FailingProcessor(3, tmp_path / "log"), files, backend=Backend(scheduler), chunk_size=60, progress=False)
    result = run(ToyProcessor(), files, backend=Backend(scheduler), chunk_size=60, progress=False)
    assert same_output(result.output, serial.output)


def test_a_chunk_of_a_killed_worker_is_done_again(
    scheduler: str, files: dict[str, tuple[str, ...]], serial: RunResult, tmp_path: Path
) -> None:
    processor = DyingProcessor(130, tmp_path / "died", once=True)
    result = run(processor, files, backend=Backend(scheduler), chunk_size=60, progress=False)
    assert (tmp_path / "died").exists()
    assert same_output(result.output, serial.output)


def test_a_chunk_that_kills_every_worker_is_named(
    scheduler: str, files: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    processor = DyingProcessor(130, tmp_path / "died", once=False)
    with pytest.raises(ChunkError, match=r"workers died 2 times, .*one0.root .*out of memory"):
        run(processor, {"one": files["one"][:1]}, backend=Backend(scheduler), chunk_size=1500, progress=False)


@pytest.mark.parametrize("where", ["here", "there"])
def test_an_unfit_file_stops_the_run_before_it_starts(
    where: str, scheduler: str, files: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    backend = SERIAL if where == "here" else Backend(scheduler)
    bad = write_toy_file(tmp_path / "bad.root", drop=("run",), truth=True)
    log = tmp_path / "attempts"
    with pytest.raises(InputFileError, match=r"bad.root: tree Events lacks run"):
        run(FailingProcessor(3, log), {**files, "bad": (str(bad),)}, backend=backend, progress=False)
    assert not log.exists()


def test_a_damaged_basket_is_found_and_named(tmp_path: Path) -> None:
    """Nothing in the header shows it: the chunk fails when it is read."""
    path = write_toy_file(tmp_path / "toy.root", 2000, truth=True)
    with uproot.open(path) as file:
        branch = file["Events/Track_momentum"]
        start, size = int(branch.member("fBasketSeek")[0]), int(branch.member("fBasketBytes")[0])
    content = bytearray(path.read_bytes())
    content[start + size // 2 : start + size // 2 + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(ChunkError, match=r"events 0 to 2000 of .*toy.root \(sample toy\) failed"):
        run(ToyProcessor(), {"toy": [str(path)]}, backend=SERIAL, progress=False)


@pytest.mark.parametrize("fileset", [{}, {"one": ()}])
def test_nothing_to_do(fileset: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InputFileError, match="no files given"):
        run(ToyProcessor(), fileset, backend=SERIAL, progress=False)


def test_chunk_size_must_be_positive(files: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ExecutionError, match="chunk_size must be at least 1"):
        run(ToyProcessor(), files, backend=SERIAL, chunk_size=0)


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch, files: dict[str, tuple[str, ...]]) -> None:
    monkeypatch.setattr("rarekaon.analysis.execution.dask_clusters.CONNECT_TIMEOUT", 0.5)
    with pytest.raises(BackendError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*dask scheduler"):
        run(ToyProcessor(), files, backend=Backend("tcp://127.0.0.1:9"), progress=False)


def test_progress_is_no_output(files: dict[str, tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    run(ToyProcessor(), {"two": files["two"]}, backend=SERIAL, chunk_size=100, progress=True)
    assert capsys.readouterr().out == ""
