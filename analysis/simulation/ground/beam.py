"""The kaon beam: running conditions of each decay, kaon momenta, decay vertices, and the boost to the laboratory."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import CTAU_K, MASS_K
from rarekaon.analysis.contract.schema import TRIGGER_LINES, Z_GTK3
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import Period
from rarekaon.analysis.kernels.compiled import entry, kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DECAY_LENGTH = 75 * GeV / MASS_K * CTAU_K
"""Mean decay length (mm) of the beam kaons."""
Z_FIRST, Z_LAST = 97000.0, 183000.0
"""Decays are generated from 5 m upstream of GTK3, where few daughters pass the collimator, to the first chamber."""


@dataclass(frozen=True)
class RunningConditions:
    """Running conditions as arrays, one row a period."""

    cumulative: Floats
    """Cumulative share of the kaon decays."""
    runs: Ints
    """First and last run."""
    bursts_per_run: Ints
    """Bursts of a run."""
    beam: Floats
    """Mean (momentum, slope x, slope y, x, y) of the beam at GTK3 in MeV, rad and mm."""
    downscaling: Ints
    """Of each trigger line; all 1 for simulated samples, which keep the raw decision."""

    def prescaled(self, factor: int) -> RunningConditions:
        """All lines downscaled by that factor in addition."""
        return replace(self, downscaling=self.downscaling * factor)

    @classmethod
    def of(cls, periods: tuple[Period, ...], *, downscaled: bool) -> RunningConditions:
        decays = np.array([p.kaon_decays for p in periods])
        rows = [[p.downscaling[line] if downscaled else 1 for line in TRIGGER_LINES] for p in periods]
        return cls(
            cumulative=np.cumsum(decays) / decays.sum(),
            runs=np.array([p.runs for p in periods], dtype=np.int64),
            bursts_per_run=np.array([p.bursts_per_run for p in periods], dtype=np.int64),
            beam=np.array([[p.beam_momentum, p.beam_slope_x, p.beam_slope_y, p.beam_x, p.beam_y] for p in periods]),
            downscaling=np.array(rows, dtype=np.int64),
        )

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Ints, Ints, Ints]:
        """Period row, run and burst (each (n,)) of n decays, in proportion to the periods' kaon decays."""
        row = np.searchsorted(self.cumulative, rng.random(n), side="right")
        row = np.minimum(row, len(self.cumulative) - 1)
        return row.astype(np.int64), *self.bursts(rng, row)

    def bursts(self, rng: np.random.Generator, row: Ints) -> tuple[Ints, Ints]:
        """Run and burst (each (n,)) of decays in the periods `row`."""
        first, last = self.runs[row, 0], self.runs[row, 1]
        run = first + (rng.random(len(row)) * (last - first + 1)).astype(np.int64)
        return run, 1 + (rng.random(len(row)) * self.bursts_per_run[row]).astype(np.int64)


SPAN = -math.expm1(-(Z_LAST - Z_FIRST) / DECAY_LENGTH)
"""Probability that a kaon at `Z_FIRST` decays before `Z_LAST`."""


@kernel
def decay_z(u: float, first: float, last: float) -> float:
    """Decay position (mm) for u uniform in (0, 1) of the part from `first` to `last` of all decays."""
    return Z_FIRST - DECAY_LENGTH * np.log1p(-(first + (last - first) * u) * SPAN)


def vertex_z(u: Floats, part: tuple[float, float] = (0.0, 1.0)) -> Floats:
    """Decay positions z (mm) for u uniform in (0, 1): exponential between `Z_FIRST` and `Z_LAST`, or in a part of that
    range which `decayed_before` gives the ends of.
    """
    z = np.empty(len(u))
    _vertices(u, part[0], part[1], z)
    return z


@entry
def _vertices(u: Floats, first: float, last: float, z: Floats) -> None:
    for i in range(u.size):
        z[i] = decay_z(u[i], first, last)


def decayed_before(z: float) -> float:
    """The u of `vertex_z` below which decays happen upstream of `z` (mm): 0 if none do, 1 if all."""
    return float(-np.expm1(-(np.clip(z, Z_FIRST, Z_LAST) - Z_FIRST) / DECAY_LENGTH) / SPAN)


def fiducial_fraction() -> float:
    """Fraction of the generated decays that happen inside the fiducial volume."""
    volume = detector().fiducial_volume
    edges = np.array([Z_FIRST, volume.z_min, volume.z_max, Z_LAST])
    survival = np.exp(-(edges - Z_FIRST) / DECAY_LENGTH)
    return float((survival[1] - survival[2]) / (survival[0] - survival[3]))


class Spread(NamedTuple):
    """How kaons differ from the mean beam, for kernels: relative rms of the momentum, rms of slopes and positions (mm),
    half widths (mm) that positions keep to, kick (MeV) and place (mm) of TRIM5.
    """

    momentum: float
    slope_x: float
    slope_y: float
    x: float
    y: float
    width_x: float
    width_y: float
    trim5_kick: float
    trim5_z: float


@cache
def beam_spread() -> Spread:
    """That of the detector's description."""
    b = detector().beam
    return Spread(
        b.momentum_rms, b.divergence_x, b.divergence_y, b.spot_x, b.spot_y, b.half_width_x, b.half_width_y,
        b.trim5_kick, b.trim5_z,
    )  # fmt: skip


@kernel
def _truncated(rng: np.random.Generator, sigma: float, limit: float) -> float:
    """A Gaussian number, drawn again beyond the limit."""
    value = sigma * rng.standard_normal()
    while abs(value) > limit:
        value = sigma * rng.standard_normal()
    return value


@kernel
def draw_kaon(
    rng: np.random.Generator, s: Spread, mean: Floats, z: float, i: int, kaon: Floats, vertex: Floats
) -> None:
    """Fill in momentum and decay vertex i, in arrays (3, n), of a kaon of the `mean` beam (5,) that decays at z.

    TRIM5 gives the beam its slope: upstream of it the kaon has not been bent yet.
    """
    p = mean[0] * (1 + s.momentum * rng.standard_normal())
    slope_x = mean[1] + s.slope_x * rng.standard_normal()
    slope_y = mean[2] + s.slope_y * rng.standard_normal()
    x = mean[3] + _truncated(rng, s.x, s.width_x)
    y = mean[4] + _truncated(rng, s.y, s.width_y)
    bend, upstream, path = s.trim5_kick / p, max(0.0, s.trim5_z - z), z - Z_GTK3
    vertex[0, i], vertex[1, i], vertex[2, i] = x + slope_x * path + bend * upstream, y + slope_y * path, z
    if upstream > 0:
        slope_x -= bend
    pz = p / np.sqrt(1 + slope_x**2 + slope_y**2)
    kaon[0, i], kaon[1, i], kaon[2, i] = slope_x * pz, slope_y * pz, pz


def kaons(rng: np.random.Generator, means: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Kaon momenta (3, n) and decay vertices (3, n), given the mean beam (n, 5) and the decay positions z."""
    kaon, vertex = np.empty((3, len(z))), np.empty((3, len(z)))
    _kaons(rng, beam_spread(), means, z, kaon, vertex)
    return kaon, vertex


@entry
def _kaons(rng: np.random.Generator, s: Spread, means: Floats, z: Floats, kaon: Floats, vertex: Floats) -> None:
    for i in range(z.size):
        draw_kaon(rng, s, means[i], z[i], i, kaon, vertex)


@kernel
def product_to_laboratory(p: Floats, k: int, i: int, kaon: Floats, j: int, out: Floats) -> None:
    """Boost product k of decay i, from momenta (products, 4, n) in the rest frame of kaon j (3, n), into `out` at j."""
    kx, ky, kz = kaon[0, j], kaon[1, j], kaon[2, j]
    energy = np.sqrt(kx * kx + ky * ky + kz * kz + MASS_K**2)
    along = p[k, 0, i] * kx + p[k, 1, i] * ky + p[k, 2, i] * kz
    boosted = (p[k, 3, i] * energy + along) / MASS_K
    factor = (p[k, 3, i] + boosted) / (energy + MASS_K)
    out[k, 0, j] = p[k, 0, i] + factor * kx
    out[k, 1, j] = p[k, 1, i] + factor * ky
    out[k, 2, j] = p[k, 2, i] + factor * kz
    out[k, 3, j] = boosted


@kernel
def to_laboratory(p: Floats, kaon: Floats) -> None:
    """Boost momenta (products, 4, n) from the rest frames of kaons with momenta (3, n), in place."""
    for i in range(p.shape[2]):
        for k in range(p.shape[0]):
            product_to_laboratory(p, k, i, kaon, i, p)
