"""Exposure: what the events of a sample stand for, summed over the side trees of exactly the files that were read."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Exposure:
    """Of a sample: `events` stored in its files; for simulation the decays `generated` and the sums of their weights,
    for data the `bursts`.  The weight inside the fiducial volume is the denominator of every acceptance.
    """

    simulated: bool
    events: int
    generated: int = 0
    weight: float = 0.0
    weight_in_fv: float = 0.0
    bursts: int = 0

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
