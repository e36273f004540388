"""Accidental activity: signals of other particles in the veto detectors and hodoscopes, at times of their own.

Every detector has a rate; its signals are Poisson distributed over the readout window around the decay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.kernels.geometry import inside_ring
from rarekaon.analysis.simulation.detector.tiles import tile_centre
from rarekaon.analysis.simulation.ground.buffers import (
    CAPACITY,
    USED_CHANTI,
    USED_CHOD,
    USED_IRC,
    USED_LAV,
    USED_RICH_HIT,
    USED_SAC,
    EventBuffers,
)
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.ground.draws import poisson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_CHOD, MOST_RICH = CAPACITY["Chod"], CAPACITY["RichHit"]
MOST_LAV, MOST_IRC, MOST_SAC, MOST_CHANTI = CAPACITY["Lav"], CAPACITY["Irc"], CAPACITY["Sac"], CAPACITY["Chanti"]


@kernel
def accidental_count(rng: np.random.Generator, c: Constants, rate: float, room: int) -> int:
    """Accidental signals of a rate (1/ns) in the window, at most `room`."""
    return min(room, poisson(rng, 2 * c.activity_reach * rate))


@kernel
def moment(rng: np.random.Generator, c: Constants) -> float:
    """A time (ns) in the window, relative to the decay."""
    return c.activity_reach * (2 * rng.random() - 1)


@kernel
def _muon_tile(rng: np.random.Generator, c: Constants, signal: Floats) -> None:
    """A random MUV3 tile: one of the eight around the beam for most of the rate, else one of the outer ones."""
    outer = rng.random() < c.activity_muv3_outer
    rows = round(2 * c.muv3_half / c.muv3_tile)
    size = c.muv3_tile if outer else c.muv3_tile * 2 / 3
    while True:
        if outer:
            signal[0] = (np.floor(rng.random() * rows) - rows / 2 + 0.5) * size
            signal[1] = (np.floor(rng.random() * rows) - rows / 2 + 0.5) * size
        else:
            signal[0], signal[1] = (np.floor(3 * rng.random()) - 1) * size, (np.floor(3 * rng.random()) - 1) * size
        if max(abs(signal[0]), abs(signal[1])) > (c.muv3_tile if outer else 0.5 * size):
            return


@kernel
def accidental_muons(rng: np.random.Generator, c: Constants, muons: Floats) -> int:
    """Fill `muons` with (x, y, time) of the accidental MUV3 signals around a decay; how many.

    Drawn before it is decided whether the event is stored: a pion near one of them is taken for a muon.
    """
    found = accidental_count(rng, c, c.activity_muv3, muons.shape[0])
    for k in range(found):
        _muon_tile(rng, c, muons[k])
        muons[k, 2] = moment(rng, c)
    return found


@inlined
def _hodoscope(rng: np.random.Generator, c: Constants, time: float, ev: Any, out: EventBuffers, used: Ints) -> None:
    for _ in range(accidental_count(rng, c, c.activity_chod, MOST_CHOD - ev.nChod)):
        x, y = c.activity_spread * rng.standard_normal(), c.activity_spread * rng.standard_normal()
        if inside_ring(x, y, c.chod_r_min, c.chod_r_max):
            s = out.Chod[used[USED_CHOD]]
            s.x, s.y = tile_centre(x, c.chod_tile_x), tile_centre(y, c.chod_tile_y)
            s.time, s.track_index = time + moment(rng, c), -1
            used[USED_CHOD] += 1
            ev.nChod += 1
    for _ in range(accidental_count(rng, c, c.activity_rich, MOST_RICH)):
        at = time + moment(rng, c)
        for _ in range(min(MOST_RICH - ev.nRichHit, poisson(rng, c.rich_hits))):
            out.RichHit[used[USED_RICH_HIT]].time = at + c.rich_sigma_time * rng.standard_normal()
            used[USED_RICH_HIT] += 1
            ev.nRichHit += 1


@inlined
def write_accidentals(
    rng: np.random.Generator, c: Constants, time: float, ev: Any, out: EventBuffers, used: Ints
) -> None:
    """Append accidental signals to the event that is being written."""
    _hodoscope(rng, c, time, ev, out, used)
    for _ in range(accidental_count(rng, c, c.activity_lav, MOST_LAV - ev.nLav)):
        r = out.Lav[used[USED_LAV]]
        r.station, r.time = 1 + int(rng.random() * c.lav_z.size), time + moment(rng, c)
        r.energy = c.lav_threshold + c.activity_lav_energy * rng.standard_exponential()
        used[USED_LAV] += 1
        ev.nLav += 1
    for _ in range(accidental_count(rng, c, c.activity_irc, MOST_IRC - ev.nIrc)):
        r = out.Irc[used[USED_IRC]]
        r.time, r.energy = time + moment(rng, c), c.irc_threshold + c.activity_energy * rng.standard_exponential()
        used[USED_IRC] += 1
        ev.nIrc += 1
    for _ in range(accidental_count(rng, c, c.activity_sac, MOST_SAC - ev.nSac)):
        r = out.Sac[used[USED_SAC]]
        r.time, r.energy = time + moment(rng, c), c.sac_threshold + c.activity_energy * rng.standard_exponential()
        used[USED_SAC] += 1
        ev.nSac += 1
    for _ in range(accidental_count(rng, c, c.activity_chanti, MOST_CHANTI)):
        out.Chanti[used[USED_CHANTI]].time = time + moment(rng, c)
        used[USED_CHANTI] += 1
        ev.nChanti += 1
