"""Open intervals, by which every cut and region is said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """The open interval (low, high); either end may be infinite.

    >>> 5.0 in Interval(2, 8)
    True
    >>> Interval(low=140)
    > 140
    """

    low: float = -math.inf
    """Lower end, not included."""
    high: float = math.inf
    """Upper end, not included."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"interval ({self.low}, {self.high}) is empty; low must be below high")

    def __contains__(self, value: float) -> bool:
        return self.low < value < self.high

    def mask(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Elementwise membership; NaN is outside."""
        return np.asarray((values > self.low) & (values < self.high))

    def text(self, unit: float = 1.0) -> str:
        low, high = self.low / unit, self.high / unit
        if self.low == -math.inf:
            return f"< {high:g}"
        if self.high == math.inf:
            return f"> {low:g}"
        return f"{low:g} to {high:g}"

    def __repr__(self) -> str:
        return self.text()
