"""K+ -> pi+ X with an X that is not seen, in the signal regions of K+ -> pi+ nu nu, whose box and record it shares.

JHEP 03 (2021) 058 (arXiv:2011.11329): masses 0-110 and 154-260 MeV, X that is stable or lives 100 ps or longer.
"""

from __future__ import annotations

from rarekaon.analysis.contract.units import GeV2, MeV, ns, ps
from rarekaon.analysis.search import Search, SimulatedSample, WindowScan
from rarekaon.analysis.selection.nothing_but_a_pion import NORMALISATION, NOT_SIMULATED, SIGNAL, TAIL, samples_with

MASSES = (*range(0, 106, 5), *range(160, 261, 5))
NOTES = {
    "masses": "to 105 and from 160 MeV, not 110 and 154: R1 ends at 100 MeV and R2 begins at 161 MeV here",
    "method": "counts in windows of the squared missing mass, background even over R1 and over R2: our choice",
    "lifetimes": "X decays visibly and is vetoed before the calorimeter; momenta and vertices are those of all masses",
    "mixing": "theta^2 of a dark scalar, by B = theta^2 times that of theta = 1 (arXiv:1909.11670)",
}

SAMPLES = {
    "pi_invisible": SimulatedSample(
        decay="K+ -> pi+ X X",
        stream="lone_pion",
        decays=400000,
        quick=100000,
        seed=172,
        note="signals of every missing mass, by reweighting",
    )
}

SEARCHES = (
    Search(
        name="pi_x",
        title="K+ -> pi+ X",
        dataset="2016-2017",
        paper="JHEP 03 (2021) 058",
        signal=SIGNAL,
        normalisation=NORMALISATION,
        samples=samples_with("pi_invisible"),
        background_prior="gamma_posterior",
        published_backgrounds=NOT_SIMULATED,
        tails=(TAIL,),
        inference=WindowScan(
            masses=tuple(float(m) for m in MASSES),
            shown=(0.0, 50.0, 100.0, 160.0, 200.0, 250.0),
            window=2.0,
            coupling="theta^2",
            pooled=0.012 * GeV2,
            lightest=(60 * MeV, 95 * MeV),  # where the pion's momentum in the kaon's frame differs by 3% at most
            even_background=True,  # few events are left to say otherwise
            lifetimes=(100 * ps, 1 * ns, 10 * ns),
        ),
        notes=NOTES,
        box_of="pi_nu_nu",
    ),
)
