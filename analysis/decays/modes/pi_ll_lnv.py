"""K+ -> pi- l+ l+: uniform phase space, as the published limits assume (CERN-EP-2022-018, PLB 797 (2019) 134794).

The density is that of the three-body final state: no photons are radiated.  This is how we read the papers, which
do not say; with collinear radiation as in the Standard Model decay the acceptance of pi- e+ e+ would be 15% lower
and its ratio to the normalisation mode 13% below both published ones.
"""

from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import Pair

REFERENCE = "uniform phase space: PLB 797 (2019) 134794 Section 4"

PI_EE_LNV = Mode("K+ -> pi- e+ e+", 11, Pair("pi-", Pair("e+", "e+")), REFERENCE, radiative=False)
PI_MUMU_LNV = Mode("K+ -> pi- mu+ mu+", 12, Pair("pi-", Pair("mu+", "mu+")), REFERENCE, radiative=False)
