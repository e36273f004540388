"""What flows through the simulation: generated decays in, event buffers out.

The buffers are one record array per collection, with dtypes derived from the event contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.schema import COLLECTIONS, EVENT, TRUTH, collection

Records = npt.NDArray[np.void]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EVENT_DTYPE = np.dtype(
    [(b.name, b.dtype) for b in (*EVENT, *TRUTH)] + [(c.counter, "int32") for c in COLLECTIONS]
)  # fmt: skip
"""One event: its scalars, its truth and the counters of its collections."""


class Decays(NamedTuple):
    """n generated decays in the laboratory."""

    pdg: Ints
    """PDG numbers of the products."""
    charge: Ints
    """Their charges."""
    momenta: Floats
    """(px, py, pz, E) in MeV, (products, 4, n)."""
    rest_energy: Floats
    """Energies (MeV) in the kaon frame, (products, n)."""
    kaon: Floats
    """Momenta (MeV) of the kaons, (3, n)."""
    vertex: Floats
    """In mm, (3, n)."""
    weight: Floats
    """Shape (n,)."""
    conditions: Ints
    """Row of the running conditions, (n,)."""
    run: Ints
    """Run number, (n,)."""
    burst: Ints
    """Burst number, (n,)."""
    radiative: bool
    """Whether electrons radiate."""
    polarised: bool = False
    """Whether the spin of a muon points along the last product's momentum, seen from the muon."""


class EventBuffers(NamedTuple):
    """Buffers a kernel fills; `used` holds the filled length of each, in this order."""

    event: Records
    Track: Records
    Cluster: Records
    Muv3: Records
    Chod: Records
    RichHit: Records
    Lav: Records
    Irc: Records
    Sac: Records
    Chanti: Records
    Ktag: Records
    Gtk: Records
    Generated: Records


(
    USED_EVENT, USED_TRACK, USED_CLUSTER, USED_MUV3, USED_CHOD, USED_RICH_HIT, USED_LAV, USED_IRC, USED_SAC,
    USED_CHANTI, USED_KTAG, USED_GTK, USED_GENERATED,
) = range(13)  # fmt: skip
"""Columns of `used`, which holds the filled length of each buffer."""

CAPACITY = {
    "Track": 6, "Cluster": 20, "Muv3": 12, "Chod": 14, "RichHit": 32, "Lav": 16, "Irc": 4, "Sac": 6, "Chanti": 4,
    "Ktag": 3, "Gtk": 6, "Generated": 24,
}  # fmt: skip
"""Most objects of a collection that the simulation writes for one event."""


def record_dtype(name: str) -> np.dtype[np.void]:
    """The dtype of one object of a collection."""
    return np.dtype([(f.name, f.dtype) for f in collection(name).fields])


def allocate(events: int) -> EventBuffers:
    """Buffers with room for `events` events of the largest size."""
    arrays = {name: np.zeros(events * size, record_dtype(name)) for name, size in CAPACITY.items()}
    return EventBuffers(event=np.zeros(events, EVENT_DTYPE), **arrays)


def trimmed(output: EventBuffers, used: npt.NDArray[np.int64]) -> EventBuffers:
    """Copies of the filled parts."""
    return EventBuffers(*(_joined([array[:n]]) for array, n in zip(output, used, strict=True)))


def concatenated(parts: list[EventBuffers]) -> EventBuffers:
    """One output of several, in order."""
    return EventBuffers(*(_joined(arrays) for arrays in zip(*parts, strict=True)))


def _joined(arrays: Sequence[Records]) -> Records:
    """Contiguous records in one array; byte by byte, because NumPy copies records one at a time."""
    return np.concatenate([array.view(np.uint8) for array in arrays]).view(arrays[0].dtype)


def taken(output: EventBuffers, rows: npt.NDArray[np.int64]) -> EventBuffers:
    """The events `rows`, in that order, with their objects."""
    event = output.event[rows]
    parts = []
    for c in COLLECTIONS:
        counts = output.event[c.counter].astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        wanted = counts[rows]
        first = np.repeat(starts[rows], wanted)
        within = np.arange(wanted.sum()) - np.repeat(np.cumsum(wanted) - wanted, wanted)
        parts.append(getattr(output, c.name)[first + within])
    return EventBuffers(event, *parts)
