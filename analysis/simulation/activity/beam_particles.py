"""What KTAG and GTK record: the kaon that decayed, and the other beam particles that pass at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.units import ns
from rarekaon.analysis.kernels.compiled import inlined, kernel
from rarekaon.analysis.simulation.ground.buffers import USED_GTK, USED_KTAG, Decays, EventBuffers
from rarekaon.analysis.simulation.ground.constants import Constants
from rarekaon.analysis.simulation.ground.draws import poisson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
StraightLine = tuple[float, float, float, float]

WINDOW = 1.0 * ns
"""Beam particles farther from the event in time are not written: no selection looks at them."""
MOST_TAGS, MOST_TRACKS = 3, 6
"""Objects of one event (`simulation.ground.buffers.CAPACITY`)."""


@inlined
def _write_track(
    rng: np.random.Generator,
    c: Constants,
    p: float,
    line: StraightLine,
    time: float,
    ev: Any,
    out: EventBuffers,
    used: Ints,
) -> None:
    """Measure a beam particle of momentum p on the line (x, y, dx/dz, dy/dz) at GTK3."""
    r = out.Gtk[used[USED_GTK]]
    r.momentum = p * (1 + c.gtk_sigma_momentum * rng.standard_normal())
    r.x = line[0] + c.gtk_sigma_position * rng.standard_normal()
    r.y = line[1] + c.gtk_sigma_position * rng.standard_normal()
    r.slope_x = line[2] + c.gtk_sigma_slope * rng.standard_normal()
    r.slope_y = line[3] + c.gtk_sigma_slope * rng.standard_normal()
    r.time = time + c.gtk_sigma_time * rng.standard_normal()
    r.chi2 = rng.standard_exponential()
    used[USED_GTK] += 1
    ev.nGtk += 1


@inlined
def _write_tag(rng: np.random.Generator, c: Constants, time: float, ev: Any, out: EventBuffers, used: Ints) -> None:
    r = out.Ktag[used[USED_KTAG]]
    r.time, r.sectors = time + c.ktag_sigma_time * rng.standard_normal(), 8
    used[USED_KTAG] += 1
    ev.nKtag += 1


@kernel
def _spot(rng: np.random.Generator, sigma: float, limit: float) -> float:
    value = sigma * rng.standard_normal()
    while abs(value) > limit:
        value = sigma * rng.standard_normal()
    return value


@kernel
def _beam_line(rng: np.random.Generator, c: Constants, means: Floats, axis: int) -> tuple[float, float]:
    """Position at GTK3 and slope of a beam particle along x (0) or y (1)."""
    position = means[3 + axis] + _spot(rng, c.beam_spot[axis], c.beam_half_width[axis])
    return position, means[1 + axis] + c.beam_divergence[axis] * rng.standard_normal()


@inlined
def write_beam(
    rng: np.random.Generator,
    c: Constants,
    d: Decays,
    i: int,
    means: Floats,
    time: float,
    ev: Any,
    out: EventBuffers,
    used: Ints,
) -> None:
    """Append the tags and beam tracks of decay i, the kaon's own first; `means` (5,) is the mean beam."""
    px, py, pz = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]
    if rng.random() < c.ktag_efficiency:
        _write_tag(rng, c, time, ev, out, used)
    # a kaon that decays upstream of GTK3 leaves no track there
    if d.vertex[2, i] > c.gtk_z and rng.random() < c.gtk_efficiency:
        back = c.gtk_z - d.vertex[2, i]
        slope_x, slope_y = px / pz, py / pz
        line = (d.vertex[0, i] + slope_x * back, d.vertex[1, i] + slope_y * back, slope_x, slope_y)
        _write_track(rng, c, np.sqrt(px * px + py * py + pz * pz), line, time, ev, out, used)
    for _ in range(poisson(rng, 2 * WINDOW * c.ktag_rate)):
        if ev.nKtag < MOST_TAGS:
            _write_tag(rng, c, time + WINDOW * (2 * rng.random() - 1), ev, out, used)
    for _ in range(poisson(rng, 2 * WINDOW * c.gtk_rate)):
        if ev.nGtk < MOST_TRACKS:
            x, slope_x = _beam_line(rng, c, means, 0)
            y, slope_y = _beam_line(rng, c, means, 1)
            p = means[0] * (1 + c.beam_momentum_rms * rng.standard_normal())
            _write_track(rng, c, p, (x, y, slope_x, slope_y), time + WINDOW * (2 * rng.random() - 1), ev, out, used)
