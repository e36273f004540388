"""What values of a branch can be: its finite range, and where the middle of many of them lies.

All floating numbers of the contract are finite: no branch has a sentinel but -1 in those that hold an index, and what
is not measured is 0 or absent as the branch's meaning says.  A value outside `low` to `high` is damage or another
unit.  The `middle` is where the median of the absolute values that are not 0 lies in any sample of events of this
experiment: it is wide enough for each decay and each skim, and narrow enough to tell MeV from GeV.

The ranges are bounds of the apparatus (JINST 12 P05025: a beam of 75 GeV/c, chambers and calorimeter of about 1 m
around the beam, decays between 97 and 270 m from the target) with room to spare; they are no selection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 25
"""Values from which on their median is looked at; of fewer all must be far outside."""
FAR = 3.0
"""How many times outside the interval of medians few values must be."""
LOOKED_AT = 1000
"""Values whose median is taken, evenly spread over those of a chunk."""

OTHER_UNITS = {
    "MeV": {"GeV": 1e3, "keV": 1e-3, "eV": 1e-6, "TeV": 1e6},
    "mm": {"cm": 10.0, "m": 1e3, "um": 1e-3},
    "ns": {"s": 1e9, "us": 1e3, "ps": 1e-3, "ms": 1e6, "counts of 25 ns": 25.0},
    "1": {"mrad": 1e-3},
}
"""Factors that lead from another unit to the contract's."""


@dataclass(frozen=True)
class Range:
    """`low` to `high`, both allowed, and the interval `middle` of medians of absolute values, None for any."""

    low: float
    high: float
    middle: tuple[float, float] | None = None

    def has_middle(self, values: NDArray[Any]) -> bool:
        """Whether the median of some values is one of many; the unit is wrong where it is not."""
        if self.middle is None:
            return True
        some = np.abs(values[:: max(1, len(values) // LOOKED_AT)])
        some = some[some > 0]
        low, high = self.middle
        if len(some) >= LEAST:
            return bool(low <= np.median(some) <= high)
        return len(some) == 0 or bool(some.max() >= low / FAR and some.min() <= high * FAR)

    def guess(self, values: NDArray[Any], unit: str) -> str:
        """Which unit the values seem to have, as a question; "" where they fit or nobody knows."""
        sizes = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
        if not len(sizes):
            return ""
        median = float(np.median(sizes))
        low, high = self.middle or (0.0, 0.0)
        for other, factor in OTHER_UNITS.get(unit, {}).items():
            if low <= median * factor <= high and not low <= median <= high:
                return f"median {median:.3g}: {other} instead of {'rad' if unit == '1' else unit}?"
        return ""


ANY = Range(-math.inf, math.inf)
FINITE = Range(-1e30, 1e30)
PROMPT = Range(-1e6, 1e6, (0.005, 1000.0))
CHI2 = Range(0.0, 1e9)
VARIANCE = Range(0.0, 1e6)
SLOPE = Range(-0.5, 0.5, (1e-5, 0.2))
BEAM_SLOPE = Range(-0.05, 0.05, (1e-6, 0.02))
TRANSVERSE = Range(-5e3, 5e3)
NEAR = Range(-5e3, 5e3, (4.0, 2500.0))
WIDE = Range(-5e3, 5e3, (45.0, 2500.0))
ENERGY = Range(0.0, 1e6, (30.0, 5e5))
SIGNAL = Range(0.0, 1e6, (5.0, 5e5))
MOMENTUM = Range(0.0, 1e6, (300.0, 2e5))
BEAM_MOMENTUM = Range(4e4, 1.2e5, (5e4, 1e5))
COMPONENT = Range(-2e5, 2e5)
ALONG = Range(-1e4, 4e5, (2e4, 4e5))

RANGES: dict[str, Range] = {
    "trigger_time": PROMPT,
    "beam_momentum": BEAM_MOMENTUM,
    "beam_slope_x": BEAM_SLOPE,
    "beam_slope_y": BEAM_SLOPE,
    "beam_x": Range(-200.0, 200.0),
    "beam_y": Range(-200.0, 200.0),
    "truth_weight": Range(-1e15, 1e15),
    "truth_x": TRANSVERSE,
    "truth_y": TRANSVERSE,
    "truth_z": ALONG,
    "truth_kaon_px": COMPONENT,
    "truth_kaon_py": COMPONENT,
    "truth_kaon_pz": BEAM_MOMENTUM,
    "Track_x": NEAR,
    "Track_y": NEAR,
    "Track_slope_x": SLOPE,
    "Track_slope_y": SLOPE,
    "Track_x_after": WIDE,
    "Track_y_after": WIDE,
    "Track_slope_x_after": SLOPE,
    "Track_slope_y_after": SLOPE,
    "Track_var_x": VARIANCE,
    "Track_cov_x_slope_x": Range(-1e6, 1e6),
    "Track_var_slope_x": VARIANCE,
    "Track_var_y": VARIANCE,
    "Track_cov_y_slope_y": Range(-1e6, 1e6),
    "Track_var_slope_y": VARIANCE,
    "Track_momentum": MOMENTUM,
    "Track_chi2": CHI2,
    "Track_chod_time": PROMPT,
    "Track_rich_time": PROMPT,
    "Track_rich_log_e": FINITE,
    "Track_rich_log_mu": FINITE,
    "Track_rich_log_pi": FINITE,
    "Track_lkr_energy": ENERGY,
    "Track_lkr_time": PROMPT,
    "Track_muv3_time": PROMPT,
    "Track_charge": Range(-1, 1),
    "Track_chambers": Range(0, 4),
    "Cluster_energy": ENERGY,
    "Cluster_x": WIDE,
    "Cluster_y": WIDE,
    "Cluster_time": PROMPT,
    "Muv3_x": WIDE,
    "Muv3_y": WIDE,
    "Muv3_time": PROMPT,
    "Chod_x": WIDE,
    "Chod_y": WIDE,
    "Chod_time": PROMPT,
    "RichHit_time": PROMPT,
    "Lav_station": Range(1, 12),
    "Lav_time": PROMPT,
    "Lav_energy": SIGNAL,
    "Irc_time": PROMPT,
    "Irc_energy": SIGNAL,
    "Sac_time": PROMPT,
    "Sac_energy": SIGNAL,
    "Chanti_time": PROMPT,
    "Ktag_time": PROMPT,
    "Ktag_sectors": Range(0, 8),
    "Gtk_momentum": BEAM_MOMENTUM,
    "Gtk_slope_x": BEAM_SLOPE,
    "Gtk_slope_y": BEAM_SLOPE,
    "Gtk_x": Range(-200.0, 200.0),
    "Gtk_y": Range(-200.0, 200.0),
    "Gtk_time": PROMPT,
    "Gtk_chi2": CHI2,
    "Generated_px": COMPONENT,
    "Generated_py": COMPONENT,
    "Generated_pz": Range(-2e5, 2e5, (100.0, 2e5)),
    "Generated_energy": Range(0.0, 2e5, (100.0, 2e5)),
    "Generated_x": Range(-1e5, 1e5),
    "Generated_y": Range(-1e5, 1e5),
    "Generated_z": ALONG,
    "Generated_z_end": ALONG,
}
"""By full branch name; every floating branch is here, and integers whose range is narrower than their type's."""


def range_of(name: str) -> Range:
    """The range of a branch; ANY for one the contract does not bound."""
    return RANGES.get(name, ANY)
