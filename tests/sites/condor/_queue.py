"""What the stand-ins share: jobs as folders of files below $STAND_IN_CONDOR.

A job's folder holds `pid`, `status` (condor's codes: 1 idle, 2 running, 3 removed, 4 completed, 5 held) and `reason`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

IDLE, RUNNING, REMOVED, COMPLETED, HELD = range(1, 6)


def place() -> Path:
    return Path(os.environ["STAND_IN_CONDOR"])


def jobs(wanted: list[str]) -> list[Path]:
    """Folders of the jobs named, or of all."""
    every = sorted((p for p in place().iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    return [p for p in every if not wanted or p.name in {w.partition(".")[0] for w in wanted}]


def status(job: Path) -> int:
    return int((job / "status").read_text())


def refuse(message: str) -> None:
    print(f"\nERROR: {message}", file=sys.stderr)
    sys.exit(1)
