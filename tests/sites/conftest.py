"""Events for runs on clusters, and what one process makes of them."""

from pathlib import Path

import pytest

from rarekaon.analysis.execution import Backend, RunResult, run
from tests.execution.toy_processors import ToyProcessor
from tests.toy_events import write_toy_file

Files = dict[str, tuple[str, ...]]


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    place: Path = tmp_path_factory.mktemp("toys")
    return {"one": tuple(str(write_toy_file(place / f"{n}.root", 1500, seed=n, truth=True)) for n in (1, 2))}


@pytest.fixture(scope="package")
def serial(files: Files) -> RunResult:
    return run(ToyProcessor(), files, backend=Backend("iterative"), chunk_size=60, progress=False)
