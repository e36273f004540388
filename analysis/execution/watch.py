"""Looking after the workers of a run while it waits: who is there, who is awaited, and when that is in vain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rarekaon.analysis.execution.errors import BackendError

SECONDS = 2.0
"""Between two looks."""
PATIENCE = 120.0
"""Seconds without a worker after which a place that starts none by itself is given up."""

Say = Callable[[str], None]


def say_nothing(text: str) -> None:
    """Nobody listens."""


class Supply(Protocol):
    """Where workers come from."""

    def look(self, workers: set[str], alone: float, left: int | None) -> str:
        """What is to be said of the workers there are, by name, and of those that are awaited.

        `alone` is for how many seconds there has been none, `left` how many tasks are left, if that is known.
        BackendError where none will come.
        """
        ...


@dataclass(frozen=True)
class Given:
    """Workers that somebody else starts; `mend` says what to do where there are none."""

    mend: str

    def look(self, workers: set[str], alone: float, left: int | None) -> str:
        if alone > PATIENCE:
            raise BackendError(f"there has been no worker for {alone:.0f} s: {self.mend}")
        return f"{len(workers)} worker{'s' if len(workers) != 1 else ''}"


@dataclass
class Watch:
    """Looks at the workers of a client every now and then; workers that come are checked before they are counted on."""

    client: Any
    supply: Supply
    check: Callable[[list[str] | None], None]
    say: Say = say_nothing
    left: int | None = None
    _last: float = 0.0
    _alone_since: float | None = None
    _known: set[str] = field(default_factory=set)

    def __call__(self) -> None:
        """Look, if the last look was a while ago; BackendError where the run cannot go on."""
        now = time.monotonic()
        if now - self._last < SECONDS:
            return
        self._last = now
        workers = self.workers()
        if workers:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        alone = 0.0 if self._alone_since is None else now - self._alone_since
        new = [address for address in workers if address not in self._known]
        if new:
            self.check(new if self._known else None)  # at first all, and the scheduler
            self._known.update(new)
        self.say(self.supply.look(set(workers.values()), alone, self.left))

    def workers(self) -> dict[str, str]:
        """Names of the workers there are, by address."""
        try:
            found = self.client.scheduler_info(n_workers=-1)["workers"]
        except OSError as error:
            raise BackendError(f"the scheduler went away ({error}); look at its log") from error
        return {address: str(worker["name"]) for address, worker in found.items()}

    def wait_for_one(self) -> None:
        """Return when there is a worker; BackendError where none will come."""
        while not self.workers():
            self()
            time.sleep(0.2)
        self._last = 0.0
        self()
