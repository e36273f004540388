"""HTCondor through stand-ins for its commands: no package registry has it.  The class that drives them is real."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

COMMANDS = Path(__file__).parent / "condor"


@contextmanager
def htcondor() -> Iterator[Path]:
    """`condor_submit` and its like on the path; yields the folder that holds the jobs.

    A file `refuse` there makes submissions fail with its text, a file `hold` has jobs held for that reason.
    """
    with tempfile.TemporaryDirectory(prefix="condor-") as folder:
        place = {"STAND_IN_CONDOR": folder, "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
        with patch.dict(os.environ, place):
            try:
                yield Path(folder)
            finally:
                remove_all()


def remove_all() -> None:
    """End all jobs."""
    subprocess.run(["condor_rm"], check=True, capture_output=True, timeout=60)
