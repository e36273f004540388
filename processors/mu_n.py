"""K+ -> mu+ and nothing else that is seen: mu+ N, mu+ nu X and mu+ nu nu nu, normalised to K+ -> mu+ nu.

NA62 Collaboration, PLB 816 (2021) 136259 (arXiv:2101.12304), data of 2016-2018; sections in the comments are of it.
"""

from __future__ import annotations

from math import pi

from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.single_track import single_tracks
from rarekaon.analysis.search import (
    Counting,
    Cut,
    CutScan,
    Inference,
    Interval,
    PeakScan,
    Region,
    Search,
    SearchSamples,
    Selection,
    ShapeSystematic,
    Systematic,
    exactly,
)
from rarekaon.analysis.selection.exposure_weight import prescale_of
from rarekaon.analysis.selection.identification import all_of, muon, rich_muon, vertex_identified_as
from rarekaon.analysis.selection.nothing_but_a_lepton import ONE_TRACK, VETOES
from rarekaon.analysis.selection.single_track import (
    CLOSEST_APPROACH,
    KAON_TIME,
    TRACKS_IN_MUV3,
    missing_mass,
    squared_missing_mass,
    vertex_beyond,
)
from rarekaon.analysis.selection.three_track import (
    FIDUCIAL_VOLUME,
    TRACK_MOMENTUM,
    TRACKS_IN_ACCEPTANCE,
    VERTEX_Z,
)
from rarekaon.analysis.selection.variations import detector_systematics

SM = "K+ -> mu+ nu_mu"
TAIL = "tail of the missing mass"

# Section 2: E/p, MUV3, and the RICH below 30 GeV/c. Print asks for no positron below the muon's threshold, 9.5 GeV/c;
# that above it the pion is not preferred either is our reading.
MUON = all_of(muon(e_over_p_below=0.2, muv3_window=3 * ns), rich_muon(below=30 * GeV, threshold=9.5 * GeV))
AS_MUON = vertex_identified_as("mu+", by={"mu": MUON})

M_MISS2 = squared_missing_mass((640, -0.16, 0.16))
M_MISS = missing_mass((4200, 180, 390))

# Section 2 gives the ends, 8 m and 35 m behind the start of the fiducial volume: the line between is our choice.
# Decays upstream pass for one inside where kaon and muon are nearly parallel, that is at small angles.
LEAST_Z = vertex_beyond(angles=(0.0, pi), z=(105 * m + 35 * m, 105 * m + 8 * m))

CUTS = (
    Cut(TRACK_MOMENTUM, Interval(5 * GeV, 70 * GeV)),
    Cut(TRACKS_IN_ACCEPTANCE, exactly(1)),
    Cut(TRACKS_IN_MUV3, exactly(1)),
    Cut(KAON_TIME, Interval(high=1 * ns)),
    Cut(CLOSEST_APPROACH, Interval(high=7 * mm)),
    Cut(VERTEX_Z, FIDUCIAL_VOLUME),
    Cut(LEAST_Z, Interval(low=0.0)),
    *VETOES,
)


NORMALISATION = Region("normalisation", Interval(-0.01 * GeV2, 0.01 * GeV2))  # Section 2
CONTROL = Region("control", Interval(0.026 * GeV2, 0.034 * GeV2))  # below all signals, above the prescaled peak


def selection(name: str, decay: str, *regions: Region) -> Selection:
    """Section 2: one selection for the normalisation and every signal; they differ in the squared missing mass."""
    return Selection(
        name=name,
        decay=decay,
        candidates=single_tracks,
        identify=AS_MUON,
        identified_as="identified as mu+",
        triggers=("minimum_bias",),
        cuts=CUTS,
        observable=M_MISS2,
        regions=regions,
        histograms=(M_MISS, TRACK_MOMENTUM, VERTEX_Z),
        box=(ONE_TRACK,),  # or a masked box would hide muons of decays to three tracks from all other searches
        response=M_MISS,
        weight=prescale_of("minimum_bias"),  # N_K is that of the events kept by the line
    )


BACKGROUNDS = ("mu_nu_gamma", "pi0_mu_nu", "k3pi_single")


def search(
    name: str,
    title: str,
    decay: str,
    signal: Region,
    inference: Inference,
    *others: Region,
    sample: str = "mu_invisible",
    shape_systematics: tuple[ShapeSystematic, ...] = (),
) -> Search:
    return Search(
        name=name,
        title=title,
        dataset="2016-2018",
        paper="PLB 816 (2021) 136259",
        signal=selection("signal", decay, CONTROL, *others, signal),
        normalisation=selection("normalisation", SM, NORMALISATION),
        samples=SearchSamples(
            signal=sample,
            normalisation="mu_nu",
            backgrounds=BACKGROUNDS,
            normalisation_backgrounds=("pi0_mu_nu",),  # K+ -> mu+ nu contains its photons
            data=("data_2016_2018_single",),
        ),
        background_prior="truncated_gaussian",
        systematics=(  # Table 1: 333 and 178, 780 of 6224 and 1016 events
            Systematic("photon veto", 0.054, ("mu_nu_gamma",)),
            Systematic("photon veto", 0.175, ("pi0_mu_nu",)),
            Systematic(TAIL, 0.125, ("mu_nu_gamma",)),
            Systematic("symmetry of the tail", 1.0, (TAIL,)),  # Section 4
        ),
        shape_systematics=shape_systematics,
        mirrored_tail=TAIL,
        inference=inference,
        random_veto=0.30,  # Sections 2, 3: N_K is not corrected for trigger inefficiency and random veto
    )


# Section 5: 269 masses; the signal region is the range of the sidebands
HEAVY_LEPTONS = PeakScan(
    masses=(*(200.0 + i for i in range(100)), *(300 + 0.5 * i for i in range(169))),
    shown=(200.0, 250.0, 300.0, 350.0, 384.0),
    window=1.5,
    sideband=11.25,
    bin_width=0.75,
    within=Interval(188 * MeV, 386 * MeV),
    order=2,
)
SCAN = Region("scan", Interval((188 * MeV) ** 2, (386 * MeV) ** 2), masked=True, signal=True)


def mediators(kind: str) -> CutScan:
    """Section 6: 37 masses, the bound on the squared missing mass by the expected limit."""
    return CutScan(
        decay=f"K+ -> mu+ nu X, {kind} X",
        masses=tuple(10.0 * i for i in range(1, 38)),
        shown=(10.0, 100.0, 200.0, 300.0, 370.0),
        bounds=tuple(0.02 * GeV2 * i for i in range(2, 8)),
    )


MASKED = Region("masked", Interval(low=0.04 * GeV2), masked=True)
SIGNAL = Region("signal", Interval(low=0.1 * GeV2), masked=True, signal=True)  # Section 6

SEARCHES = (
    search("mu_n", "K+ -> mu+ N", "K+ -> mu+ N", SCAN, HEAVY_LEPTONS),
    search("mu_nu_x_scalar", "K+ -> mu+ nu X, scalar X", "K+ -> mu+ nu X", SIGNAL, mediators("scalar"), MASKED),
    search("mu_nu_x_vector", "K+ -> mu+ nu X, vector X", "K+ -> mu+ nu X", SIGNAL, mediators("vector"), MASKED),
    search(
        "mu_nu_nu_nu",
        "K+ -> mu+ nu nu nu",
        "K+ -> mu+ nu nu nu",
        SIGNAL,
        Counting(),
        sample="mu_nu_nu_nu",
        shape_systematics=detector_systematics("mu_nu_nu_nu", "mu_nu", *BACKGROUNDS),
    ),
)
