"""K+ -> mu- nu e+ e+, forbidden by lepton number or flavour, normalised to K+ -> pi+ e+ e- (data of 2016-2018).

arXiv:2211.04818; section numbers in the comments are of that paper.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rarekaon.analysis.contract.units import GeV, GeV2, m, mm, ns
from rarekaon.analysis.corrections.identification_weights import identification_systematic
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.search import ZERO, Cut, Interval, Region, Search, SearchSamples, Selection, exactly
from rarekaon.analysis.selection.exposure_weight import exposure_of
from rarekaon.analysis.selection.identification import electron, muon, pion, vertex_identified_as
from rarekaon.analysis.selection.pi_ee_normalisation import TRIGGERS, pi_ee_normalisation
from rarekaon.analysis.selection.three_track import (
    MISSING_MOMENTUM,
    TRACK_MOMENTUM,
    TRACK_TIME_TO_TRIGGER,
    VERTEX_Z,
    extra_cluster_count,
    lav_activity,
    missing_mass_squared,
    tracks_to_trigger,
    vertex_requirements,
)
from rarekaon.analysis.selection.variations import detector_systematics

SIGNAL_TRIGGERS = (*TRIGGERS, "muMT")
IDENTIFICATION = {  # Section 2
    "pi": pion(e_over_p_below=0.85, muv3_veto=3 * ns),
    "mu": muon(e_over_p_below=0.2, muv3_window=5 * ns),
    "e": electron(),
}
IN_TIME = Cut(TRACK_TIME_TO_TRIGGER, Interval(high=2.5 * ns))
PHOTON_VETO = Cut(lav_activity(4 * ns, downstream=True), ZERO)
TRACKS_IN_TIME = tracks_to_trigger("tracks_in_time", Interval(high=2.5 * ns))
MISSING_MASS_SQUARED = missing_mass_squared((600, -0.03, 0.12))


def vertex_cuts(vertex_z: Interval, *, timing: Cut = IN_TIME, charge: int = 1) -> tuple[Cut, ...]:
    """Section 2, common criteria."""
    vertex = vertex_requirements(
        track_momentum=Interval(6 * GeV, 44 * GeV),
        straw_chambers=(1, 2, 3, 4),
        lkr_separation=200 * mm,
        timing=timing,
        vertex_z=vertex_z,
        charge=charge,
    )
    return (*vertex, PHOTON_VETO)


NORMALISATION = pi_ee_normalisation(
    vertex_cuts(Interval(105 * m, 180 * m)),
    by=IDENTIFICATION,
    momentum_balance=2 * GeV,
    weight=exposure_of(SIGNAL_TRIGGERS, relative_to=TRIGGERS),  # Section 3: the flux that muMT adds
)
SIGNAL_VERTEX = Interval(108 * m, 180 * m)  # not in the first 3 m: upstream decays
NEUTRINO = (
    Cut(MISSING_MOMENTUM, Interval(low=10 * GeV)),
    Cut(extra_cluster_count(energy=3 * GeV, distance=150 * mm, window=6 * ns), ZERO),
)
SIGNAL = Selection(
    name="signal",
    decay="K+ -> mu- nu e+ e+",
    candidates=three_track_vertices,
    identify=vertex_identified_as("mu-", "e+", "e+", by=IDENTIFICATION),
    identified_as="identified as mu- e+ e+",
    triggers=SIGNAL_TRIGGERS,
    cuts=(
        *vertex_cuts(SIGNAL_VERTEX),
        *NEUTRINO,
    ),
    observable=MISSING_MASS_SQUARED,
    regions=(
        Region("lower", Interval(high=-0.006 * GeV2)),
        Region("signal", Interval(-0.006 * GeV2, 0.004 * GeV2), masked=True, signal=True),
        Region("upper", Interval(low=0.004 * GeV2)),
    ),
    histograms=(VERTEX_Z, TRACK_MOMENTUM),
    box=(Cut(MISSING_MOMENTUM, Interval(low=10 * GeV)),),
)


def accidental(name: str, **changes: Any) -> Selection:
    """Section 4: control selections of accidental activity, blind to single kaon decays."""
    regions = tuple(replace(r, masked=False, signal=False) for r in SIGNAL.regions)
    return replace(SIGNAL, name=name, regions=regions, box=(), **changes)


LATE = Cut(tracks_to_trigger("tracks_out_of_time", Interval(2.5 * ns, 20 * ns)), exactly(1))
OUT_OF_TIME_TRACKS = accidental(
    "out_of_time_tracks",
    cuts=(*vertex_cuts(SIGNAL_VERTEX, timing=LATE), Cut(TRACKS_IN_TIME, exactly(2)), *NEUTRINO),
)
CHARGE_MINUS1 = accidental(
    "charge_minus1",
    identify=vertex_identified_as("mu-", "e+", "e-", by=IDENTIFICATION),
    identified_as="identified as mu- e+ e-",
    cuts=(*vertex_cuts(SIGNAL_VERTEX, charge=-1), *NEUTRINO),
)

BACKGROUNDS = ("k3pi_muon", "ke4_muon", "k3pi_muon_upstream", "ke4_muon_upstream", "pi0d_e_nu", "e_nu_mumu")
SEARCHES = (
    Search(
        name="mu_nu_ee",
        title="K+ -> mu- nu e+ e+",
        dataset="2016-2018",
        paper="arXiv:2211.04818",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=SearchSamples(
            signal="mu_nu_ee_lnv",
            normalisation="pi_ee_sm",
            backgrounds=BACKGROUNDS,
            data=("data_2016_2018",),
        ),
        controls=(OUT_OF_TIME_TRACKS, CHARGE_MINUS1),
        background_prior="gamma_posterior",
        shape_systematics=(
            *detector_systematics("mu_nu_ee_lnv", "pi_ee_sm", *BACKGROUNDS),
            identification_systematic("e+- in the calorimeter", "e_efficiency", "mu_nu_ee_lnv", "pi_ee_sm"),
            identification_systematic("pi+- in the calorimeter", "pi_efficiency", "pi_ee_sm"),
            identification_systematic("pi+ -> e+ in the calorimeter", "pi_plus_as_e", *BACKGROUNDS[:4]),
        ),
    ),
)
