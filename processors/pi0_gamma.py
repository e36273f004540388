"""pi0 -> gamma A' with an A' that is not seen, and pi0 -> gamma nu nu: a pion, a photon and nothing else.

JHEP 05 (2019) 182 (arXiv:1903.08767): 4.12e8 pi0 that the pi+ of K+ -> pi+ pi0 tags.  What is published of its
selection could not be checked: pion and kaon are selected as for K+ -> pi+ nu nu, and what is asked of the photon and
of the missing momentum are our choices.
"""

from __future__ import annotations

from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, ns
from rarekaon.analysis.events.single_track import single_tracks
from rarekaon.analysis.search import (
    ZERO,
    Counting,
    Cut,
    Interval,
    PseudoData,
    RareResponses,
    Region,
    Search,
    SearchSamples,
    Selection,
    SimulatedSample,
    Systematic,
    WindowScan,
    exactly,
)
from rarekaon.analysis.selection import tagged_pi0 as tagged
from rarekaon.analysis.selection.exposure_weight import exposure_of, prescale_of, product
from rarekaon.analysis.selection.identification import vertex_identified_as
from rarekaon.analysis.selection.nothing_but_a_pion import (
    M_MISS2,
    NORMALISATION_TRIGGERS,
    ONE_TRACK,
    PEAK,
    PION,
    PION_AND_KAON,
    SIGNAL_TRIGGERS,
    selection,
)
from rarekaon.analysis.selection.single_track import activity, activity_off_track
from rarekaon.analysis.selection.three_track import TRACK_MOMENTUM, lav_activity

ONE_PHOTON = (
    Cut(tagged.PHOTONS, exactly(1)),
    Cut(lav_activity(3 * ns, downstream=False), ZERO),
    Cut(activity("Irc", 7 * ns), ZERO),
    Cut(activity("Sac", 7 * ns), ZERO),
    Cut(activity("Chanti", 3 * ns), ZERO),
    Cut(activity_off_track("Chod", 6 * ns), ZERO),
)
MISSING = (  # where the calorimeter sees a photon best
    Cut(tagged.PHOTON_ENERGY, Interval(low=3 * GeV)),
    Cut(tagged.MISSING_MOMENTUM, Interval(low=5 * GeV)),
    Cut(tagged.MISSING_RADIUS, Interval(0.17 * m, 1.0 * m)),
    Cut(tagged.MISSING_APART, Interval(low=200 * mm)),
)
TAGGED = Cut(M_MISS2, PEAK)
SIGNAL = Selection(
    name="signal",
    decay="K+ -> pi+ pi0",
    candidates=single_tracks,
    identify=vertex_identified_as("pi+", by=PION),
    identified_as="identified as pi+",
    triggers=SIGNAL_TRIGGERS,
    cuts=(*PION_AND_KAON, TAGGED, *ONE_PHOTON, *MISSING),
    observable=tagged.MASS_SQUARED,
    regions=(
        Region("two photons", Interval(-0.0015 * GeV2, 0.0015 * GeV2)),
        Region("signal", Interval(0.0015 * GeV2, 0.0165 * GeV2), masked=True, signal=True),
    ),
    histograms=(TRACK_MOMENTUM, tagged.PHOTON_ENERGY),
    box=(ONE_TRACK, TAGGED, *ONE_PHOTON),
    response=tagged.MASS,
    weight=product(exposure_of(SIGNAL_TRIGGERS, relative_to=SIGNAL_TRIGGERS), prescale_of("pinunu")),
)
NORMALISATION = selection(
    "normalisation", "K+ -> pi+ pi0", NORMALISATION_TRIGGERS, PION_AND_KAON, Region("normalisation", PEAK)
)
NOTES = {
    "background": "one photon is missed: simulated with the inefficiencies that pi0 -> invisible is vetoed with",
    "gamma nu nu": "K+ -> pi+ pi0, pi0 -> gamma Z*: its spectrum is a Dalitz decay's with a constant propagator",
}

RARE = RareResponses(photon_missed=0.99, roulette_below=1e-6)
MODES = ("K+ -> pi+ pi0, pi0 -> gamma gamma",)
SAMPLES = {
    "pi0_gamma_invisible": SimulatedSample(
        decay="K+ -> pi+ pi0, pi0 -> gamma X X", stream="pion_photon", decays=600_000, quick=200_000, seed=181,
        note="signals of every mass, by reweighting",
    ),
    "pi0_gamma_nu_nu": SimulatedSample(
        decay="K+ -> pi+ pi0, pi0 -> gamma nu nu", stream="pion_photon", decays=200_000, quick=100_000, seed=182,
        note="signal",
    ),
    "pi_pi0_one_missed": SimulatedSample(
        decay=MODES[0], stream="pion_photon", decays=2_000_000, quick=500_000, seed=183, rare_responses=RARE,
        note="one of two photons is missed",
    ),
    "data_2016_pi0_gamma": PseudoData(
        periods=("2016",), modes=MODES, stream="pion_photon", lines=("pinunu",), seed=2031, exposure=0.09,
        drawn_in_full=MODES, note="exposure: so that 4.12e8 pi0 are tagged",
    ),
    "data_2016_pi_pi0": PseudoData(
        periods=("2016",), modes=MODES, stream="single_pion", lines=("minimum_bias",), seed=2032, prescale=100,
        exposure=0.09, note="the tagged pi0 of the same exposure",
    ),
}  # fmt: skip


def search(name: str, title: str, signal: str, inference: Counting | WindowScan, box_of: str | None = None) -> Search:
    return Search(
        name=name,
        title=title,
        dataset="2016",
        paper="JHEP 05 (2019) 182",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal=signal,
            normalisation="pi_pi0",
            backgrounds=("pi_pi0_one_missed",),
            data=("data_2016_pi_pi0", "data_2016_pi0_gamma"),
        ),
        background_prior="gamma_posterior",
        systematics=(Systematic("photon rejection", 0.22, ("pi_pi0_one_missed",)),),  # our choice
        signal_branching_fraction=0.2067,  # K+ -> pi+ pi0, PDG 2020
        inference=inference,
        notes=NOTES,
        box_of=box_of,
    )


MASSES = WindowScan(
    masses=tuple(50.0 + 2.5 * i for i in range(31)),
    shown=(50.0, 60.0, 80.0, 100.0, 120.0),
    window=1.5,
    coupling="eps^2",
    pooled=0.001 * GeV2,
    lightest=(0.0 * MeV, 30 * MeV),
    even_background=False,
)
SEARCHES = (
    search("pi0_gamma_aprime", "pi0 -> gamma A'", "pi0_gamma_invisible", MASSES),
    search("pi0_gamma_nu_nu", "pi0 -> gamma nu nu", "pi0_gamma_nu_nu", Counting(), box_of="pi0_gamma_aprime"),
)
