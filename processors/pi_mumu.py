"""K+ -> pi- mu+ mu+, forbidden by lepton number, normalised to K+ -> pi+ mu+ mu- (data of 2017).

PLB 797 (2019) 134794 (arXiv:1905.07770); section numbers in the comments are of that paper.
"""

from __future__ import annotations

from dataclasses import replace

from rarekaon.analysis.contract.units import GeV, MeV, ns
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.search import (
    Cut,
    DataDriven,
    Interval,
    Region,
    Search,
    SearchSamples,
    Selection,
    exactly,
)
from rarekaon.analysis.selection.exposure_weight import exposure_of, prescale_of, product
from rarekaon.analysis.selection.identification import muon, pion, vertex_identified_as
from rarekaon.analysis.selection.misidentification import outer_tiles, pions_as_muons, taken_for
from rarekaon.analysis.selection.three_track import (
    TRACK_MOMENTUM,
    TRACK_TIME_SPREAD,
    VERTEX_Z,
    closed_kinematics,
    vertex_mass,
    vertex_requirements,
)
from rarekaon.analysis.selection.variations import detector_systematics

TRIGGERS = ("dimuon",)
IDENTIFICATION = {  # Section 2; the time of the pion's veto is not published: our choice, that of the muons
    "pi": pion(e_over_p_below=0.9, muv3_veto=5 * ns),
    "mu": muon(e_over_p_below=0.2, muv3_window=5 * ns),
}
M_PIMUMU = vertex_mass("m_pimumu", "reconstructed pi mu mu mass", (400, 420, 520))
KINEMATICS = closed_kinematics(momentum_balance=2.5 * GeV)
CUTS = (  # Section 2; neither LKr separation nor photon veto for muons
    *vertex_requirements(
        track_momentum=Interval(5 * GeV, 45 * GeV),
        straw_chambers=(1,),
        lkr_separation=None,
        timing=Cut(TRACK_TIME_SPREAD, Interval(high=15 * ns)),
        downstream=True,
    ),
    *KINEMATICS,
)
SIGNAL_REGION = Interval(490.377 * MeV, 496.977 * MeV)  # 3 x 1.1 MeV around the kaon mass


def selection(name: str, *particles: str, regions: tuple[Region, ...]) -> Selection:
    """Section 2: one selection for the normalisation and the signal; they differ in the charges."""
    return Selection(
        name=name,
        decay=f"K+ -> {' '.join(particles)}",
        candidates=three_track_vertices,
        identify=vertex_identified_as(*particles, by=IDENTIFICATION),
        identified_as=f"identified as {' '.join(particles)}",
        triggers=TRIGGERS,
        cuts=CUTS,
        observable=M_PIMUMU,
        regions=regions,
        histograms=(VERTEX_Z, TRACK_MOMENTUM),
        box=KINEMATICS,
        weight=prescale_of("dimuon"),
    )


NORMALISATION = selection(
    "normalisation", "pi+", "mu+", "mu-",
    regions=(
        Region("lower", Interval(high=484 * MeV)),
        Region("normalisation", Interval(484 * MeV, 504 * MeV)),
    ),
)  # fmt: skip
SIGNAL = selection(
    "signal", "pi-", "mu+", "mu+",
    regions=(
        Region("control", Interval(high=484 * MeV)),
        Region("masked", Interval(484 * MeV, 504 * MeV), masked=True, excluding=SIGNAL_REGION),
        Region("signal", SIGNAL_REGION, masked=True, signal=True),
    ),
)  # fmt: skip


def from_pions(name: str, seen: tuple[str, str, str], misidentified: tuple[int, ...]) -> Selection:
    """Section 3.2: K+ -> pi+ pi+ pi- of the multi-track line, with pions taken for muons."""
    return replace(
        SIGNAL,
        name=name,
        identify=taken_for(seen, ("pi-", "mu+", "mu+"), by=IDENTIFICATION),
        identified_as=f"identified as {' '.join(seen)}",
        triggers=("MT",),
        cuts=(*CUTS, Cut(outer_tiles((1, 2)), exactly(2))),
        regions=tuple(replace(r, masked=False, signal=False) for r in SIGNAL.regions),
        box=(),
        weight=product(pions_as_muons(misidentified), exposure_of(("dimuon",), relative_to=("MT",)), prescale_of("MT")),
    )


BACKGROUNDS = ("k3pi_dimuon", "pi_mumu_sm", "kmu4", "ke4_dimuon", "mu_nu_mumu")
SEARCHES = (
    Search(
        name="pi_mumu",
        title="K+ -> pi- mu+ mu+",
        dataset="2017",
        paper="PLB 797 (2019) 134794",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal="pi_mumu_lnv",
            normalisation="pi_mumu_sm",
            backgrounds=BACKGROUNDS,
            data=("data_2017_dimuon", "data_2017_dimuon_low", "data_2017_multitrack"),
        ),
        controls=(
            from_pions("no_pion_decay", ("pi-", "pi+", "pi+"), (1, 2)),
            from_pions("one_pion_decay", ("pi-", "pi+", "mu+"), (1,)),
        ),
        data_driven=(
            DataDriven("K+ -> pi+ pi+ pi-, no pion decay", (("no_pion_decay", 1.0),)),
            DataDriven("K+ -> pi+ pi+ pi-, one pion decay", (("one_pion_decay", 1.0),)),
        ),
        background_prior="gamma_posterior",
        shape_systematics=detector_systematics("pi_mumu_lnv", *BACKGROUNDS),
    ),
)
