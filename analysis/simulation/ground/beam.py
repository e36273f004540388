"""The kaon beam: running conditions of each decay, kaon momenta, decay vertices, and the boost to the laboratory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import CTAU_K, MASS_K
from rarekaon.analysis.contract.schema import TRIGGER_LINES, Z_GTK3
from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import Period
from rarekaon.analysis.kernels.compiled import kernel

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
        first, last = self.runs[row, 0], self.runs[row, 1]
        run = first + (rng.random(n) * (last - first + 1)).astype(np.int64)
        burst = 1 + (rng.random(n) * self.bursts_per_run[row]).astype(np.int64)
        return row.astype(np.int64), run, burst


def vertex_z(u: Floats, part: tuple[float, float] = (0.0, 1.0)) -> Floats:
    """Decay positions z (mm) for u uniform in (0, 1): exponential between `Z_FIRST` and `Z_LAST`, or in a part of that
    range which `decayed_before` gives the ends of.
    """
    span = -np.expm1(-(Z_LAST - Z_FIRST) / DECAY_LENGTH)
    return np.asarray(Z_FIRST - DECAY_LENGTH * np.log1p(-(part[0] + (part[1] - part[0]) * u) * span))


def decayed_before(z: float) -> float:
    """The u of `vertex_z` below which decays happen upstream of `z` (mm): 0 if none do, 1 if all."""
    span = -np.expm1(-(Z_LAST - Z_FIRST) / DECAY_LENGTH)
    return float(-np.expm1(-(np.clip(z, Z_FIRST, Z_LAST) - Z_FIRST) / DECAY_LENGTH) / span)


def fiducial_fraction() -> float:
    """Fraction of the generated decays that happen inside the fiducial volume."""
    volume = detector().fiducial_volume
    edges = np.array([Z_FIRST, volume.z_min, volume.z_max, Z_LAST])
    survival = np.exp(-(edges - Z_FIRST) / DECAY_LENGTH)
    return float((survival[1] - survival[2]) / (survival[0] - survival[3]))


def _truncated(rng: np.random.Generator, sigma: float, limit: float, n: int) -> Floats:
    """Gaussian numbers, those beyond the limit drawn again."""
    values = sigma * rng.standard_normal(n)
    while True:
        beyond = np.abs(values) > limit
        count = int(np.count_nonzero(beyond))
        if count == 0:
            return values
        values[beyond] = sigma * rng.standard_normal(count)


def kaons(rng: np.random.Generator, means: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Kaon momenta (3, n) and decay vertices (3, n), given the mean beam (n, 5) and the decay positions z.

    TRIM5 gives the beam its slope: upstream of it the kaon has not been bent yet.
    """
    spread, n = detector().beam, len(z)
    p = means[:, 0] * (1 + spread.momentum_rms * rng.standard_normal(n))
    slope_x = means[:, 1] + spread.divergence_x * rng.standard_normal(n)
    slope_y = means[:, 2] + spread.divergence_y * rng.standard_normal(n)
    x = means[:, 3] + _truncated(rng, spread.spot_x, spread.half_width_x, n)
    y = means[:, 4] + _truncated(rng, spread.spot_y, spread.half_width_y, n)
    bend, upstream = spread.trim5_kick / p, np.maximum(0.0, spread.trim5_z - z)
    path = z - Z_GTK3
    vertex = np.stack((x + slope_x * path + bend * upstream, y + slope_y * path, z))
    slope_x = np.where(upstream > 0, slope_x - bend, slope_x)
    pz = p / np.sqrt(1 + slope_x**2 + slope_y**2)
    return np.stack((slope_x * pz, slope_y * pz, pz)), vertex


@kernel
def to_laboratory(p: Floats, kaon: Floats) -> None:
    """Boost momenta (products, 4, n) from the rest frames of kaons with momenta (3, n), in place."""
    for i in range(p.shape[2]):
        kx, ky, kz = kaon[0, i], kaon[1, i], kaon[2, i]
        energy = np.sqrt(kx * kx + ky * ky + kz * kz + MASS_K**2)
        for k in range(p.shape[0]):
            along = p[k, 0, i] * kx + p[k, 1, i] * ky + p[k, 2, i] * kz
            boosted = (p[k, 3, i] * energy + along) / MASS_K
            factor = (p[k, 3, i] + boosted) / (energy + MASS_K)
            p[k, 0, i] += factor * kx
            p[k, 1, i] += factor * ky
            p[k, 2, i] += factor * kz
            p[k, 3, i] = boosted
