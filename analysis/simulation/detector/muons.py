"""Signals of the muon detector and their association to tracks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.kernels.geometry import inside_square
from rarekaon.analysis.simulation.detector import track_fit as f
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.particle_response import happens, interpolate
from rarekaon.analysis.simulation.detector.scratch import MUON_NEAR, MUON_SIGNAL, Scratch
from rarekaon.analysis.simulation.detector.tiles import outer_tile, tile_centre
from rarekaon.analysis.simulation.ground.buffers import EventBuffers
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]


NEAR_IN_TIME = 6.0
"""Time (ns) to a track up to which a signal may be taken for its own: a little more than the selections' 5 ns."""


@kernel
def true_muons(e: Scratch, tracks: int) -> int:
    """Tracks that reach the muon detector as muons."""
    count = 0
    for i in range(tracks):
        count += int(abs(e.impacts[i, t.AT_MUV3, t.IMPACT_PDG]) == t.MUON)
    return count


@kernel
def near_track(c: Constants, x: float, y: float, momentum: float, tile_x: float, tile_y: float) -> bool:
    """Whether the tile is within the search radius of a track extrapolated to (x, y)."""
    half = c.muv3_tile / 2 if outer_tile(c, tile_x, tile_y) else c.muv3_tile / 3
    dx, dy = max(0.0, abs(x - tile_x) - half), max(0.0, abs(y - tile_y) - half)
    return dx * dx + dy * dy < (c.muv3_search / momentum) ** 2


@kernel
def muon_signal(rng: np.random.Generator, c: Constants, at: Floats, bias: RareResponses, out: Floats) -> float:
    """Whether a charged particle gives a MUV3 signal (muons, and pions by punch-through), and the tile's centre.

    Fills out = (1 or 0, x, y) and returns the weight of the draw.
    """
    kind, p = abs(at[t.IMPACT_PDG]), at[t.IMPACT_P]
    out[0], weight = 0.0, 1.0
    if kind == t.MUON:
        unseen, weight = happens(rng, 1 - c.muv3_efficiency, bias.muon_unseen)
        if unseen:
            return weight
    elif kind == t.PION:
        seen, weight = happens(rng, interpolate(p, c.pi_as_mu_p, c.pi_as_mu), bias.pion_as_muon)
        if not seen:
            return weight
    else:
        return weight
    sigma = c.muv3_search / 4 / p
    x = at[t.IMPACT_X] + sigma * rng.standard_normal()
    y = at[t.IMPACT_Y] + sigma * rng.standard_normal()
    if not inside_square(x, y, c.muv3_r_min, c.muv3_half):
        return weight
    inner = max(abs(x), abs(y)) < c.muv3_tile
    size = c.muv3_tile * 2 / 3 if inner else c.muv3_tile
    # the inner tiles are centred on the axis, the outer ones meet there
    out[0] = 1.0
    out[1] = np.round(x / size) * size if inner else tile_centre(x, size)
    out[2] = np.round(y / size) * size if inner else tile_centre(y, size)
    return weight


@inlined
def muon_signals(
    rng: np.random.Generator, c: Constants, e: Scratch, tracks: int, accidentals: int, bias: RareResponses
) -> float:
    """The MUV3 signals of all tracks, and which have any near them; returns the weight of the draws."""
    weight = 1.0
    for i in range(tracks):
        weight *= muon_signal(rng, c, e.impacts[i, t.AT_MUV3], bias, e.muons[i])
        e.muons[i, MUON_NEAR] = e.muons[i, MUON_SIGNAL]
        x, y = f.position(e.fits[i], c.muv3_z, c.magnet_z)
        for k in range(accidentals):
            s = e.accidental_muons[k]
            if abs(s[2] - e.times[i]) < NEAR_IN_TIME and near_track(c, x, y, e.fits[i, f.FIT_MOMENTUM], s[0], s[1]):
                e.muons[i, MUON_NEAR] = 1.0
    return weight


@inlined
def associate_muons(
    c: Constants, e: Scratch, tracks: int, time: float, out: EventBuffers, first: int, first_muon: int, n: int
) -> None:
    """Match MUV3 signals to tracks: the tile within the search radius of the extrapolated track."""
    for i in range(tracks):
        r = out.Track[first + i]
        x, y = f.position(e.fits[i], c.muv3_z, c.magnet_z)
        closest = np.inf
        for k in range(n):
            s = out.Muv3[first_muon + k]
            if near_track(c, x, y, e.fits[i, f.FIT_MOMENTUM], s.x, s.y):
                r.muv3_count += 1
                apart = abs(s.time - time - e.times[i])
                if apart < closest:
                    closest = apart
                    r.muv3_index, r.muv3_time = k, s.time
