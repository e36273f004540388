"""What KTAG and GTK record: the kaon that decayed, and the other beam particles that pass at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.simulation.constants import Constants
from analysis.simulation.kernel import kernel
from analysis.simulation.layout import Decays, Output
from analysis.units import ns

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WINDOW = 1.0 * ns
"""Beam particles farther from the event in time are not written: no selection looks at them."""
MOST_TAGS, MOST_TRACKS = 3, 6
"""Objects of one event (`analysis.simulation.layout.CAPACITY`)."""
KTAG, GTK = 10, 11
"""Columns of `used`."""


@kernel
def _write_track(
    rng: np.random.Generator, c: Constants, p: float, line: Floats, time: float, ev: Any, out: Output, used: Ints
) -> None:
    """Measure a beam particle of momentum p on the line (x, y, dx/dz, dy/dz) at GTK3."""
    r = out.Gtk[used[GTK]]
    r.momentum = p * (1 + c.gtk_sigma_momentum * rng.standard_normal())
    r.x = line[0] + c.gtk_sigma_position * rng.standard_normal()
    r.y = line[1] + c.gtk_sigma_position * rng.standard_normal()
    r.slope_x = line[2] + c.gtk_sigma_slope * rng.standard_normal()
    r.slope_y = line[3] + c.gtk_sigma_slope * rng.standard_normal()
    r.time = time + c.gtk_sigma_time * rng.standard_normal()
    r.chi2 = rng.standard_exponential()
    used[GTK] += 1
    ev.nGtk += 1


@kernel
def _write_tag(rng: np.random.Generator, c: Constants, time: float, ev: Any, out: Output, used: Ints) -> None:
    r = out.Ktag[used[KTAG]]
    r.time, r.sectors = time + c.ktag_sigma_time * rng.standard_normal(), 8
    used[KTAG] += 1
    ev.nKtag += 1


@kernel
def _spot(rng: np.random.Generator, sigma: float, limit: float) -> float:
    value = sigma * rng.standard_normal()
    while abs(value) > limit:
        value = sigma * rng.standard_normal()
    return value


@kernel
def write_beam(
    rng: np.random.Generator,
    c: Constants,
    d: Decays,
    i: int,
    means: Floats,
    time: float,
    ev: Any,
    out: Output,
    used: Ints,
) -> None:
    """Append the tags and beam tracks of decay i, the kaon's own first; `means` (5,) is the mean beam."""
    px, py, pz = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]
    line = np.empty(4)
    if rng.random() < c.ktag_efficiency:
        _write_tag(rng, c, time, ev, out, used)
    # a kaon that decays upstream of GTK3 leaves no track there
    if d.vertex[2, i] > c.gtk_z and rng.random() < c.gtk_efficiency:
        back = c.gtk_z - d.vertex[2, i]
        line[2], line[3] = px / pz, py / pz
        line[0], line[1] = d.vertex[0, i] + line[2] * back, d.vertex[1, i] + line[3] * back
        _write_track(rng, c, np.sqrt(px * px + py * py + pz * pz), line, time, ev, out, used)
    for _ in range(rng.poisson(2 * WINDOW * c.ktag_rate)):
        if ev.nKtag < MOST_TAGS:
            _write_tag(rng, c, time + WINDOW * (2 * rng.random() - 1), ev, out, used)
    for _ in range(rng.poisson(2 * WINDOW * c.gtk_rate)):
        if ev.nGtk < MOST_TRACKS:
            for axis in range(2):
                line[axis] = means[3 + axis] + _spot(rng, c.beam_spot[axis], c.beam_half_width[axis])
                line[2 + axis] = means[1 + axis] + c.beam_divergence[axis] * rng.standard_normal()
            p = means[0] * (1 + c.beam_momentum_rms * rng.standard_normal())
            _write_track(rng, c, p, line, time + WINDOW * (2 * rng.random() - 1), ev, out, used)
