"""Do the control regions agree with the expected background?  Asked before a box is opened."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.search.declaration import Search
from rarekaon.analysis.statistics import Background, significance

THRESHOLD = 0.01
"""Smallest p-value, corrected for the number of regions, with which `kaon unblind` opens a box."""


@dataclass(frozen=True)
class RegionAgreement:
    """How well a control region agrees with its expected background.

    Where each recorded event stands for w, the number recorded is Poisson distributed around the expectation over w.
    Weights that differ are replaced by the one with the same mean and variance of the sum (G. Bohm and G. Zech, NIM A
    748 (2014) 1).
    """

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


@dataclass(frozen=True)
class ControlAgreement:
    """The control regions of a signal selection."""

    regions: tuple[RegionAgreement, ...]
    """One entry a region."""

    @property
    def p_value(self) -> float:
        return min(1.0, len(self.regions) * min(r.p_value for r in self.regions))

    @property
    def agrees(self) -> bool:
        return self.p_value >= THRESHOLD


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
    weight = row.observed_weight or 1.0
    recorded = round(row.observed / weight)
    error = math.hypot(row.error, unseen)
    if row.expected == 0:
        prior = "truncated_gaussian"  # a gamma distribution has a mean
    background = Background(row.expected / weight, error / weight, prior)  # type: ignore[arg-type]
    excess = significance(recorded, background).p_value
    deficit = 1 - significance(recorded + 1, background).p_value
    return RegionAgreement(row.region, row.expected, error, row.observed, min(1.0, 2 * min(excess, deficit)))
