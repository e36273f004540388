"""Calorimeter clusters: deposits merged in space and time, and their association to tracks."""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.units import ns
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.scratch import CLUSTER_ENERGY, CLUSTER_TIME, CLUSTER_X, CLUSTER_Y, Scratch
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
            if d[j, CLUSTER_ENERGY] > d[best, CLUSTER_ENERGY]:
                best = j
        if d[best, CLUSTER_ENERGY] <= 0:
            break
        x, y, energy, time = d[best, CLUSTER_X], d[best, CLUSTER_Y], 0.0, d[best, CLUSTER_TIME]
        sum_x, sum_y = 0.0, 0.0
        for j in range(deposits):
            close = (d[j, CLUSTER_X] - x) ** 2 + (d[j, CLUSTER_Y] - y) ** 2 < c.lkr_merging**2
            if d[j, CLUSTER_ENERGY] > 0 and close and abs(d[j, CLUSTER_TIME] - time) < TIME_WINDOW:
                sum_x += d[j, CLUSTER_X] * d[j, CLUSTER_ENERGY]
                sum_y += d[j, CLUSTER_Y] * d[j, CLUSTER_ENERGY]
                energy += d[j, CLUSTER_ENERGY]
                d[j, CLUSTER_ENERGY] = 0.0
        if energy > c.lkr_threshold:
            sigma = position_resolution(c, energy)
            made[count, CLUSTER_X] = sum_x / energy + sigma * rng.standard_normal()
            made[count, CLUSTER_Y] = sum_y / energy + sigma * rng.standard_normal()
            made[count, CLUSTER_ENERGY], made[count, CLUSTER_TIME] = energy, time
            count += 1
    return count


@kernel
def nearest_cluster(c: Constants, e: Scratch, clusters: int, x: float, y: float, time: float) -> tuple[int, float]:
    """Nearest cluster within the association radius of (x, y) and in time, -1 if none, and the energy of all such."""
    index, nearest, energy = -1, c.lkr_radius**2, 0.0
    for k in range(clusters):
        r2 = (e.clusters[k, CLUSTER_X] - x) ** 2 + (e.clusters[k, CLUSTER_Y] - y) ** 2
        if r2 < c.lkr_radius**2 and abs(e.clusters[k, CLUSTER_TIME] - time) < TIME_WINDOW:
            energy += e.clusters[k, CLUSTER_ENERGY]
            if r2 < nearest:
                index, nearest = k, r2
    return index, energy
