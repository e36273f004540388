"""What becomes of files: refused with a message, or a count of events without a veto."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rarekaon.analysis.contract import schema
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.execution import Backend, ExecutionError, RunResult, run

IN_TIME = 4.0


class Unvetoed:
    """Counts events of three tracks without a LAV signal in time, and reads every other column, too."""

    def process_columns(self, columns: Columns, sample: str) -> dict[str, Any]:
        offsets, times = columns.offsets("Lav"), columns.flat("Lav", "time")
        in_time = np.add.reduceat(np.append(np.abs(times) < IN_TIME, False), offsets[:-1]) * (np.diff(offsets) > 0)
        for c in schema.COLLECTIONS:
            for field in c.fields if columns.simulated or not c.truth else ():
                columns.flat(c.name, field.name)
        for branch in (*schema.EVENT, *(schema.TRUTH if columns.simulated else ())):
            columns.event(branch.name)
        three = np.diff(columns.offsets("Track")) == 3
        return {"count": int(np.count_nonzero(three & (in_time == 0)))}

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


@dataclass(frozen=True)
class Outcome:
    """The count of a run, or None and what was said."""

    count: int | None
    says: str = ""
    result: RunResult | None = None


def judge(paths: Sequence[Path | str], sample: str = "toy", chunk_size: int = 500_000) -> Outcome:
    """Run over files; an error that is not ours passes through."""
    files = {sample: [str(path) for path in paths]}
    try:
        result = run(Unvetoed(), files, backend=Backend("iterative"), chunk_size=chunk_size, progress=False)
    except ExecutionError as error:
        return Outcome(None, str(error))
    return Outcome(result.output["count"], result=result)
