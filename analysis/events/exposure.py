"""Exposure: what the events of a sample stand for, summed over the side trees of exactly the files that were read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Exposure:
    """What the events of a sample stand for."""

    simulated: bool
    """Whether the files have truth branches."""
    events: int
    """Simulated events stored in the files; of data nobody says how many."""
    generated: int = 0
    """Simulated decays, stored or not."""
    weight: float = 0.0
    """Sum of the weights of these decays."""
    weight_in_fv: float = 0.0
    """The same for decays in the fiducial volume: the denominator of every acceptance."""
    bursts: int = 0
    """Bursts of data, with events or without."""

    def as_numbers(self) -> dict[str, float]:
        """Plain numbers, as the histogram store keeps them."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_numbers(cls, numbers: dict[str, float]) -> Exposure:
        return cls(
            simulated=bool(numbers["simulated"]),
            events=int(numbers["events"]),
            generated=int(numbers["generated"]),
            weight=numbers["weight"],
            weight_in_fv=numbers["weight_in_fv"],
            bursts=int(numbers["bursts"]),
        )


def burst_key(run: Any, burst: Any) -> NDArray[np.uint64]:
    """Run and burst as one number."""
    return np.asarray(run, np.uint64) << np.uint64(32) | np.asarray(burst, np.uint64)
