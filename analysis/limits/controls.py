"""Do the control regions agree with the expected background?  Asked before a box is opened."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.limits.backgrounds import BackgroundRow
from analysis.search import Search
from analysis.statistics import Background, significance

THRESHOLD = 0.01
"""Smallest p-value, corrected for the number of regions, with which `kaon unblind` opens a box."""


@dataclass(frozen=True)
class RegionAgreement:
    """A control region: `p_value` is two-sided, of the observed count under the expected background.

    Of a count in which each recorded event stands for w, the number recorded is Poisson distributed around the expected
    one over w; weights that differ are replaced by the one with the same mean and variance of the sum (G. Bohm and
    G. Zech, NIM A 748 (2014) 1).
    """

    region: str
    expected: float
    error: float
    observed: int
    p_value: float


@dataclass(frozen=True)
class ControlAgreement:
    """All control regions of a signal selection; `p_value` is the smallest, times their number."""

    regions: tuple[RegionAgreement, ...]

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
    totals = [r for r in rows if (r.search, r.dataset) == (search.name, search.dataset) and r.mode == "total"]
    regions = tuple(_agreement(r, search.background_prior) for r in totals if r.region in wanted)
    if {r.region for r in regions} != wanted or not wanted:
        raise ValueError(f"{search.key}: no counts of its control regions {sorted(wanted)}; run `make limits` first")
    return ControlAgreement(regions)


def _agreement(row: BackgroundRow, prior: str) -> RegionAgreement:
    if row.observed is None:
        raise ValueError(
            f"{row.search}/{row.dataset}: no count of control region {row.region}; run `make limits` first"
        )
    weight = row.observed_weight or 1.0
    recorded = round(row.observed / weight)
    background = Background(row.expected / weight, row.error / weight, prior)  # type: ignore[arg-type]
    excess = significance(recorded, background).p_value
    deficit = 1 - significance(recorded + 1, background).p_value
    return RegionAgreement(row.region, row.expected, row.error, row.observed, min(1.0, 2 * min(excess, deficit)))
