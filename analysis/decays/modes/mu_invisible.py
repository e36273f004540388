"""K+ -> mu+ and anything invisible, uniform in the invisible mass: not a decay of nature but the response to all.

In the kaon's frame the muon of K+ -> mu+ and invisible particles is isotropic (the kaon has no spin) and its
momentum is fixed by the invisible mass.  Whatever the selection does to such an event therefore depends on that mass
alone, and a sample that is uniform in it gives acceptance and resolution of every such decay by reweighting.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.phase_space import Pair

HIGHEST = MASS_K - MASS_MU
"""Masses are uniform from 0 to this (MeV)."""


def squared_amplitude(muon: Floats, *_invisible: Floats) -> Floats:
    """The inverse of the phase space, p m dm."""
    momentum = np.sqrt((muon[:3] ** 2).sum(axis=0))
    mass = np.sqrt(np.maximum(mass2(KAON - muon), 0.0))
    return np.asarray(MASS_K**2 / np.maximum(momentum * mass, 1e-9 * MASS_K**2))


MU_INVISIBLE = Mode(
    "K+ -> mu+ nu nu", 90, Pair("mu+", Pair("nu", "nu")), "uniform in the invisible mass", squared_amplitude
)
