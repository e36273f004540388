"""Signals in veto detectors around a candidate: counted per candidate by compiled loops over the flat columns."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from analysis.detector import detector
from analysis.events.candidates import Candidates
from analysis.search import Interval

Index = NDArray[np.int64]
Float = NDArray[np.float64]


@numba.njit(cache=True)
def _count_downstream(  # type: ignore[no-untyped-def]
    offsets: Index, time: Float, z: Float, event: Index, around: tuple[Float, Float], window: float
):
    """Signals per candidate within `window` of its time and downstream of its z; `around` is (time, z), both (n,)."""
    centre, start = around
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            if abs(time[i] - centre[n]) < window and z[i] > start[n]:
                counts[n] += 1
    return counts


def lav_signals(c: Candidates, time: Float, window: float, *, downstream_of: Float | None = None) -> Index:
    """LAV signals within `window` (ns) of `time` (n,), in the stations downstream of z (n,) where given; shape (n,)."""
    if not len(c):
        return np.zeros(0, np.int64)
    times = c.columns.flat("Lav", "time").astype(np.float64)
    station = c.columns.flat("Lav", "station").astype(np.int64)
    z = np.array([0.0, *detector().lav.z_front])[station]
    start = np.full(len(c), -np.inf) if downstream_of is None else downstream_of
    counts: Index = _count_downstream(c.columns.offsets("Lav"), times, z, c.event, (time, start), window)
    return counts


@numba.njit(cache=True)
def _hardest_two(  # type: ignore[no-untyped-def]
    offsets: Index, clusters: Float, event: Index, impact: Float, time: Float, limits: tuple[float, float, float, float]
):
    """Clusters off the tracks per candidate: number (n,) and rows of the two most energetic (n, 2), -1 for none.

    `clusters` is (4, clusters), `impact` (n, tracks, 2); `limits` are the least energy and distance and the interval of
    |cluster time - vertex time|.
    """
    energy, distance, early, late = limits
    number = np.zeros(len(event), np.int64)
    hardest = np.full((len(event), 2), -1)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            off = abs(clusters[3, i] - time[n])
            if clusters[0, i] <= energy or off <= early or off >= late:
                continue
            apart = True
            for t in range(impact.shape[1]):
                dx, dy = clusters[1, i] - impact[n, t, 0], clusters[2, i] - impact[n, t, 1]
                apart = apart and dx * dx + dy * dy > distance * distance
            if not apart:
                continue
            number[n] += 1
            first, second = hardest[n]
            if first < 0 or clusters[0, i] > clusters[0, first]:
                hardest[n, 0], hardest[n, 1] = i, first
            elif second < 0 or clusters[0, i] > clusters[0, second]:
                hardest[n, 1] = i
    return number, hardest


def cluster_columns(c: Candidates) -> Float:
    """Energy, x, y and time of all LKr clusters of the chunk, shape (4, clusters)."""
    fields = ("energy", "x", "y", "time")
    return np.stack([c.columns.flat("Cluster", name).astype(np.float64) for name in fields])


def clusters_off_tracks(
    c: Candidates, impact: Float, time: Float, *, energy: float, distance: float, window: Interval
) -> tuple[Index, Index]:
    """LKr clusters above `energy` (MeV), farther than `distance` (mm) from every impact point (n, tracks, 2), and off
    `time` (n,) by an amount (ns) inside `window`: their number (n,) and the rows of the two most energetic (n, 2).
    """
    if not len(c):
        return np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    limits = (energy, distance, window.low, window.high)
    found: tuple[Index, Index] = _hardest_two(
        c.columns.offsets("Cluster"), cluster_columns(c), c.event, impact, time, limits
    )
    return found


@numba.njit(cache=True)
def _count_others(  # type: ignore[no-untyped-def]
    offsets: Index, time: Float, owner: Index, event: Index, own: Index, centre: Float, window: float
):
    """Signals per candidate within `window` of `centre` (n,) whose `owner` is not `own` (n,)."""
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            counts[n] += abs(time[i] - centre[n]) < window and owner[i] != own[n]
    return counts


def signals(c: Candidates, collection: str, time: Float, window: float) -> Index:
    """Signals of a collection within `window` (ns) of `time` (n,); shape (n,)."""
    times = c.columns.flat(collection, "time").astype(np.float64)
    nobody, candidate = np.full(len(times), -1), np.zeros(len(c), np.int64)
    counts: Index = _count_others(c.columns.offsets(collection), times, nobody, c.event, candidate, time, window)
    return counts


def signals_off_track(c: Candidates, collection: str, time: Float, window: float) -> Index:
    """The same without those that the reconstruction gave to the candidate's first track (`track_index`)."""
    times = c.columns.flat(collection, "time").astype(np.float64)
    owner = c.columns.flat(collection, "track_index").astype(np.int64)
    own = c.tracks[:, 0] - c.columns.offsets("Track")[c.event]
    counts: Index = _count_others(c.columns.offsets(collection), times, owner, c.event, own, time, window)
    return counts
