"""Quantities of a pion that is alone: identified by RICH and calorimeter, with nothing else in the event.

They follow Section 3 of the review "The K+ -> pi+ nu nu decay and new physics searches at NA62" (2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.units import GeV, mm, ns
from rarekaon.analysis.events.activity import signals, signals_off_track
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.single_track import single
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.search.declaration import Quantity
from rarekaon.analysis.selection.identification import vertex_time


def tracks(window: float) -> Quantity:
    """Tracks within `window` (ns) of the candidate's time, itself included."""

    def of(c: Candidates) -> NDArray[np.int64]:
        offsets = c.columns.offsets("Track")
        time = np.full(len(c.columns), np.nan)
        time[c.event] = vertex_time(c)
        near = np.abs(c.columns.flat("Track", "rich_time") - np.repeat(time, np.diff(offsets))) < window
        until = np.concatenate(([0], np.cumsum(near)))
        return np.asarray((until[offsets[1:]] - until[offsets[:-1]])[c.event])

    return Quantity("tracks", f"tracks within {window / ns:g} ns", of, (6, -0.5, 5.5))


def _own_tiles(c: Candidates) -> NDArray[np.int64]:
    time, ever = vertex_time(c), np.inf
    return signals(c, "Chod", time, ever) - signals_off_track(c, "Chod", time, ever)


def pion_likelihood(other: str, title: str) -> Quantity:
    """log L(pi) - log L of another hypothesis ("mu" or "e") in the RICH."""
    return Quantity(
        f"rich_pi_over_{other}",
        f"RICH log L(pi+) - log L({title})",
        lambda c: (c.track("rich_log_pi") - c.track(f"rich_log_{other}"))[:, 0],
        (120, -60, 60),
    )


HODOSCOPE_TILES = Quantity("hodoscope_tiles", "hodoscope tiles of the track", _own_tiles, (4, -0.5, 3.5))
RICH_HITS = Quantity("rich_hits", "RICH hits of the track", lambda c: c.track("rich_hits")[:, 0], (40, -0.5, 39.5))
CALORIMETER_ENERGY = Quantity(
    "calorimeter_energy", "calorimeter energy", lambda c: c.track("lkr_energy")[:, 0], (100, 0, 40), GeV, "GeV"
)
OVER_MUON = pion_likelihood("mu", "mu+")
OVER_POSITRON = pion_likelihood("e", "e+")
MATCH = Quantity("match", "discriminant of kaon and track", lambda c: c.chi2, (100, 0, 50))
BEAM_TIME = Quantity(
    "beam_time",
    "GTK time to KTAG time",
    lambda c: np.abs(single(c).beam_time - single(c).kaon_time),
    (50, 0, 0.5),
    ns,
    "ns",
)


def beside_collimator(half_x: float, half_y: float) -> Quantity:
    """How far from the axis the track leaves the collimator's exit plane, in units of a box of half sides (mm)."""

    def of(c: Candidates) -> NDArray[np.float64]:
        at = np.abs(c.at_plane(detector().collimator.z[1])[:, 0])
        return np.asarray(np.maximum(at[:, 0] / half_x, at[:, 1] / half_y))

    title = f"track at the collimator, in boxes of {half_x / mm:g} x {half_y / mm:g} mm"
    return Quantity("beside_collimator", title, of, (60, 0, 6))


def beam_tracks(window: float) -> Quantity:
    """GTK tracks within `window` (ns) of the KTAG time."""
    return Quantity(
        "beam_tracks",
        f"GTK tracks within {window / ns:g} ns of the KTAG time",
        lambda c: signals(c, "Gtk", single(c).kaon_time, window),
        (6, -0.5, 5.5),
    )
