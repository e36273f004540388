"""K+ -> e+ N with an N that is not seen, normalised to K+ -> e+ nu: a positron and nothing else.

NA62 Collaboration, PLB 807 (2020) 135599 (arXiv:2005.09575), data of 2017-2018: 144-462 MeV.  Of its selection only the
range of momenta is known; every other value is our choice, and so is the mode of normalisation.
"""

from __future__ import annotations

from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.single_track import single_tracks
from rarekaon.analysis.search import (
    Cut,
    Interval,
    PeakScan,
    PseudoData,
    RareResponses,
    Region,
    Search,
    SearchSamples,
    Selection,
    SimulatedSample,
    exactly,
)
from rarekaon.analysis.selection.exposure_weight import prescale_of
from rarekaon.analysis.selection.identification import electron, vertex_identified_as
from rarekaon.analysis.selection.nothing_but_a_lepton import ONE_TRACK, VETOES
from rarekaon.analysis.selection.single_track import (
    CLOSEST_APPROACH,
    KAON_TIME,
    missing_mass,
    squared_missing_mass,
)
from rarekaon.analysis.selection.three_track import (
    POSITRON_LIKELIHOOD,
    TRACK_MOMENTUM,
    TRACKS_IN_ACCEPTANCE,
    VERTEX_Z,
)

SM = "K+ -> e+ nu_e"
M_MISS2 = squared_missing_mass((840, -0.06, 0.24))
M_MISS = missing_mass((7400, 100, 470), reach=40, bin_width=0.1)
CUTS = (
    Cut(TRACK_MOMENTUM, Interval(5 * GeV, 30 * GeV)),  # the trigger ends it, at 30 GeV in the calorimeter
    Cut(TRACKS_IN_ACCEPTANCE, exactly(1)),
    Cut(POSITRON_LIKELIHOOD, Interval(low=0.0)),
    Cut(KAON_TIME, Interval(high=1 * ns)),
    Cut(CLOSEST_APPROACH, Interval(high=4 * mm)),  # muons that decay far from the kaon's vertex have a kink
    Cut(VERTEX_Z, Interval(110 * m, 180 * m)),
    *VETOES,
)


def selection(name: str, decay: str, *regions: Region) -> Selection:
    """One selection for the normalisation and the signal; they differ in the squared missing mass."""
    return Selection(
        name=name,
        decay=decay,
        candidates=single_tracks,
        identify=vertex_identified_as("e+", by={"e": electron()}),
        identified_as="identified as e+",
        triggers=("pinunu",),
        cuts=CUTS,
        observable=M_MISS2,
        regions=regions,
        histograms=(M_MISS, TRACK_MOMENTUM, VERTEX_Z),
        box=(ONE_TRACK,),
        response=M_MISS,
        weight=prescale_of("pinunu"),
    )


SIGNAL = selection(
    "signal",
    "K+ -> e+ N",
    Region("control", Interval((100 * MeV) ** 2, (125 * MeV) ** 2)),
    Region("scan", Interval((125 * MeV) ** 2, (466 * MeV) ** 2), masked=True, signal=True),
)
NORMALISATION = selection("normalisation", SM, Region("normalisation", Interval(-0.01 * GeV2, 0.01 * GeV2)))
NOTES = {
    "background": "polarised muons that decay near the vertex; pi+ pi0 and pi0 e+ nu, below 145 MeV, are left out",
    "exposure": "a two-hundredth of the published 3.5e12 decays, as muons are costly: limits go as N_K^(-1/2)",
    "radiation": "positrons of K+ -> e+ N and K+ -> e+ nu radiate",
}

MUONS = "K+ -> mu+ nu_mu"
STREAM = "single_positron"
SAMPLES = {
    "e_nu": SimulatedSample(decay=SM, stream=STREAM, decays=400_000, quick=100_000, seed=191, note="normalisation"),
    "e_invisible": SimulatedSample(
        decay="K+ -> e+ X X", stream=STREAM, decays=2_000_000, quick=400_000, seed=192,
        note="signals of every missing mass, by reweighting",
    ),
    "mu_nu_as_positron": SimulatedSample(
        decay=MUONS, stream=STREAM, decays=4_000_000, quick=500_000, seed=193,
        rare_responses=RareResponses(forced_muon_decays=1e4), note="a muon that decays near the vertex",
    ),
    "data_2017_2018_positron": PseudoData(
        periods=("2017A", "2017B", "2018"), modes=(SM, MUONS), stream=STREAM, lines=("pinunu",), seed=2033,
        exposure=0.0025, drawn_in_full=(MUONS,), note="a two-hundredth of the published 3.5e12 decays",
    ),
}  # fmt: skip

SEARCHES = (
    Search(
        name="e_n",
        title="K+ -> e+ N",
        dataset="2017-2018",
        paper="PLB 807 (2020) 135599",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal="e_invisible",
            normalisation="e_nu",
            backgrounds=("mu_nu_as_positron", "e_nu"),
            normalisation_backgrounds=("mu_nu_as_positron",),
            data=("data_2017_2018_positron",),
        ),
        background_prior="truncated_gaussian",
        inference=PeakScan(
            masses=(*(144.0 + i for i in range(206)), *(350 + 0.5 * i for i in range(225))),
            shown=(150.0, 200.0, 250.0, 300.0, 350.0, 400.0, 440.0),
            window=1.5,
            sideband=11.25,
            bin_width=0.75,
            within=Interval(125 * MeV, 466 * MeV),
            order=2,
            lepton="e",
            lifetimes=(10 * ns, 50 * ns),
        ),
        notes=NOTES,
    ),
)
