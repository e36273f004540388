"""pi0 -> invisible in the pi+ pi0 peak of the selection of K+ -> pi+ nu nu, the pi0 tagged by the pi+.

JHEP 02 (2021) 201 (arXiv:2010.07644), 4e9 tagged pi0 of a third of the data of 2017.  B is that of the tagged pi0: a
single event stands for 1/(N_K B(K+ -> pi+ pi0) A).  What is published of its selection could not be checked.
"""

from __future__ import annotations

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.search import (
    Cut,
    Interval,
    PseudoData,
    Region,
    Search,
    SearchSamples,
    SimulatedSample,
    Systematic,
)
from rarekaon.analysis.selection.nothing_but_a_pion import (
    MOMENTUM,
    NORMALISATION_TRIGGERS,
    NOTHING_ELSE,
    ONE_TRACK,
    PEAK,
    PION_AND_KAON,
    R1,
    R2,
    SIGNAL_TRIGGERS,
    selection,
)
from rarekaon.analysis.selection.three_track import TRACK_MOMENTUM

# 25 to 40 GeV in the experiment (from memory), where the other photons are hardest; the stream ends at 35 GeV
HARD = Cut(TRACK_MOMENTUM, Interval(20 * GeV, 35 * GeV))
CUTS = tuple(HARD if cut == MOMENTUM else cut for cut in PION_AND_KAON)
SIGNAL = selection(
    "signal",
    "K+ -> pi+ pi0",
    SIGNAL_TRIGGERS,
    (*CUTS, *NOTHING_ELSE),
    Region("control 1", Interval(R1.high, PEAK.low)),
    Region("signal", PEAK, masked=True, signal=True),
    Region("control 2", Interval(PEAK.high, R2.low)),
    box=(ONE_TRACK, *NOTHING_ELSE),  # without the vetoes it would hide the tagged pi0
)
NORMALISATION = selection("normalisation", "K+ -> pi+ pi0", NORMALISATION_TRIGGERS, CUTS, Region("normalisation", PEAK))
NOTES = {
    "background": (
        "the simulated rejection is not the experiment's, which leaves about 10 events of 4e9: the limit from events "
        "is a few times the published one, and is not tuned"
    ),
    "order": "its box is a control region of pi_nu_nu, so it opens first",
}

SAMPLES = {
    "pi_pi0_invisible": SimulatedSample(
        decay="K+ -> pi+ pi0, pi0 -> nu nu", stream="lone_pion", decays=200000, quick=50000, seed=171, note="signal"
    ),
    "data_2017_pi0_invisible": PseudoData(
        periods=("2016", "2017A", "2017B"),
        modes=("K+ -> pi+ pi0, pi0 -> gamma gamma",),
        stream="lone_pion",
        lines=("pinunu",),
        seed=2020,
        exposure=0.185,
        drawn_in_full=("K+ -> pi+ pi0, pi0 -> gamma gamma",),
        note="a third of the 2e12 decays of 2017, spread over the periods of the normalisation",
    ),
    "data_2017_pi_pi0": PseudoData(
        periods=("2016", "2017A", "2017B"),
        modes=("K+ -> pi+ pi0, pi0 -> gamma gamma",),
        stream="single_pion",
        lines=("minimum_bias",),
        seed=2024,
        prescale=2500,
        exposure=0.185,
        note="the tagged pi0 of the same exposure",
    ),
}

SEARCHES = (
    Search(
        name="pi0_invisible",
        title="pi0 -> invisible",
        dataset="2016-2017",
        paper="JHEP 02 (2021) 201",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal="pi_pi0_invisible",
            normalisation="pi_pi0",
            backgrounds=("pi_pi0_missed",),
            data=("data_2017_pi_pi0", "data_2017_pi0_invisible"),
        ),
        background_prior="gamma_posterior",
        systematics=(Systematic("photon rejection", 0.22, ("pi_pi0_missed",)),),  # our choice
        signal_branching_fraction=0.2067,  # K+ -> pi+ pi0, PDG 2020
        notes=NOTES,
    ),
)
