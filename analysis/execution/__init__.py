"""Running a processor over files, on any backend, with a proof that every event was processed exactly once."""

from rarekaon.analysis.execution.backend import Backend
from rarekaon.analysis.execution.closure import Closure
from rarekaon.analysis.execution.errors import BackendError, ChunkError, ClosureError, ExecutionError, InputFileError
from rarekaon.analysis.execution.runner import Metrics, RunResult, run

__all__ = [
    "Backend",
    "BackendError",
    "ChunkError",
    "Closure",
    "ClosureError",
    "ExecutionError",
    "InputFileError",
    "Metrics",
    "RunResult",
    "run",
]
