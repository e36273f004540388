"""Blocks of a simulation as tasks of the workers of a backend: the same bits as from threads of this machine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.execution.executors import TICK, held
from rarekaon.analysis.execution.preflight import WhereFit, environment
from rarekaon.analysis.execution.watch import Watch

AHEAD = 3
"""Blocks for each worker that are made before they are asked for: their events wait in memory."""


@dataclass(frozen=True)
class OnWorkers:
    """Computes a function of a number on the workers that a watch looks after; gives results in the numbers' order."""

    watch: Watch

    def __call__(self, work: Callable[[int], Any], numbers: Iterable[int]) -> Iterator[Any]:
        """BackendError where the workers come to an end, or what `work` raises."""
        client = self.watch.client
        # One task holds what fixes the blocks, so that it travels once per worker and not once per block.
        shared = client.submit(held, WhereFit(work, environment()), pure=False)
        waiting: deque[Any] = deque()
        try:
            for number in numbers:
                waiting.append(client.submit(_made, shared, number, pure=False))
                while len(waiting) >= AHEAD * max(1, len(self.watch.workers())):
                    yield self._result(waiting)
            while waiting:
                yield self._result(waiting)
        finally:
            client.cancel(list(waiting), force=True)

    def _result(self, waiting: deque[Any]) -> Any:
        """That of the first task, which is then forgotten."""
        from distributed.scheduler import KilledWorker

        while not waiting[0].done():
            self.watch.left = len(waiting)
            self.watch()
            time.sleep(TICK)
        try:
            return waiting.popleft().result()
        except KilledWorker as error:
            raise BackendError(
                f"workers died {error.allowed_failures + 1} times over one block: most likely out of memory; "
                f"use fewer workers on a machine"
            ) from error


def _made(work: Callable[[int], Any], number: int) -> Any:
    return work(number)
