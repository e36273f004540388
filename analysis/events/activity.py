"""Signals in veto detectors around a candidate: counted per candidate by compiled loops over the flat columns."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from analysis.detector import detector
from analysis.events.candidates import Candidates

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
def _count_off_tracks(  # type: ignore[no-untyped-def]
    offsets: Index, clusters: Float, event: Index, impact: Float, time: Float, limits: tuple[float, float, float]
):
    """Clusters per candidate above an energy, in time, and off all three impact points; `clusters` is (4, clusters)."""
    energy, distance, window = limits
    counts = np.zeros(len(event), np.int64)
    for n in range(len(event)):
        for i in range(offsets[event[n]], offsets[event[n] + 1]):
            if clusters[0, i] > energy and abs(clusters[3, i] - time[n]) < window:
                off = True
                for t in range(impact.shape[1]):
                    dx, dy = clusters[1, i] - impact[n, t, 0], clusters[2, i] - impact[n, t, 1]
                    off = off and dx * dx + dy * dy > distance * distance
                counts[n] += off
    return counts


def extra_clusters(
    c: Candidates, impact: Float, time: Float, *, energy: float, distance: float, window: float
) -> Index:
    """LKr clusters above `energy` (MeV) within `window` (ns) of `time` (n,) and farther than `distance` (mm) from every
    impact point (n, tracks, 2); shape (n,).
    """
    if not len(c):
        return np.zeros(0, np.int64)
    fields = ("energy", "x", "y", "time")
    clusters = np.stack([c.columns.flat("Cluster", name).astype(np.float64) for name in fields])
    limits = (energy, distance, window)
    counts: Index = _count_off_tracks(c.columns.offsets("Cluster"), clusters, c.event, impact, time, limits)
    return counts


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
