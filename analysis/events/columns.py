"""The events of one chunk as flat NumPy columns and offsets, read once each: what the kernels work on."""

from __future__ import annotations

from copy import copy
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from analysis.schema import TRUTH


class Columns:
    """Flat columns of a chunk of NanoEvents, each read and materialised at the first request.

    `offsets("Track")` has shape (events + 1,), `flat("Track", "momentum")` shape (tracks,), `event("run")` shape
    (events,).  dtypes are those on disk; kinematics converts to float64.  Whatever is computed from the
    columns and shared between channels (candidates) is kept by `shared`.
    """

    def __init__(self, events: Any) -> None:
        self.events = events
        self._columns: dict[tuple[str, str], NDArray[Any]] = {}
        self._shared: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.events)

    @property
    def simulated(self) -> bool:
        """Whether the file carries truth; one that does not is data."""
        return any(b.name in self.events.fields for b in TRUTH)

    def event(self, name: str) -> NDArray[Any]:
        return self._column("", name, lambda: ak.to_numpy(self.events[name]))

    def flat(self, collection: str, field: str) -> NDArray[Any]:
        return self._column(collection, field, lambda: ak.to_numpy(self.events[collection].layout.content[field]))

    def offsets(self, collection: str) -> NDArray[np.int64]:
        return self._column(
            collection, "", lambda: np.asarray(ak.to_numpy(self.events[collection].layout.offsets), np.int64)
        )

    def replaced(self, name: str, values: NDArray[Any]) -> Columns:
        """The same events with other values (n_events,) of an event-level column; what is shared stays shared."""
        twin = copy(self)
        twin._columns = {**self._columns, ("", name): values}
        return twin

    def shared(self, build: Any) -> Any:
        """The result of `build(self)`, computed once per chunk."""
        if build not in self._shared:
            self._shared[build] = build(self)
        return self._shared[build]

    def _column(self, collection: str, field: str, read: Any) -> NDArray[Any]:
        key = (collection, field)
        if key not in self._columns:
            self._columns[key] = read()
        return self._columns[key]
