"""K+ -> pi+ e+ e- as normalisation: what several searches share (CERN-EP-2022-018, Section 2)."""

from __future__ import annotations

from collections.abc import Callable

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.events.candidates import Candidates, three_track_vertices
from rarekaon.analysis.search.declaration import Array, Cut, Region, Selection
from rarekaon.analysis.selection.identification import Identification, vertex_identified_as
from rarekaon.analysis.selection.three_track import TRACK_MOMENTUM, VERTEX_Z, closed_kinematics, pair_mass, vertex_mass

TRIGGERS = ("MT", "eMT")
M_PIEE = vertex_mass("m_piee", "reconstructed pi e e mass", (300, 300, 600))
M_EE = pair_mass((1, 2), "m_ee", "reconstructed e e mass")
ABOVE_PI0 = Cut(M_EE, Interval(low=140 * MeV))
REGIONS = (
    Region("lower", Interval(high=470 * MeV)),
    Region("normalisation", Interval(470 * MeV, 505 * MeV)),
)


def pi_ee_normalisation(
    vertex: tuple[Cut, ...],
    *,
    by: Identification,
    momentum_balance: float,
    positrons: tuple[Cut, ...] = (),
    weight: Callable[[Candidates], Array] | None = None,
) -> Selection:
    """The selection of pi+ e+ e- after the cuts `vertex`, with `positrons` required of the identified e+.

    `momentum_balance` in MeV; `weight` as in `Selection`.
    """
    return Selection(
        name="normalisation",
        decay="K+ -> pi+ e+ e-",
        candidates=three_track_vertices,
        identify=vertex_identified_as("pi+", "e+", "e-", by=by),
        identified_as="identified as pi+ e+ e-",
        triggers=TRIGGERS,
        cuts=(*vertex, *closed_kinematics(momentum_balance), ABOVE_PI0, *positrons),
        observable=M_PIEE,
        regions=REGIONS,
        histograms=(M_EE, VERTEX_Z, TRACK_MOMENTUM),
        weight=weight,
    )
