"""K+ -> pi+ pi+ pi- as the experiment's public analysis code (NA62Analysis, 2018) selects it.

No search uses it: its acceptance is known for a selection in which nothing but the tracks decides.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.units import GeV, MeV, m
from rarekaon.analysis.events.candidates import Candidates, three_track_vertices
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.geometry import in_chod_acceptance
from rarekaon.analysis.search.declaration import Cut, KnownAcceptance, Quantity, Region, Selection, exactly
from rarekaon.analysis.selection.identification import vertex_identified_as
from rarekaon.analysis.selection.three_track import (
    MOMENTUM_BALANCE,
    SEEN_EVERYWHERE,
    VERTEX_CHARGE,
    VERTEX_Z,
    in_all_chambers,
    vertex_mass,
)

SAMPLE = "control_k3pi"


def any_track(c: Candidates) -> NDArray[np.bool_]:
    """Every track is a pion, (n, tracks)."""
    return np.ones(c.tracks.shape, bool)


def _in_acceptance(c: Candidates) -> NDArray[np.int64]:
    at = c.at_plane(detector().chod.z)
    return np.asarray((in_all_chambers(c) & in_chod_acceptance(at[..., 0], at[..., 1])).sum(axis=1))


TRACKS_IN_ACCEPTANCE = Quantity(
    "tracks_in_acceptance", "tracks in the STRAW and hodoscope acceptance", _in_acceptance, (4, -0.5, 3.5)
)
THREE_PIONS = Selection(
    name="three_pions",
    decay="K+ -> pi+ pi+ pi-",
    candidates=three_track_vertices,
    identify=vertex_identified_as("pi+", "pi+", "pi-", by={"pi": any_track}),
    identified_as="two positive tracks and a negative one",
    triggers=("minimum_bias",),
    cuts=(
        Cut(VERTEX_CHARGE, exactly(1)),
        Cut(VERTEX_Z, Interval(104 * m, 180 * m)),
        Cut(MOMENTUM_BALANCE, Interval(high=3 * GeV)),
        Cut(TRACKS_IN_ACCEPTANCE, exactly(3)),
    ),
    observable=vertex_mass("m_3pi", "reconstructed 3 pi mass", (120, 480, 510)),
    regions=(Region("kaon", Interval(490 * MeV, 497 * MeV)),),
    histograms=(VERTEX_Z,),
)
IN_ALL_CHAMBERS = replace(
    THREE_PIONS,
    name="three_pions_all_chambers",
    cuts=(*THREE_PIONS.cuts, SEEN_EVERYWHERE),
)
REFERENCES = (KnownAcceptance(SAMPLE, THREE_PIONS), KnownAcceptance(SAMPLE, IN_ALL_CHAMBERS))
