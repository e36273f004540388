"""Trigger decisions of the event: the raw conditions of the six lines.

They see the decay's own tracks; of accidental activity, the signals of muon detector and hodoscope count for the lines
that ask for some.
"""

from __future__ import annotations

from typing import Any

from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.kernels.geometry import inside_ring
from rarekaon.analysis.simulation.detector import track_fit as f
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.clusters import TIME_WINDOW
from rarekaon.analysis.simulation.detector.scratch import CLUSTER_ENERGY, CLUSTER_TIME, RING_HITS, Scratch
from rarekaon.analysis.simulation.ground.buffers import EventBuffers
from rarekaon.analysis.simulation.ground.constants import Constants

EMT_ENERGY, MUMT_ENERGY = 20000.0, 10000.0
"""Calorimeter energy (MeV) of the eMT and muMT lines (CERN-EP-2022-018 and arXiv:2211.04818, Section 1)."""
LAV_STATIONS, MUMT_LAV = (2, 11), 3
"""Large-angle stations that the muMT line looks at, and how many signals are too many (arXiv:2211.04818 Section 1)."""
PINUNU_ENERGY = 30000.0
"""Calorimeter energy (MeV) from which the pinunu line vetoes. The line asks for a ring, no opposite hodoscope
quadrants and no signal in the muon detector: the conditions of JHEP 03 (2023) 122 that are simulated.
"""
MINIMUM_BIAS, MT, EMT, MUMT, DIMUON, PINUNU = range(6)
"""Columns of the downscalings."""
DIAGONALS = 0b1001, 0b0110
"""Pairs of opposite hodoscope quadrants, a bit each."""


@inlined
def _quadrant(x: float, y: float) -> int:
    """The bit of a hodoscope quadrant."""
    return 1 << (int(x < 0) + 2 * int(y < 0))


@inlined
def _opposite(seen: int) -> bool:
    """Whether two of the quadrants `seen` are diagonally opposite."""
    return seen & DIAGONALS[0] == DIAGONALS[0] or seen & DIAGONALS[1] == DIAGONALS[1]


@kernel
def _opposite_quadrants(c: Constants, e: Scratch, tracks: int) -> tuple[bool, bool]:
    """Whether any track is seen by the hodoscope, and two in diagonally opposite quadrants."""
    seen = 0
    for i in range(tracks):
        at = e.impacts[i, t.AT_CHOD]
        inside = inside_ring(at[t.IMPACT_X], at[t.IMPACT_Y], c.chod_r_min, c.chod_r_max)
        if at[t.IMPACT_PDG] != 0.0 and inside:
            seen |= _quadrant(at[t.IMPACT_X], at[t.IMPACT_Y])
    return seen > 0, _opposite(seen)


@inlined
def opposite_in_time(out: EventBuffers, first: int, n: int, time: float) -> bool:
    """Whether hodoscope signals in time with the decay at `time` are in diagonally opposite quadrants.

    With three tracks in one half of the hodoscope, as a neutrino leaves them, an accidental signal makes such a pair.
    """
    seen = 0
    for k in range(first, first + n):
        s = out.Chod[k]
        if abs(s.time - time) < TIME_WINDOW:
            seen |= _quadrant(s.x, s.y)
    return _opposite(seen)


@inlined
def outer_in_time(out: EventBuffers, first: int, n: int, time: float) -> int:
    """Outer tiles of the muon detector, each counted once, with a signal in time with the decay at `time`."""
    found = 0
    for k in range(first, first + n):
        s = out.Muv3[k]
        counts = s.outer and abs(s.time - time) < TIME_WINDOW
        for j in range(first, k):
            other = out.Muv3[j]
            counts = counts and not (other.x == s.x and other.y == s.y and abs(other.time - time) < TIME_WINDOW)
        found += int(counts)
    return found


@inlined
def stations_in_time(out: EventBuffers, first: int, n: int, time: float) -> int:
    """Signals of the large-angle stations that the muMT line looks at, in time with the decay at `time`."""
    found = 0
    for k in range(first, first + n):
        s = out.Lav[k]
        found += int(LAV_STATIONS[0] <= s.station <= LAV_STATIONS[1] and abs(s.time - time) < TIME_WINDOW)
    return found


@kernel
def trigger(
    c: Constants,
    e: Scratch,
    tracks: int,
    clusters: int,
    muons: int,
    outer: int,
    opposite: bool,
    lav: int,
    ev: Any,
) -> None:
    """Write the raw decisions of the six lines, with the decay's `muons`, the `outer` tiles of the muon detector and
    the signals `lav` of large-angle stations.

    `opposite`: signals in opposite quadrants of the hodoscope, accidental ones included; pinunu sees the decay's.
    """
    any_chod, own_opposite = _opposite_quadrants(c, e, tracks)
    rings, negative, energy = 0.0, False, 0.0
    for i in range(tracks):
        rings += e.rich[i, RING_HITS]
        negative |= e.fits[i, f.FIT_CHARGE] < 0
    for k in range(clusters):
        if abs(e.clusters[k, CLUSTER_TIME]) < TIME_WINDOW:
            energy += e.clusters[k, CLUSTER_ENERGY]
    multi = opposite and rings > 0 and negative
    ev.trigger_minimum_bias = any_chod
    ev.trigger_MT = multi
    ev.trigger_eMT = multi and energy >= EMT_ENERGY
    ev.trigger_muMT = multi and energy >= MUMT_ENERGY and outer > 0 and lav < MUMT_LAV
    ev.trigger_dimuon = multi and outer > 1
    single = any_chod and not own_opposite and not multi
    ev.trigger_pinunu = single and rings > 0 and muons == 0 and energy < PINUNU_ENERGY
