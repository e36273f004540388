"""K+ -> pi- e+ e+ and K+ -> pi- pi0 e+ e+, forbidden by lepton number, normalised to K+ -> pi+ e+ e-.

Data of 2017: PLB 797 (2019) 134794 (arXiv:1905.07770); of 2016-2018: CERN-EP-2022-018, PLB 830 (2022) 137172.
Section numbers in the comments are of the latter; the two analyses are one selection with two sets of values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.units import GeV, MeV, m, mm, mrad, ns
from rarekaon.analysis.corrections.identification_weights import identification_systematic
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.events.photons import PhotonRule
from rarekaon.analysis.search import (
    ZERO,
    Cut,
    DataDriven,
    Interval,
    KnownAcceptance,
    Region,
    Search,
    SearchSamples,
    Selection,
    ShapeSystematic,
    Systematic,
    exactly,
)
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from rarekaon.analysis.selection.neutral_pion import (
    LATE_PHOTONS,
    NEUTRAL_VERTEX,
    NEUTRAL_VERTEX_Z,
    PHOTON_DISTANCE,
    PHOTONS,
    and_pi0,
)
from rarekaon.analysis.selection.pi_ee_normalisation import M_EE, M_PIEE, TRIGGERS, pi_ee_normalisation
from rarekaon.analysis.selection.three_pions import REFERENCES
from rarekaon.analysis.selection.three_track import (
    MISSING_MOMENTUM,
    POSITRON_LIKELIHOOD,
    RICH_ANGLE,
    TRACK_MOMENTUM,
    TRACK_TIME_SPREAD,
    TRACK_TIME_TO_TRIGGER,
    VERTEX_Z,
    closed_kinematics,
    lav_activity,
    vertex_mass,
    vertex_requirements,
)
from rarekaon.analysis.selection.variations import detector_systematics

IDENTIFICATION = {"pi": pion(e_over_p_below=0.85), "e": electron()}  # Section 2: E/p
M_PIPI0EE = vertex_mass("m_pipi0ee", "reconstructed pi pi0 e e mass", (200, 400, 600))


@dataclass(frozen=True)
class Values:
    """What differs between the two analyses."""

    track_momentum: Interval
    """Range of the track momenta."""
    straw_chambers: tuple[int, ...]
    """Chambers in which tracks must be apart."""
    downstream: bool
    """Whether tracks must point at RICH and MUV3, too."""
    timing: Cut
    """The cut on the tracks' times."""
    lav_downstream_only: bool
    """Whether LAV signals upstream of the vertex are no veto."""
    momentum_balance: float
    """Largest difference of total and beam momentum."""
    signal_region: Interval
    """Of the mass of all three tracks."""
    cut_out_of_masked: Interval | None
    """Interval that the masked region leaves out."""
    rich_in_normalisation: bool
    """Whether the RICH identifies positrons of the normalisation, too."""
    positron_likelihood: float
    """Least log L(e+) - log L(pi+) of a positron."""


FULL = Values(
    track_momentum=Interval(6 * GeV, 44 * GeV),
    straw_chambers=(1, 2, 3, 4),
    downstream=False,
    timing=Cut(TRACK_TIME_TO_TRIGGER, Interval(high=2.5 * ns)),
    lav_downstream_only=True,
    momentum_balance=2 * GeV,
    signal_region=Interval(488.6 * MeV, 498.8 * MeV),
    cut_out_of_masked=None,
    rich_in_normalisation=False,
    positron_likelihood=1.4,  # Section 2 gives no value; chosen on Table 1, see datasets/tuning.yaml
)
SIGNAL_2017 = Interval(488.577 * MeV, 498.777 * MeV)  # 3 x 1.7 MeV around the kaon mass
PART = Values(
    track_momentum=Interval(8 * GeV, 45 * GeV),
    straw_chambers=(1,),
    downstream=True,  # "the downstream detectors"; the later paper names STRAW, CHOD and LKr
    timing=Cut(TRACK_TIME_SPREAD, Interval(high=15 * ns)),
    lav_downstream_only=False,
    momentum_balance=2.5 * GeV,
    signal_region=SIGNAL_2017,
    cut_out_of_masked=SIGNAL_2017,
    rich_in_normalisation=True,
    positron_likelihood=0.0,
)


def vertex_cuts(v: Values, charge: int = 1) -> tuple[Cut, ...]:
    """Section 2: vertex, times and photon veto."""
    vertex = vertex_requirements(
        track_momentum=v.track_momentum,
        straw_chambers=v.straw_chambers,
        lkr_separation=200 * mm,
        timing=v.timing,
        downstream=v.downstream,
        charge=charge,
    )
    return (*vertex, Cut(lav_activity(4 * ns, downstream=v.lav_downstream_only), ZERO))


DIELECTRON = ("k3pi", "ke4", "pi_pi0d", "pi_pi0dd", "pi0d_e_nu", "e_nu_ee")


def rich_positrons(v: Values) -> tuple[Cut, ...]:
    """Section 2: identification of e+ and no overlapping rings."""
    return (
        Cut(RICH_ANGLE, Interval(low=4 * mrad)),
        Cut(POSITRON_LIKELIHOOD, Interval(low=v.positron_likelihood)),
    )


def normalisation(v: Values) -> Selection:
    """K+ -> pi+ e+ e-; with the RICH only in the 2017 analysis."""
    return pi_ee_normalisation(
        vertex_cuts(v),
        by=IDENTIFICATION,
        momentum_balance=v.momentum_balance,
        positrons=rich_positrons(v) if v.rich_in_normalisation else (),
    )


def signal(v: Values) -> Selection:
    """K+ -> pi- e+ e+; the masked region includes the signal region, in the 2017 paper it is what is left around it."""
    return Selection(
        name="signal",
        decay="K+ -> pi- e+ e+",
        candidates=three_track_vertices,
        identify=vertex_identified_as("pi-", "e+", "e+", by=IDENTIFICATION),
        identified_as="identified as pi- e+ e+",
        triggers=TRIGGERS,
        cuts=(*vertex_cuts(v), *closed_kinematics(v.momentum_balance), *rich_positrons(v)),
        observable=M_PIEE,
        regions=(
            Region("lower", Interval(high=470 * MeV)),
            Region("upper", Interval(505 * MeV, 600 * MeV)),
            Region("masked", Interval(470 * MeV, 505 * MeV), masked=True, excluding=v.cut_out_of_masked),
            Region("signal", v.signal_region, masked=True, signal=True),
        ),
        histograms=(VERTEX_Z, TRACK_MOMENTUM),
        box=closed_kinematics(v.momentum_balance),
    )


def missing_momentum(v: Values) -> Selection:
    """Section 5: control of the e- -> pi- misidentification, no momentum balance, so no signal."""
    return replace(
        signal(v),
        name="missing_momentum",
        cuts=(*vertex_cuts(v), Cut(MISSING_MOMENTUM, Interval(low=10 * GeV)), *rich_positrons(v)),
        regions=(Region("all", Interval(300 * MeV, 600 * MeV)),),
        box=(),
    )


def normalisation_with_rich(v: Values) -> Selection:
    """Section 4: the control selection with positron identification by the RICH."""
    plain = normalisation(v)
    return replace(plain, name="normalisation_with_rich", cuts=(*plain.cuts, *rich_positrons(v)))


def auxiliary(v: Values) -> Selection:
    """PLB 797 (2019) 134794 Section 2: the normalisation without the RICH, for the misidentified pions."""
    plain = normalisation(v)
    return replace(plain, name="auxiliary", cuts=tuple(c for c in plain.cuts if c not in rich_positrons(v)))


def wrong_charge(v: Values, name: str, *particles: str) -> Selection:
    """Section 5: decays with more than three charged particles, and conversions; any pi e e mass."""
    total = sum(particle(p).charge for p in particles)
    return replace(
        signal(v),
        name=name,
        identify=vertex_identified_as(*particles, by=IDENTIFICATION),
        identified_as=f"identified as {' '.join(particles)}",
        cuts=(*vertex_cuts(v, total), *closed_kinematics(v.momentum_balance), *rich_positrons(v)),
        regions=(Region("all", Interval()),),
        histograms=(M_EE,),
        box=(),
    )


NOTES = {
    "controls": "the pseudo-data hold pairs of opposite sign only above m_ee = 130 MeV and m_piee = 440 MeV: the lower"
    " region of the normalisation, with the RICH or without, begins there, and pi- e- e+ has no light pairs; of"
    " balanced pi- e+ e+ they hold what the RICH agrees with, so no selection of these without the RICH is declared",
    "wrong charges": "conversions of photons to tracks are not simulated",
}


def controls(v: Values) -> tuple[Selection, ...]:
    """The control selections of the two papers."""
    triple = wrong_charge(v, "charge_plus3_pi_plus_e_plus_e_plus", "pi+", "e+", "e+")
    if v.rich_in_normalisation:
        return (missing_momentum(v), auxiliary(v), triple)
    return (
        missing_momentum(v),
        normalisation_with_rich(v),
        triple,
        wrong_charge(v, "charge_minus1_pi_plus_e_minus_e_minus", "pi+", "e-", "e-"),
        wrong_charge(v, "charge_minus1_pi_minus_e_minus_e_plus", "pi-", "e-", "e+"),
        wrong_charge(v, "charge_minus3_pi_minus_e_minus_e_minus", "pi-", "e-", "e-"),
    )


PHOTON = PhotonRule(  # Section 2: photon candidates; Section 6: the sidebands of their time
    energy=2 * GeV,
    distance=150 * mm,
    in_time=Interval(high=5 * ns),
    sideband=Interval(5 * ns, 30 * ns),
)
CONTROL_MASS, SIGNAL_MASS = Interval(400 * MeV, 600 * MeV), Interval(484 * MeV, 504 * MeV)


def signal_with_pi0(v: Values, name: str = "signal", *, out_of_time: int = 0) -> Selection:
    """K+ -> pi- pi0 e+ e+; with photons out of time a control selection of pileup (Section 6), with nothing masked."""
    late = (Cut(LATE_PHOTONS, exactly(out_of_time)),) if out_of_time else ()
    photons = (Cut(PHOTONS, exactly(2 - out_of_time)), *late, Cut(PHOTON_DISTANCE, Interval(low=150 * mm)))
    closed = closed_kinematics(3 * GeV)
    masked = not out_of_time
    return Selection(
        name=name,
        decay="K+ -> pi- pi0 e+ e+",
        candidates=three_track_vertices,
        identify=and_pi0(vertex_identified_as("pi-", "e+", "e+", by=IDENTIFICATION), PHOTON, out_of_time=out_of_time),
        identified_as="identified as pi- e+ e+",
        triggers=TRIGGERS,
        cuts=(*vertex_cuts(v), *photons, Cut(NEUTRAL_VERTEX, Interval(high=8 * m)), *closed),
        observable=M_PIPI0EE,
        regions=(
            Region("control", CONTROL_MASS, excluding=SIGNAL_MASS),
            Region("signal", SIGNAL_MASS, masked=masked, signal=masked),
        ),
        histograms=(VERTEX_Z, NEUTRAL_VERTEX_Z, TRACK_MOMENTUM),
        box=closed if masked else (),
    )


# Section 6: the sidebands are five times wider than the window; what is out of time twice is counted in both.
PILEUP = DataDriven(
    "pileup", (("one_photon_out_of_time", 1 / 5), ("two_photons_out_of_time", -1 / 25)), over=CONTROL_MASS
)


def identified(signal: str) -> tuple[ShapeSystematic, ...]:
    """Probabilities to identify the tracks of the signal and of the normalisation, which differ in an electron."""
    return (
        identification_systematic("e+- in the calorimeter", "e_efficiency", signal, "pi_ee_sm"),
        identification_systematic("e+ in the RICH", "e_efficiency_rich", signal, "pi_ee_sm"),
        identification_systematic("pi+- in the calorimeter", "pi_efficiency", signal, "pi_ee_sm"),
    )


MISIDENTIFIED_PIONS = (
    identification_systematic("pi+ -> e+ in the calorimeter", "pi_plus_as_e", "k3pi", "ke4"),
    identification_systematic("pi+ -> e+ in the RICH", "pi_plus_as_e_rich", "k3pi", "ke4"),
)


def search(
    dataset: str,
    v: Values,
    *,
    paper: str,
    data: tuple[str, ...],
    misidentification: float,
    references: tuple[KnownAcceptance, ...] = (),
) -> Search:
    return Search(
        name="pi_ee",
        title="K+ -> pi- e+ e+",
        dataset=dataset,
        paper=paper,
        signal=signal(v),
        normalisation=normalisation(v),
        controls=controls(v),
        samples=SearchSamples(
            signal="pi_ee_lnv",
            normalisation="pi_ee_sm",
            backgrounds=DIELECTRON,
            data=data,
        ),
        background_prior="truncated_gaussian",
        systematics=(Systematic("e- -> pi- misidentification", misidentification, ("pi0d_e_nu", "e_nu_ee")),),
        shape_systematics=(
            *detector_systematics("pi_ee_lnv", "pi_ee_sm", *DIELECTRON),
            *identified("pi_ee_lnv"),
            *MISIDENTIFIED_PIONS,
        ),
        notes=NOTES,
        references=references,
    )


WITH_PHOTONS = ("pi_pi0_pi0d", "pi_pi0d_gamma", "pi0d_e_nu_gamma", "pi_pi0_ee_sm")
WITH_PI0 = Search(
    name="pi_pi0_ee",
    title="K+ -> pi- pi0 e+ e+",
    dataset="2016-2018",
    paper="CERN-EP-2022-018",
    signal=signal_with_pi0(FULL),
    normalisation=normalisation(FULL),
    controls=(
        signal_with_pi0(FULL, "one_photon_out_of_time", out_of_time=1),
        signal_with_pi0(FULL, "two_photons_out_of_time", out_of_time=2),
    ),
    samples=SearchSamples(
        signal="pi_pi0_ee_lnv",
        normalisation="pi_ee_sm",
        backgrounds=WITH_PHOTONS,
        data=("data_2016_2018",),
        normalisation_backgrounds=DIELECTRON,
    ),
    shape_systematics=(
        *detector_systematics("pi_pi0_ee_lnv", "pi_ee_sm", *WITH_PHOTONS),
        *identified("pi_pi0_ee_lnv"),
        identification_systematic("e- -> pi- in the calorimeter", "e_as_pi", *WITH_PHOTONS),
    ),
    data_driven=(PILEUP,),
    background_prior="gamma_posterior",
    signal_branching_fraction=0.98823,  # Section 6: pi0 -> gamma gamma
)

SEARCHES = (
    search(
        "2016-2018",
        FULL,
        paper="CERN-EP-2022-018",
        data=("data_2016_2018",),
        misidentification=0.20,
        references=REFERENCES,
    ),
    search("2017", PART, paper="PLB 797 (2019) 134794", data=("data_2016_2018",), misidentification=0.15),
    search("2022", FULL, paper="none: blind pseudo-data", data=("data_2022",), misidentification=0.20),
    WITH_PI0,
)
