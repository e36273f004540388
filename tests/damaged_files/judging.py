"""What becomes of files: refused with a message, or a count of events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from coffea.processor import ProcessorABC

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


class ByRecords(ProcessorABC):
    """Takes NanoEvents, as somebody else's processor does, and looks at every branch."""

    def process(self, events: Any) -> Any:
        sums = {}
        for c in schema.COLLECTIONS:
            if c.name in events.fields:
                for field in c.fields:
                    values = ak.to_numpy(ak.flatten(events[c.name][field.name]))
                    sums[c.branch(field.name)] = hashlib.sha256(values.tobytes()).hexdigest() + ","
        return {"count": len(events), "sums": sums}

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


@dataclass(frozen=True)
class Outcome:
    """The count of a run, or None and what was said."""

    count: int | None
    says: str = ""
    result: RunResult | None = None


def judge(
    paths: Sequence[Path | str], sample: str = "toy", chunk_size: int = 500_000, processor: Any = None
) -> Outcome:
    """Run over files; an error that is not ours passes through."""
    files = {sample: [str(path) for path in paths]}
    try:
        result = run(
            processor or Unvetoed(), files, backend=Backend("iterative"), chunk_size=chunk_size, progress=False
        )
    except ExecutionError as error:
        return Outcome(None, str(error))
    return Outcome(int(result.output["count"]), result=result)
