"""The work space of one event, which compiled kernels fill in turn."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.simulation.detector import track_fit as f
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.ground.buffers import CAPACITY
from rarekaon.analysis.simulation.ground.constants import as_record

Floats = npt.NDArray[np.float64]

MAX_TRACKS = 6


class Scratch(Protocol):
    """Work space of one event, a record for the same reason as the detector's constants; rows of tracks belong
    together.

    `deposits` and `clusters` hold (x, y, energy, time), `vetoes` (detector, station, energy, time), or (detector, 0,
    hits, time) of the RICH, or (detector, x, y, time) of the hodoscope; `muons` whether a track gives a muon signal,
    the centre of its tile (x, y), and whether any signal is near it in time and space, `accidental_muons` (x, y, time),
    `times` the tracks' times; all times are relative to the decay.  `start` is where a track enters the tank, `pileup`
    are the particles of another decay.  `untracked` are charged products without a track where it is lost, with
    `untracked_left` to their decay and the `untracked_station` met before; the other fields of that name serve one at a time.
    """

    particles: Floats
    states: Floats
    start: Floats
    hits: Floats
    fits: Floats
    low: Floats
    work: Floats
    impacts: Floats
    left: Floats
    e_over_p: Floats
    energies: Floats
    rich: Floats
    muons: Floats
    accidental_muons: Floats
    vetoes: Floats
    deposits: Floats
    clusters: Floats
    times: Floats
    pileup: Floats
    untracked: Floats
    untracked_left: Floats
    untracked_station: Floats
    untracked_impacts: Floats
    untracked_muon: Floats


def scratch() -> Scratch:
    """A fresh work space."""
    shapes = {
        "particles": (t.CAPACITY, t.COLUMNS),
        "states": (MAX_TRACKS, t.COLUMNS),
        "start": (t.COLUMNS,),
        "hits": (MAX_TRACKS, 4, 4),
        "fits": (MAX_TRACKS, f.FIT_COLUMNS),
        "low": (4, 4),
        "work": (8, 4),
        "impacts": (MAX_TRACKS, 4, 6),
        "left": (MAX_TRACKS,),
        "e_over_p": (MAX_TRACKS,),
        "energies": (MAX_TRACKS,),
        "rich": (MAX_TRACKS, 4),
        "muons": (MAX_TRACKS, 4),
        "accidental_muons": (CAPACITY["Muv3"] - MAX_TRACKS, 3),
        "vetoes": (24, 4),
        "deposits": (32, 4),
        "clusters": (32, 4),
        "times": (MAX_TRACKS,),
        "pileup": (8, t.COLUMNS),
        "untracked": (MAX_TRACKS, t.COLUMNS),
        "untracked_left": (MAX_TRACKS,),
        "untracked_station": (MAX_TRACKS,),
        "untracked_impacts": (4, 6),
        "untracked_muon": (3,),
    }
    return cast(Scratch, as_record({name: np.zeros(shape) for name, shape in shapes.items()}))
