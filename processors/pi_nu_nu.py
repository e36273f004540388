"""K+ -> pi+ nu nu, normalised to K+ -> pi+ pi0 (data of 2016-2017).

"The K+ -> pi+ nu nu decay and new physics searches at NA62", presented at Excited QCD 2020; sections in the comments
are of it.  The selections are those of `selection.nothing_but_a_pion`; `NOTES` says what is missing.
"""

from __future__ import annotations

from rarekaon.analysis.corrections.identification_weights import identification_systematic
from rarekaon.analysis.search import Search
from rarekaon.analysis.selection.nothing_but_a_pion import NORMALISATION, NOT_SIMULATED, SIGNAL, TAIL, samples_with
from rarekaon.analysis.selection.variations import detector_systematics

NOTES = {
    "values": (
        "published: momentum, 60 m of decay volume; regions: PLB 791 (2019) 156; box at the collimator: JHEP 11 (2020) "
        "042; every other value is our choice"
    ),
    "identification": "MUV1 and MUV2 are not simulated: more than 2 GeV in the LKr stands for a shower",
    "acceptance": "no nuclear interactions of the pion in the detectors; N_K is the published 'about 2e12'",
    "photons": (
        "segments of tracks are no part of the event format: photons that make a pair in front of the magnet, which "
        "the experiment rejects by straws and hodoscope together, are rejected in the stream"
    ),
    "missing mass": "with the momenta of STRAW and GTK only; the RICH's and the beam's nominal one are not used",
    "background": (
        "pi+ pi0 by the tail of simulated events of the normalisation, as data in the tail are masked; mu+ nu "
        "from weighted events; pi+ pi- e+ nu, pi+ pi+ pi-, pi+ gamma gamma and what comes from upstream are not "
        "simulated for this search and taken from the publication, 2017 times 0.389/0.346 for both years"
    ),
    "pseudo-data": (
        "pi+ pi0 and, as pions uniform in the missing mass, as many events as are published for modes that are "
        "not simulated; one in 20 is kept of the pi+ pi0 peak, which is the box of pi0 -> invisible: that opens first"
    ),
}

SEARCHES = (
    Search(
        name="pi_nu_nu",
        title="K+ -> pi+ nu nu",
        dataset="2016-2017",
        paper="Excited QCD 2020",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=samples_with("pi_nu_nu"),
        background_prior="gamma_posterior",
        shape_systematics=(  # pi+ pi0 is estimated by its tail and the normalisation
            *detector_systematics("pi_nu_nu", "pi_pi0", "mu_nu_as_pion"),
            identification_systematic("pi+- in the calorimeter", "pi_efficiency", "pi_nu_nu", "pi_pi0"),
        ),
        published_backgrounds=NOT_SIMULATED,
        tails=(TAIL,),
        notes=NOTES,
    ),
)
