"""What takes too long for every day: jobs that end several times in a run, and runs that are killed again and again.

`pytest -s tests/sites/long_runs.py` needs an hour, little of it in processors, and SLURM's programs.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dask
import dask_jobqueue  # noqa: F401  (brings the defaults)
import psutil
import pytest

from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.pieces import Pieces
from tests.execution.test_pieces import PartsProcessor
from tests.execution.test_runner import same_output
from tests.sites import slurm
from tests.toy_events import write_toy_file

ROOT = Path(__file__).parents[2]
CHUNK = 100
KILLED = 20


class SlowProcessor(PartsProcessor):
    """Takes two seconds for every chunk."""

    def only(self, parts: Any) -> SlowProcessor:
        return SlowProcessor({name: self.made_with[name] for name in parts}, self.asked)

    def process(self, events: Any) -> dict[str, Any]:
        time.sleep(2)
        return super().process(events)


def toys(place: Path, chunks: int) -> dict[str, tuple[str, ...]]:
    """Two files that are cut into that many chunks."""
    names = (write_toy_file(place / f"{n}.root", CHUNK * chunks // 2, seed=n, truth=True) for n in (1, 2))
    return {"toy": tuple(map(str, names))}


def expected(files: dict[str, tuple[str, ...]], asked: Path) -> Any:
    processor = PartsProcessor({"toy": 1}, asked)
    return run(processor, files, backend=Backend("iterative"), chunk_size=CHUNK, progress=False).output


def test_a_run_of_six_minutes_in_jobs_of_two(tmp_path: Path) -> None:
    files, asked = toys(tmp_path, 360), tmp_path / "asked"
    settings = {
        "jobqueue.slurm.walltime": "00:02:00",
        "jobqueue.slurm.memory": "1GB",
        "jobqueue.slurm.cores": 1,
        "jobqueue.slurm.interface": "lo",
        "jobqueue.slurm.log-directory": str(tmp_path / "logs"),
        "jobqueue.slurm.job-script-prologue": [f"export PYTHONPATH={ROOT}:{ROOT}/src"],
    }
    with slurm.one_node_slurm(), dask.config.set(settings):
        result = run(
            SlowProcessor({"toy": 1}, asked), files, backend=Backend("slurm", 2), chunk_size=CHUNK, progress=False,
            pieces=Pieces(str(tmp_path / "pieces")),
        )  # fmt: skip
        jobs = len(list((tmp_path / "logs").glob("*.err")))
    computed = len(asked.read_text().split())
    print(f"{result.metrics.wall_seconds:.0f} s in {jobs} jobs; {computed} chunks computed of 360")
    assert computed <= 360 + jobs
    assert result.metrics.wall_seconds > 330
    assert jobs >= 6
    assert same_output(result.output, expected(files, asked))


PROGRAM = """
import json, sys, time
from pathlib import Path
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.pieces import Pieces
from rarekaon.analysis.execution.store import save
from tests.sites.long_runs import CHUNK, SlowProcessor
if __name__ == "__main__":
    started, (place, pieces, *files) = time.time(), sys.argv[1:]
    processor = SlowProcessor({"toy": 1}, Path(place) / "asked")
    result = run(processor, {"toy": files}, backend=Backend("local", 2), chunk_size=CHUNK, progress=False,
                 pieces=Pieces(pieces))
    save(Path(place) / "out.zip", result.output)
    record = {"seconds": time.time() - started, "log": result.log, "computed": result.metrics.computed_parts}
    (Path(place) / "record.json").write_text(json.dumps(record))
"""


class Runs:
    """Runs in processes of their own, two workers each."""

    def __init__(self, place: Path, files: dict[str, tuple[str, ...]]) -> None:
        self.place, self.files = place, files
        self.program = place / "program.py"
        self.program.write_text(PROGRAM)

    def start(self, pieces: str) -> subprocess.Popen[bytes]:
        (self.place / "record.json").unlink(missing_ok=True)
        (self.place / "asked").write_text("")
        command = [sys.executable, str(self.program), str(self.place), str(self.place / pieces), *self.files["toy"]]
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/src", "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def finish(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.wait(600) == 0
        found: dict[str, Any] = json.loads((self.place / "record.json").read_text())
        return found | {"bytes": (self.place / "out.zip").read_bytes()}

    def wait_for(self, chunks: int) -> None:
        while len((self.place / "asked").read_text().split()) < chunks:
            time.sleep(0.05)


def test_killed_again_and_again(tmp_path: Path) -> None:
    """At random places around the middle, in turn the whole run, which is then started again, and its workers, which
    come back by themselves."""
    chunks, draw = 120, random.Random(20)
    runs = Runs(tmp_path, toys(tmp_path, chunks))
    fresh = runs.finish(runs.start("fresh"))
    print(f"fresh: {fresh['seconds']:.1f} s")
    ratios = []
    for n in range(KILLED):
        pieces = f"pieces{n}"
        process = runs.start(pieces)
        runs.wait_for(draw.randint(chunks // 2, chunks // 2 + 10))
        if n % 2:
            killed = time.time()
            for child in psutil.Process(process.pid).children(recursive=True):
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
            again = runs.finish(process)
            seconds, what = time.time() - killed, "workers"
            computed = len((tmp_path / "asked").read_text().split())
            assert computed <= chunks + 2
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kept = sum(k.pieces for k in Pieces(str(tmp_path / pieces)).kept())
            again = runs.finish(runs.start(pieces))
            seconds, what = again["seconds"], "run"
            computed = again["computed"]
            assert computed == chunks - kept
            assert sum(line.startswith("reused") for line in again["log"]) == kept
        ratios.append(seconds / fresh["seconds"])
        print(f"{n + 1}: {what} killed, {seconds:.1f} s ({ratios[-1]:.2f}), {computed} chunks computed", flush=True)
        assert again["bytes"] == fresh["bytes"]
    assert max(ratios) <= 0.6


if __name__ == "__main__":
    sys.exit(pytest.main(["-s", __file__]))
