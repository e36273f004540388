"""Calorimeter clusters: deposits merged in space and time, and their association to tracks."""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.units import ns
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.scratch import Scratch
from rarekaon.analysis.simulation.ground.constants import Constants

TIME_WINDOW = 10 * ns
"""Time difference up to which deposits merge, and a cluster belongs to a track (CERN-EP-2022-018 Section 2)."""


@kernel
def position_resolution(c: Constants, energy: float) -> float:
    """Resolution (mm) of each coordinate of a cluster of `energy` (MeV)."""
    return np.sqrt(c.lkr_position_stochastic**2 * 1000.0 / energy + c.lkr_position_constant**2)


@kernel
def build_clusters(rng: np.random.Generator, c: Constants, e: Scratch, deposits: int) -> int:
    """Merge deposits close in space and time, the most energetic first; returns the number of clusters.

    A cluster's position is measured with the calorimeter's resolution.
    """
    d, made = e.deposits, e.clusters
    count = 0
    for _ in range(deposits):
        best = 0
        for j in range(1, deposits):
            if d[j, 2] > d[best, 2]:
                best = j
        if d[best, 2] <= 0:
            break
        x, y, energy, time = d[best, 0], d[best, 1], 0.0, d[best, 3]
        sum_x, sum_y = 0.0, 0.0
        for j in range(deposits):
            close = (d[j, 0] - x) ** 2 + (d[j, 1] - y) ** 2 < c.lkr_merging**2
            if d[j, 2] > 0 and close and abs(d[j, 3] - time) < TIME_WINDOW:
                sum_x += d[j, 0] * d[j, 2]
                sum_y += d[j, 1] * d[j, 2]
                energy += d[j, 2]
                d[j, 2] = 0.0
        if energy > c.lkr_threshold:
            sigma = position_resolution(c, energy)
            made[count, 0] = sum_x / energy + sigma * rng.standard_normal()
            made[count, 1] = sum_y / energy + sigma * rng.standard_normal()
            made[count, 2], made[count, 3] = energy, time
            count += 1
    return count


@kernel
def nearest_cluster(c: Constants, e: Scratch, clusters: int, x: float, y: float, time: float) -> tuple[int, float]:
    """Nearest cluster within the association radius of (x, y) and in time, -1 if none, and the energy of all such."""
    index, nearest, energy = -1, c.lkr_radius**2, 0.0
    for k in range(clusters):
        r2 = (e.clusters[k, 0] - x) ** 2 + (e.clusters[k, 1] - y) ** 2
        if r2 < c.lkr_radius**2 and abs(e.clusters[k, 3] - time) < TIME_WINDOW:
            energy += e.clusters[k, 2]
            if r2 < nearest:
                index, nearest = k, r2
    return index, energy
