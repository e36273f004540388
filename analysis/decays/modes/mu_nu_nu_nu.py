"""K+ -> mu+ nu nu nu in the Standard Model.

The muon's momentum spectrum of D. Gorbunov and A. Mitrofanov, JHEP 10 (2016) 039 (arXiv:1605.08077); the
neutrinos are distributed uniformly in their rest frame.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.phase_space import Pair

COEFFICIENTS = (0.0, 2.234e-22, 2.043e-22, 8.368e-26, -1.632e-26, 7.338e-29, -9.035e-32)
"""d B / d p (1 / MeV) = sum c_k p^k, p (MeV) the muon's momentum in the kaon frame."""


def spectrum(p: Floats) -> Floats:
    """d B / d p in 1 / MeV."""
    return np.asarray(np.polynomial.polynomial.polyval(p, COEFFICIENTS), dtype=float)


def squared_amplitude(muon: Floats, *_neutrinos: Floats) -> Floats:
    """The spectrum over that of phase space, m_miss^2 p^2 / E: the volume of three massless bodies is linear in s."""
    p2 = (muon[:3] ** 2).sum(axis=0)
    uniform = mass2(KAON - muon) * p2 / np.sqrt(p2 + MASS_MU**2)
    safe = np.maximum(uniform, 1e-6 * MASS_K**3)
    return np.asarray(np.maximum(spectrum(np.sqrt(p2)), 0) * MASS_K**3 / safe)


MU_NU_NU_NU = Mode(
    "K+ -> mu+ nu nu nu",
    79,
    Pair("mu+", Pair("nu", Pair("nu", "nu"))),
    "JHEP 10 (2016) 039",
    squared_amplitude,
)
