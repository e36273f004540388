"""What can go wrong with a run; every message names the file or place and says what to do."""

from __future__ import annotations


class ExecutionError(Exception):
    """Base of all errors of a run."""


class InputFileError(ExecutionError, ValueError):
    """An input file is missing, damaged, foreign to the event contract, or listed twice."""


class UnreadableFileError(InputFileError):
    """A file that cannot be had at all, or is damaged: `path` names it."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message, path)

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def path(self) -> str:
        return str(self.args[1])


class BackendError(ExecutionError, ValueError):
    """The place where the work should be done is unknown, unreachable or unfit."""


class ClosureError(ExecutionError, RuntimeError):
    """Not every event of every file was processed exactly once: the output must not be used."""


class ChunkError(ExecutionError, RuntimeError):
    """The processor failed on a range of events; `details` is the traceback from where it ran."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message, details)

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def details(self) -> str:
        return str(self.args[1])


class UnfitEventsInChunkError(ChunkError, InputFileError):
    """Events that were to be processed are damaged or break the event contract: it is the file that has to change."""


class LostFileError(ChunkError):
    """A file, `path`, that could be read at first and no longer can, however often it is tried."""

    def __init__(self, message: str, details: str = "", path: str = "") -> None:
        super().__init__(message, details)
        self.args = (message, details, path)

    @property
    def path(self) -> str:
        return str(self.args[2])
