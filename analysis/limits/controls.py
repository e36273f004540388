"""Do the control regions agree with the expected background?  Asked before a box is opened."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rarekaon.analysis.facts.unblinding import ControlCount, Controls
from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.statistics.agreement import THRESHOLD, agreement, region_p_value


@dataclass(frozen=True)
class RegionAgreement:
    """How well a control region agrees with its expected background."""

    region: str
    """Name of the region."""
    expected: float
    """Expected background."""
    error: float
    """Its error."""
    observed: int
    """Observed events."""
    p_value: float
    """Two-sided, of the observed count under the expected background."""
    weight: float = 1.0
    """Observed events that each recorded one stands for."""


@dataclass(frozen=True)
class ControlAgreement:
    """The control regions of a signal selection."""

    regions: tuple[RegionAgreement, ...]
    """One entry a region."""

    @property
    def p_value(self) -> float:
        return agreement([r.p_value for r in self.regions])

    @property
    def agrees(self) -> bool:
        return self.p_value >= THRESHOLD

    def as_record(self, prior: str, expected_in_selections: float, despite: str | None) -> Controls:
        """The comparison as an unblinding record holds it."""
        return Controls(
            prior=prior,  # type: ignore[arg-type]
            regions=tuple(
                ControlCount(region=r.region, observed=r.observed, expected=r.expected, error=r.error, weight=r.weight)
                for r in self.regions
            ),
            expected_in_selections=expected_in_selections,
            p_value=self.p_value,
            despite=despite,
        )


def control_agreement(search: Search, rows: tuple[BackgroundRow, ...]) -> ControlAgreement:
    """Compare data and background in the control regions of the signal selection.

    Raises ValueError if the search has no control region, or one whose count is not there.
    """
    wanted = {r.name for r in search.signal.regions if r.control}
    mine = [r for r in rows if (r.search, r.dataset) == (search.name, search.dataset) and r.region in wanted]
    totals = [r for r in mine if r.mode == "total"]
    regions = tuple(_agreement(r, _unseen(mine, r.region), search.background_prior) for r in totals)
    if {r.region for r in regions} != wanted or not wanted:
        raise ValueError(f"{search.key}: no counts of its control regions {sorted(wanted)}; run `make limits` first")
    return ControlAgreement(regions)


def _unseen(rows: list[BackgroundRow], region: str) -> float:
    """Error (events) of the modes of which no simulated event is left in a region: their upper limits.

    They are no part of the table's error, but one data event of such a mode is no disagreement.
    """
    return math.hypot(*(r.stat for r in rows if r.region == region and r.mode != "total" and r.expected == 0))


def _agreement(row: BackgroundRow, unseen: float, prior: str) -> RegionAgreement:
    if row.observed is None:
        raise ValueError(
            f"{row.search}/{row.dataset}: no count of control region {row.region}; run `make limits` first"
        )
    weight, error = row.observed_weight or 1.0, math.hypot(row.error, unseen)
    p_value = region_p_value(row.observed, row.expected, error, prior=prior, weight=weight)  # type: ignore[arg-type]
    return RegionAgreement(row.region, row.expected, error, row.observed, p_value, weight)
