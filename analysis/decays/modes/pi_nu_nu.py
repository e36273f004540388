"""K+ -> pi+ nu nu: the vector current with the form factor of K_l3, by isospin.

A. J. Buras et al., Rev. Mod. Phys. 80 (2008) 965; F. Mescia and C. Smith, PRD 76 (2007) 034017.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import vector_form_factor
from rarekaon.analysis.decays.modes.semileptonic import lepton_tensor
from rarekaon.analysis.decays.phase_space import Pair


def squared_amplitude(pi: Floats, neutrino: Floats, antineutrino: Floats) -> Floats:
    """f_+^2 times the contraction of (P + p)^mu with the V-A tensor."""
    f = vector_form_factor(mass2(neutrino, antineutrino))
    return np.asarray(f**2 * lepton_tensor(KAON + pi, neutrino, antineutrino) / MASS_K**4)


PI_NU_NU = Mode(
    "K+ -> pi+ nu nu",
    81,
    Pair("pi+", Pair("nu", "nu")),
    "Rev. Mod. Phys. 80 (2008) 965; slopes of K_l3",
    squared_amplitude,
)
