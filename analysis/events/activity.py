"""Signals in veto detectors around a candidate: counted per candidate by compiled loops over the flat columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.compiled import compiled

Index = NDArray[np.int64]
Float = NDArray[np.float64]
Column = NDArray[Any]
"""A column as it is stored: what is compared with float64 is compared in float64."""
Clusters = tuple[Column, Column, Column, Column]


@compiled
def _count_downstream(  # type: ignore[no-untyped-def]
    offsets: Index, time: Column, station: Column, z: Float, event: Index, around: tuple[Float, Float], window: float
):
    """Signals per candidate within `window` of its time and downstream of its z; `around` is (time, z), both (n,), `z`
    that of each station."""
    centre, start = around
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            if abs(time[i] - centre[n]) < window and z[station[i]] > start[n]:
                counts[n] += 1
    return counts


def lav_signals(c: Candidates, time: Float, window: float, *, downstream_of: Float | None = None) -> Index:
    """LAV signals within `window` (ns) of `time` (n,), in the stations downstream of z (n,) where given; shape (n,)."""
    if not len(c):
        return np.zeros(0, np.int64)
    times, station = c.columns.flat("Lav", "time"), c.columns.flat("Lav", "station")
    z = np.array([0.0, *detector().lav.z_front])
    start = np.full(len(c), -np.inf) if downstream_of is None else downstream_of
    counts: Index = _count_downstream(c.columns.offsets("Lav"), times, station, z, c.event, (time, start), window)
    return counts


@compiled
def _hardest_two(  # type: ignore[no-untyped-def]
    offsets: Index, clusters: Clusters, event: Index, impact: Float, time: Float, limits: tuple[float, ...]
):
    """Clusters off the tracks per candidate: number (n,) and rows of the two most energetic (n, 2), -1 for none.

    `clusters` are energy, x, y and time, `impact` (n, tracks, 2); `limits` are the least energy and distance and the
    interval of |cluster time - vertex time|.
    """
    energies, xs, ys, times = clusters
    energy, distance, early, late = limits
    number = np.zeros(len(event), np.int64)
    hardest = np.full((len(event), 2), -1)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            off = abs(times[i] - time[n])
            if energies[i] <= energy or off <= early or off >= late:
                continue
            apart = True
            for t in range(impact.shape[1]):
                dx, dy = xs[i] - impact[n, t, 0], ys[i] - impact[n, t, 1]
                apart = apart and dx * dx + dy * dy > distance * distance
            if not apart:
                continue
            number[n] += 1
            first, second = hardest[n]
            if first < 0 or energies[i] > energies[first]:
                hardest[n, 0], hardest[n, 1] = i, first
            elif second < 0 or energies[i] > energies[second]:
                hardest[n, 1] = i
    return number, hardest


def cluster_columns(c: Candidates) -> Clusters:
    """Energy, x, y and time of all LKr clusters of the chunk."""
    energy, x, y, time = (c.columns.flat("Cluster", name) for name in ("energy", "x", "y", "time"))
    return energy, x, y, time


def clusters_off_tracks(
    c: Candidates, impact: Float, time: Float, *, energy: float, distance: float, window: Interval
) -> tuple[Index, Index]:
    """LKr clusters above `energy` (MeV), farther than `distance` (mm) from every impact point (n, tracks, 2), and off
    `time` (n,) by an amount (ns) inside `window`: their number (n,) and the rows of the two most energetic (n, 2).
    """
    if not len(c):
        return np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    limits = (float(energy), float(distance), window.low, window.high)
    found: tuple[Index, Index] = _hardest_two(
        c.columns.offsets("Cluster"), cluster_columns(c), c.event, impact, time, limits
    )
    return found


@compiled
def _count(offsets: Index, time: Column, event: Index, centre: Float, window: float):  # type: ignore[no-untyped-def]
    """Signals per candidate within `window` of `centre` (n,)."""
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for t in time[offsets[event[n]] : offsets[event[n] + 1]]:
            counts[n] += abs(t - centre[n]) < window
    return counts


@compiled
def _count_others(  # type: ignore[no-untyped-def]
    offsets: Index, time: Column, owner: Column, event: Index, own: Index, centre: Float, window: float
):
    """Signals per candidate within `window` of `centre` (n,) whose `owner` is not `own` (n,)."""
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            counts[n] += abs(time[i] - centre[n]) < window and owner[i] != own[n]
    return counts


def signals(c: Candidates, collection: str, time: Float, window: float) -> Index:
    """Signals of a collection within `window` (ns) of `time` (n,); shape (n,)."""
    times = c.columns.flat(collection, "time")
    counts: Index = _count(c.columns.offsets(collection), times, c.event, time, window)
    return counts


def signals_off_track(c: Candidates, collection: str, time: Float, window: float) -> Index:
    """The same without those that the reconstruction gave to the candidate's first track (`track_index`)."""
    times, owner = c.columns.flat(collection, "time"), c.columns.flat(collection, "track_index")
    own = c.tracks[:, 0] - c.columns.offsets("Track")[c.event]
    counts: Index = _count_others(c.columns.offsets(collection), times, owner, c.event, own, time, window)
    return counts
