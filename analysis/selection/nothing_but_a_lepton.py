"""One lepton and nothing else that is seen: the vetoes of PLB 816 (2021) 136259, Section 2, for several searches."""

from __future__ import annotations

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.units import MeV, mm, ns
from rarekaon.analysis.search.declaration import ZERO, Cut
from rarekaon.analysis.selection.single_track import activity, activity_off_track, other_vertices
from rarekaon.analysis.selection.three_track import extra_cluster_count, lav_activity

# Our choices are 15 mm for a vertex with another track and, for a cluster off the track, 100 MeV and
# 125 mm, tuned on the published number of K+ -> mu+ nu gamma decays (datasets/tuning.yaml)
ONE_TRACK = Cut(other_vertices(15 * mm), ZERO)
VETOES = (
    ONE_TRACK,
    Cut(extra_cluster_count(energy=100 * MeV, distance=125 * mm, window=12 * ns), ZERO),
    Cut(lav_activity(3 * ns, downstream=False), ZERO),
    Cut(activity("Irc", 3 * ns), ZERO),
    Cut(activity("Sac", 3 * ns), ZERO),
    Cut(activity("Chanti", 4 * ns), ZERO),
    Cut(activity_off_track("Chod", 6 * ns), Interval(high=2.5)),
    Cut(activity("RichHit", 3 * ns), Interval(high=3.5)),
)
