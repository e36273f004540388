"""The online prescale of a prescaled class of single-track events, by their squared missing mass.

The experiment computes it with the same match of track and kaon as the selections, so that no event changes its
class between the two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU, particle
from rarekaon.analysis.facts.models import PrescaledClass
from rarekaon.analysis.kernels.matching import match_kaons
from rarekaon.analysis.simulation.ground.buffers import EventBuffers, Records

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LINE = ("x", "y", "slope_x", "slope_y")


def _offsets(counts: npt.NDArray[np.int32]) -> Ints:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _lines(records: Records) -> Floats:
    return np.stack([records[name].astype(np.float64) for name in LINE])


def _momenta(records: Records) -> Floats:
    sx, sy = records["slope_x"].astype(np.float64), records["slope_y"].astype(np.float64)
    pz = records["momentum"].astype(np.float64) / np.sqrt(1 + sx**2 + sy**2)
    return np.stack([sx * pz, sy * pz, pz], axis=-1)


def squared_missing_mass(output: EventBuffers, mass: float = MASS_MU) -> Floats:
    """Squared missing mass (MeV2) of the events (n,) with the track's `mass`; NaN where no kaon belongs to it."""
    event = output.event
    indices, _ = match_kaons(
        (_offsets(event["nTrack"]), _offsets(event["nKtag"]), _offsets(event["nGtk"])),
        _lines(output.Track),
        output.Track["charge"].astype(np.int64),
        _lines(output.Gtk),
        tuple(
            records[name].astype(np.float64)
            for records, name in ((output.Track, "rich_time"), (output.Ktag, "time"), (output.Gtk, "time"))
        ),
        event["trigger_time"].astype(np.float64),
    )
    row, track, _, beam = indices.T
    kaon, track_momentum = _momenta(output.Gtk[beam]), _momenta(output.Track[track])
    energy = np.sqrt((kaon**2).sum(axis=1) + MASS_K**2) - np.sqrt((track_momentum**2).sum(axis=1) + mass**2)
    result = np.full(len(event), np.nan)
    result[row] = energy**2 - ((kaon - track_momentum) ** 2).sum(axis=1)
    return result


def in_class(prescaled_class: PrescaledClass, output: EventBuffers) -> npt.NDArray[np.bool_]:
    """Events (n,) of the prescaled class: not outside the interval, those without a squared missing mass included."""
    low, high = prescaled_class.squared_missing_mass
    value = squared_missing_mass(output, particle(prescaled_class.particle).mass)
    return ~((value < low) | (value > high))


def apply_prescale(prescaled_class: PrescaledClass, decay: str, output: EventBuffers) -> npt.NDArray[np.float64]:
    """Multiply the line's downscaling of the class, in place; which events (n,) of the mode are drawn: 1 or 0."""
    inside = in_class(prescaled_class, output)
    output.event[f"downscaling_{prescaled_class.line}"] *= np.where(inside, prescaled_class.factor, 1).astype(np.uint32)
    if decay in prescaled_class.modes:
        return inside.astype(np.float64)
    return (~inside).astype(np.float64) if decay in prescaled_class.outside_only else np.ones(len(inside))
