"""One pion and nothing else: the selections of K+ -> pi+ nu nu, which other searches share, box included.

"The K+ -> pi+ nu nu decay and new physics searches at NA62", presented at Excited QCD 2020; sections in the comments
are of it.  It prints no value of a cut but the range of momenta and the length of the fiducial volume, and not where
the regions end: those are of PLB 791 (2019) 156, the box at the collimator is of JHEP 11 (2020) 042, the full account
of the data of 2017, and other values are our choices.
"""

from __future__ import annotations

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.single_track import single_tracks
from rarekaon.analysis.search.declaration import (
    ZERO,
    Cut,
    PublishedBackground,
    Region,
    SearchSamples,
    Selection,
    Tail,
    exactly,
)
from rarekaon.analysis.selection.exposure_weight import exposure_of, prescale_of, product
from rarekaon.analysis.selection.identification import pion, vertex_identified_as
from rarekaon.analysis.selection.lone_pion import (
    BEAM_TIME,
    CALORIMETER_ENERGY,
    HODOSCOPE_TILES,
    MATCH,
    OVER_MUON,
    OVER_POSITRON,
    RICH_HITS,
    beam_tracks,
    beside_collimator,
    tracks,
)
from rarekaon.analysis.selection.single_track import (
    CLOSEST_APPROACH,
    KAON_TIME,
    activity,
    activity_off_track,
    missing_mass,
    squared_missing_mass,
)
from rarekaon.analysis.selection.three_track import (
    TRACK_MOMENTUM,
    TRACKS_IN_ACCEPTANCE,
    VERTEX_Z,
    extra_cluster_count,
    lav_activity,
)

NORMALISATION_TRIGGERS = ("minimum_bias",)
SIGNAL_TRIGGERS = ("pinunu",)
M_MISS2 = squared_missing_mass((640, -0.06, 0.10))
M_MISS = missing_mass((354, 0, 354), reach=80, bin_width=0.5)
ONE_TRACK = Cut(tracks(10 * ns), exactly(1))
MOMENTUM = Cut(TRACK_MOMENTUM, Interval(15 * GeV, 35 * GeV))  # Section 3

PION_AND_KAON = (  # Section 3: one track, its kaon, and what identifies it
    ONE_TRACK,
    MOMENTUM,
    Cut(TRACKS_IN_ACCEPTANCE, exactly(1)),
    Cut(HODOSCOPE_TILES, Interval(low=0.5)),
    Cut(RICH_HITS, Interval(low=3.5)),
    Cut(KAON_TIME, Interval(high=0.5 * ns)),
    Cut(BEAM_TIME, Interval(high=0.3 * ns)),
    Cut(beam_tracks(0.5 * ns), exactly(1)),  # our reading of "extra hits in the GTK"
    Cut(CLOSEST_APPROACH, Interval(high=4 * mm)),
    Cut(MATCH, Interval(high=9.0)),
    Cut(VERTEX_Z, Interval(105 * m, 165 * m)),  # 60 m
    Cut(beside_collimator(100 * mm, 500 * mm), Interval(low=1.0)),  # JHEP 11 (2020) 042, against decays upstream
    Cut(OVER_MUON, Interval(low=3.0)),
    Cut(OVER_POSITRON, Interval(low=10.0)),
    Cut(CALORIMETER_ENERGY, Interval(low=2 * GeV)),  # more than minimum ionising: in place of MUV1 and MUV2
)
NOTHING_ELSE = (  # Section 3: extra activity in time with the pion
    Cut(lav_activity(3 * ns, downstream=False), ZERO),
    Cut(activity("Irc", 7 * ns), ZERO),
    Cut(activity("Sac", 7 * ns), ZERO),
    Cut(extra_cluster_count(energy=100 * MeV, distance=60 * mm, window=8 * ns), ZERO),  # all that are not the pion's
    Cut(activity("Chanti", 3 * ns), ZERO),
    Cut(activity_off_track("Chod", 6 * ns), ZERO),
)
PION = {"pi": pion(e_over_p_below=0.85, muv3_veto=7 * ns)}


def selection(
    name: str,
    decay: str,
    triggers: tuple[str, ...],
    cuts: tuple[Cut, ...],
    *regions: Region,
    box: tuple[Cut, ...] = (ONE_TRACK, MOMENTUM),
) -> Selection:
    """Signal and normalisation differ in trigger, vetoes and regions only."""
    return Selection(
        name=name,
        decay=decay,
        candidates=single_tracks,
        identify=vertex_identified_as("pi+", by=PION),
        identified_as="identified as pi+",
        triggers=triggers,
        cuts=cuts,
        observable=M_MISS2,
        regions=regions,
        histograms=(TRACK_MOMENTUM, VERTEX_Z),
        box=box if any(r.masked for r in regions) else (),
        response=M_MISS,
        weight=product(exposure_of(SIGNAL_TRIGGERS, relative_to=triggers), prescale_of(triggers[0])),
    )


PEAK = Interval(0.015 * GeV2, 0.021 * GeV2)
R1, R2 = Interval(0.0, 0.010 * GeV2), Interval(0.026 * GeV2, 0.068 * GeV2)
SIGNAL = selection(
    "signal",
    "K+ -> pi+ nu nu",
    SIGNAL_TRIGGERS,
    (*PION_AND_KAON, *NOTHING_ELSE),
    Region("R1", R1, masked=True),
    Region("R2", R2, masked=True),
    Region("signal", Interval(R1.low, R2.high), masked=True, signal=True, excluding=Interval(R1.high, R2.low)),
    Region("control 1", Interval(R1.high, PEAK.low)),
    Region("pi+ pi0", PEAK),
    Region("control 2", Interval(PEAK.high, R2.low)),
)
NORMALISATION = selection(
    "normalisation",
    "K+ -> pi+ pi0",
    NORMALISATION_TRIGGERS,
    PION_AND_KAON,
    Region("normalisation", PEAK),
    *(Region(r.name, r.within, excluding=r.excluding) for r in SIGNAL.regions),  # for the tails
)


def samples_with(signal: str) -> SearchSamples:
    """The samples of a search with these selections: its own signal, everything else shared."""
    return SearchSamples(
        signal=signal,
        normalisation="pi_pi0",
        backgrounds=("pi_pi0_missed", "mu_nu_as_pion"),
        data=("data_2016_2017_pi_pi0", "data_2016_2017_pinunu"),
    )


NOT_SIMULATED = tuple(
    PublishedBackground(mode, region="signal", published_region="signal_2017", scale=0.389 / 0.346)
    for mode in ("K+ -> pi+ pi- e+ nu_e", "K+ -> pi+ pi+ pi-", "K+ -> pi+ gamma gamma", "upstream")
)
TAIL = Tail("pi_pi0_missed", shape="pi_pi0", peak="pi+ pi0")  # Section 3, here on simulated events
