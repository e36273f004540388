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

CLUSTER_X, CLUSTER_Y, CLUSTER_ENERGY, CLUSTER_TIME = range(4)
"""Columns of deposits and clusters."""
MUON_SIGNAL, MUON_X, MUON_Y, MUON_NEAR = range(4)
"""Columns of `muons`."""
LOG_E, LOG_MU, LOG_PI, RING_HITS = range(4)
"""Columns of `rich`."""
MAX_TRACKS = 6


class Scratch(Protocol):
    """Work space of one event, a record for the same reason as the detector's constants.

    Rows of tracks belong together. Times (ns) are relative to the decay, positions in mm, energies in MeV.
    """

    particles: Floats
    """The decay's products and what they make, one a row (`transport.COLUMNS`)."""
    states: Floats
    """Where each track is, as a particle."""
    start: Floats
    """Where a track enters the tank."""
    hits: Floats
    """Hits of each track in the four chambers."""
    fits: Floats
    """Fitted tracks (`track_fit.FIT_COLUMNS`)."""
    low: Floats
    """Scratch of the fit: the covariance of the hits."""
    work: Floats
    """Scratch of the fit: the equations."""
    impacts: Floats
    """Where each track meets RICH, hodoscope, calorimeter and MUV3."""
    left: Floats
    """Path of each track to its decay; negative: decayed."""
    e_over_p: Floats
    """E/p of each track; negative outside the calorimeter."""
    energies: Floats
    """Calorimeter energy of each track."""
    rich: Floats
    """(log L_e, log L_mu, log L_pi, hits) of each track."""
    muons: Floats
    """Of each track: whether it gives a MUV3 signal, its tile (x, y), whether any signal is near in time and space."""
    accidental_muons: Floats
    """(x, y, time) of MUV3 signals without a track."""
    vetoes: Floats
    """(detector, station, energy, time); of the RICH (detector, 0, hits, time); of the hodoscope (detector, x, y,
    time)."""
    deposits: Floats
    """(x, y, energy, time) of what the calorimeter absorbs."""
    clusters: Floats
    """(x, y, energy, time) of what it reconstructs."""
    times: Floats
    """Time of each track."""
    pileup: Floats
    """Particles of another decay."""
    untracked: Floats
    """Charged products without a track, where their track is lost."""
    untracked_left: Floats
    """Path of each of these to its decay."""
    untracked_station: Floats
    """Large-angle station that each of these has met."""
    untracked_impacts: Floats
    """Where one of them meets the detectors."""
    untracked_muon: Floats
    """The MUV3 signal of one of them."""


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
