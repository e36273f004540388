"""K+ -> pi- mu+ e+, forbidden by lepton number and flavour, normalised to K+ -> pi+ e+ e-: how a channel is added.

Everything the channel needs is in this file: the samples that no other channel has, the selection, the search.  The
values are our own choices, after those of K+ -> pi- e+ e+ and K+ -> pi- mu+ mu+.  The search is blind, and the side
below the kaon mass is masked with the signal: no data stream keeps muon-electron pairs, so there is nothing to compare.

K+ -> pi+ pi+ pi- is left out of the background.  With two pions taken for lighter particles it lies below the signal
region; how far its tail reaches would take more simulated decays than an example is worth.
"""

from __future__ import annotations

from rarekaon.analysis.contract.units import GeV, MeV, mm, ns
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.search import (
    ZERO,
    Cut,
    Interval,
    RareResponses,
    Region,
    Search,
    SearchSamples,
    Selection,
    SimulatedSample,
)
from rarekaon.analysis.selection.exposure_weight import exposure_of
from rarekaon.analysis.selection.identification import electron, muon, pion, vertex_identified_as
from rarekaon.analysis.selection.pi_ee_normalisation import TRIGGERS, pi_ee_normalisation
from rarekaon.analysis.selection.three_track import (
    POSITRON_LIKELIHOOD,
    TRACK_MOMENTUM,
    TRACK_TIME_TO_TRIGGER,
    VERTEX_Z,
    closed_kinematics,
    lav_activity,
    vertex_mass,
    vertex_requirements,
)
from rarekaon.analysis.selection.variations import detector_systematics

DECAY = "K+ -> pi- mu+ e+"
STREAM = "muon_electron"
PIONS = RareResponses(pi_plus_as_electron=0.5, pi_minus_as_electron=0.5, pion_as_muon=0.1, forced_pion_decays=5)

SAMPLES = {
    "pi_mu_e_lnv": SimulatedSample(
        decay=DECAY, stream=STREAM, decays=600_000, quick=100_000, seed=151, note="signal, uniform in phase space"
    ),
    "ke4_muon_electron": SimulatedSample(
        decay="K+ -> pi+ pi- e+ nu_e", stream=STREAM, decays=4_000_000, quick=200_000, seed=152, rare_responses=PIONS,
        note="a pion that decays",
    ),
}  # fmt: skip

SIGNAL_TRIGGERS = (*TRIGGERS, "muMT")
IDENTIFICATION = {
    "pi": pion(e_over_p_below=0.85, muv3_veto=5 * ns),
    "mu": muon(e_over_p_below=0.2, muv3_window=5 * ns),
    "e": electron(),
}
BALANCE = 2 * GeV
VERTEX = (
    *vertex_requirements(
        track_momentum=Interval(6 * GeV, 44 * GeV),
        straw_chambers=(1, 2, 3, 4),
        lkr_separation=200 * mm,
        timing=Cut(TRACK_TIME_TO_TRIGGER, Interval(high=2.5 * ns)),
    ),
    Cut(lav_activity(4 * ns, downstream=True), ZERO),
)
SIGNAL = Selection(
    name="signal",
    decay=DECAY,
    candidates=three_track_vertices,
    identify=vertex_identified_as("pi-", "mu+", "e+", by=IDENTIFICATION),
    identified_as="identified as pi- mu+ e+",
    triggers=SIGNAL_TRIGGERS,
    cuts=(*VERTEX, *closed_kinematics(BALANCE), Cut(POSITRON_LIKELIHOOD, Interval(low=0.0))),
    observable=vertex_mass("m_pimue", "reconstructed pi mu e mass", (300, 300, 600)),
    regions=(
        Region("masked", Interval(300 * MeV, 510 * MeV), masked=True),
        Region("signal", Interval(489 * MeV, 498 * MeV), masked=True, signal=True),
        Region("upper", Interval(510 * MeV, 600 * MeV)),
    ),
    histograms=(VERTEX_Z, TRACK_MOMENTUM),
    box=closed_kinematics(BALANCE),
)
NORMALISATION = pi_ee_normalisation(
    VERTEX,
    by=IDENTIFICATION,
    momentum_balance=BALANCE,
    weight=exposure_of(SIGNAL_TRIGGERS, relative_to=TRIGGERS),
)

SEARCHES = (
    Search(
        name="pi_mu_e",
        title=DECAY,
        dataset="2022",
        paper="none: an example, on blind pseudo-data",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal="pi_mu_e_lnv",
            normalisation="pi_ee_sm",
            backgrounds=("ke4_muon_electron",),
            data=("data_2022",),
        ),
        background_prior="gamma_posterior",
        shape_systematics=detector_systematics("pi_mu_e_lnv", "pi_ee_sm", "ke4_muon_electron"),
    ),
)
